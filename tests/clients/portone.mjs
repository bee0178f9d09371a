// PortOne's SDK for JavaScript against the sandbox.
import { createServer } from "node:http";
import * as sdk from "@portone/server-sdk";
import { assert, base, check } from "./check.mjs";

const { PortOneClient, Webhook, PortOneError } = sdk;
const { version } = JSON.parse(await (await import("node:fs/promises")).readFile("node_modules/@portone/server-sdk/package.json"));
const library = `@portone/server-sdk ${version}`;
const storeId = "store-js";
// The SDK drops the path: both come to the same place.
const client = PortOneClient({ secret: "secret", baseUrl: `${base}/sandbox/portone`, storeId });
const wrong = PortOneClient({ secret: "invalid", baseUrl: base, storeId });

let n = 0;
const fresh = () => `js${process.pid}n${++n}`;

async function send(method, path, body) {
  const answer = await fetch(`${base}/sandbox/portone${path}`, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

/** The customer in the payment window. */
const pay = (paymentId, totalAmount, status = "PAID") =>
  send("POST", "/checkout", { paymentId, storeId, channelKey: "channel-key", orderName: "새봄 도시락", totalAmount, status });

/** The error's class and type. */
async function refused(call, type) {
  const error = await call.then(() => assert.fail(`${type} was expected`), (error) => error);
  assert.ok(error instanceof PortOneError, String(error));
  assert.equal(error.data?.type, type);
}

await check(library, "getPayment in every status", async () => {
  for (const status of ["READY", "FAILED", "PAY_PENDING", "VIRTUAL_ACCOUNT_ISSUED", "PAID"]) {
    const paymentId = fresh();
    await pay(paymentId, 9000, status);
    const payment = await client.payment.getPayment({ paymentId });
    assert.equal(payment.status, status);
    assert.ok(!sdk.Payment.isUnrecognizedPayment(payment));
    assert.equal(payment.amount.total, 9000);
    assert.equal(payment.orderName, "새봄 도시락");
    assert.equal(payment.channel.type, "TEST");
  }
});

await check(library, "getPayment: PAYMENT_NOT_FOUND, UNAUTHORIZED; an id with what has to be encoded", async () => {
  for (const paymentId of ["none", "a/b", "한글 ?&"]) await refused(client.payment.getPayment({ paymentId }), "PAYMENT_NOT_FOUND");
  await refused(wrong.payment.getPayment({ paymentId: "none" }), "UNAUTHORIZED");
});

await check(library, "preRegisterPayment: the window opens for that amount; ALREADY_PAID", async () => {
  const paymentId = fresh();
  assert.deepEqual(await client.payment.preRegisterPayment({ paymentId, totalAmount: 9000, currency: "KRW" }), {});
  assert.equal((await client.payment.getPayment({ paymentId })).status, "READY");
  await assert.rejects(pay(paymentId, 100));
  await pay(paymentId, 9000);
  await refused(client.payment.preRegisterPayment({ paymentId, totalAmount: 9000 }), "ALREADY_PAID");
  await refused(wrong.payment.preRegisterPayment({ paymentId }), "UNAUTHORIZED");
});

await check(library, "cancelPayment: in part, whole, and its refusals", async () => {
  const paymentId = fresh();
  await refused(client.payment.cancelPayment({ paymentId, reason: "r" }), "PAYMENT_NOT_FOUND");
  await pay(paymentId, 9000, "FAILED");
  await refused(client.payment.cancelPayment({ paymentId, reason: "r" }), "PAYMENT_NOT_PAID");
  await pay(paymentId, 9000);
  const { cancellation } = await client.payment.cancelPayment({ paymentId, reason: "손님 요청", amount: 1000, currentCancellableAmount: 9000, requester: "CUSTOMER" });
  assert.equal(cancellation.status, "SUCCEEDED");
  assert.equal(cancellation.totalAmount, 1000);
  assert.ok(!sdk.Payment.isUnrecognizedPaymentCancellation(cancellation));
  const partly = await client.payment.getPayment({ paymentId });
  assert.equal(partly.status, "PARTIAL_CANCELLED");
  assert.equal(partly.cancellations[0].reason, "손님 요청");
  await refused(client.payment.cancelPayment({ paymentId, reason: "r", currentCancellableAmount: 9000 }), "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN");
  await refused(client.payment.cancelPayment({ paymentId, reason: "r", amount: 9000 }), "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT");
  await client.payment.cancelPayment({ paymentId, reason: "r", skipWebhook: true });
  assert.equal((await client.payment.getPayment({ paymentId })).status, "CANCELLED");
  await refused(client.payment.cancelPayment({ paymentId, reason: "r" }), "PAYMENT_ALREADY_CANCELLED");
});

await check(library, "cancelPayment that the provider decides later, and stopPaymentCancellation", async () => {
  const paymentId = fresh();
  await pay(paymentId, 9000);
  await send("PUT", "/faults", { next: [{ on: "cancel", do: "requested_200", times: 1 }] });
  const { cancellation } = await client.payment.cancelPayment({ paymentId, reason: "r" });
  assert.equal(cancellation.status, "REQUESTED");
  const stop = () => client.payment.stopPaymentCancellation({ paymentId, cancellationId: cancellation.id });
  assert.ok((await stop()).stoppedAt);
  await refused(stop(), "PAYMENT_CANCELLATION_NOT_PENDING");
});

await check(library, "getPayments: pages and filters", async () => {
  const ids = [];
  for (const status of ["PAID", "PAY_PENDING", "PAID", "FAILED", "PAID"]) {
    ids.push(fresh());
    await pay(ids.at(-1), 5000, status);
  }
  const filter = { storeId, sortBy: "REQUESTED_AT", sortOrder: "DESC" };
  const first = await client.payment.getPayments({ page: { number: 0, size: 2 }, filter });
  const second = await client.payment.getPayments({ page: { number: 1, size: 2 }, filter });
  assert.deepEqual([...first.items, ...second.items].map(({ id }) => id), ids.toReversed().slice(0, 4));
  assert.equal(first.page.size, 2);
  assert.ok(first.page.totalCount >= 5);
  const pending = await client.payment.getPayments({ filter: { storeId, status: ["PENDING"] } });
  assert.ok(pending.items.length > 0 && pending.items.every(({ status }) => status === "PAY_PENDING"));
  assert.ok((await client.payment.getPayments()).items.length > 0);
  const old = await client.payment.getPayments({ filter: { storeId, until: "2020-01-01T00:00:00Z" } });
  assert.deepEqual(old, { items: [], page: { number: 0, size: 10, totalCount: 0 } });
  await refused(client.payment.getPayments({ page: { number: 60000, size: 10 } }), "INVALID_REQUEST");
});

await check(library, "getAllPaymentsByCursor: to the end", async () => {
  const seen = new Set();
  for (let cursor; ; ) {
    const { items } = await client.payment.getAllPaymentsByCursor({ cursor, size: 3 });
    for (const { payment } of items) seen.add(payment.id);
    if (items.length === 0) break;
    cursor = items.at(-1).cursor;
  }
  assert.ok(seen.size >= 10, String(seen.size));
});

await check(library, "getAllPaymentEventsByCursor: paid, cancelled", async () => {
  const { items } = await client.payment.getAllPaymentEventsByCursor({ size: 1000 });
  const types = new Set(items.map(({ paymentEvent }) => paymentEvent.type));
  for (const type of ["PAID", "PARTIAL_CANCELLED", "CANCELLED"]) assert.ok(types.has(type), type);
  assert.ok(items.every(({ paymentEvent }) => !sdk.Payment.isUnrecognizedPaymentEvent(paymentEvent)));
});

await check(library, "getPaymentTransactions: each attempt", async () => {
  const paymentId = fresh();
  await refused(client.payment.getPaymentTransactions({ paymentId }), "PAYMENT_NOT_FOUND");
  for (const status of ["FAILED", "PAID"]) await pay(paymentId, 9000, status);
  const { items } = await client.payment.getPaymentTransactions({ paymentId });
  assert.deepEqual(items.map(({ status }) => status), ["FAILED", "PAID"]);
  assert.ok(items.every((item) => item.paymentId === paymentId && !sdk.Payment.isUnrecognizedPaymentTransaction(item)));
  assert.equal(items[1].id, (await client.payment.getPayment({ paymentId })).transactionId);
});

await check(library, "closeVirtualAccount; PAYMENT_NOT_WAITING_FOR_DEPOSIT", async () => {
  const paymentId = fresh();
  await pay(paymentId, 9000, "VIRTUAL_ACCOUNT_ISSUED");
  assert.ok((await client.payment.closeVirtualAccount({ paymentId })).closedAt);
  assert.equal((await client.payment.getPayment({ paymentId })).status, "CANCELLED");
  await refused(client.payment.closeVirtualAccount({ paymentId }), "PAYMENT_NOT_WAITING_FOR_DEPOSIT");
});

await check(library, "loginViaApiSecret, refreshToken", async () => {
  const { refreshToken } = await client.auth.loginViaApiSecret({ apiSecret: "secret" });
  assert.ok((await client.auth.refreshToken({ refreshToken })).accessToken);
  await refused(client.auth.loginViaApiSecret({ apiSecret: "invalid" }), "UNAUTHORIZED");
});

await check(library, "webhooks verify, and resendWebhook", async () => {
  const secret = "whsec_" + Buffer.from("a secret of twenty-four.").toString("base64");
  const received = [];
  let wake = () => {};
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk) => (body += chunk)).on("end", () => {
      received.push({ body, headers: request.headers });
      response.writeHead(200).end();
      wake();
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const next = async () => {
    while (received.length === 0) await new Promise((done) => (wake = done));
    const { body, headers } = received.shift();
    const webhook = await Webhook.verify(secret, body, headers);
    assert.ok(!Webhook.isUnrecognizedWebhook(webhook), body);
    await assert.rejects(Webhook.verify(secret, `${body} `, headers), { reason: "NO_MATCHING_SIGNATURE" });
    return webhook;
  };
  try {
    await send("PUT", "/webhooks", { storeId, url: `http://127.0.0.1:${server.address().port}/`, secret });
    const paymentId = fresh();
    for (const [status, type] of [["READY", "Ready"], ["FAILED", "Failed"], ["PAY_PENDING", "PayPending"], ["VIRTUAL_ACCOUNT_ISSUED", "VirtualAccountIssued"], ["PAID", "Paid"]]) {
      await pay(paymentId, 9000, status);
      const webhook = await next();
      assert.equal(webhook.type, `Transaction.${type}`);
      assert.equal(webhook.data.paymentId, paymentId);
    }
    await client.payment.cancelPayment({ paymentId, reason: "r", amount: 1000 });
    const partly = await next();
    assert.equal(partly.type, "Transaction.PartialCancelled");
    await client.payment.cancelPayment({ paymentId, reason: "r" });
    const whole = await next();
    assert.equal(whole.type, "Transaction.Cancelled");
    assert.equal((await client.payment.getPayment({ paymentId })).cancellations.at(-1).id, whole.data.cancellationId);
    const { webhook } = await client.payment.resendWebhook({ paymentId });
    assert.equal(webhook.status, "SUCCEEDED");
    assert.equal((await next()).type, "Transaction.Cancelled");
    await refused(client.payment.resendWebhook({ paymentId: "none" }), "PAYMENT_NOT_FOUND");
  } finally {
    server.close();
  }
});
