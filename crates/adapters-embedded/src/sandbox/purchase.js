// The front page's purchase: what the customer app and the seller app would do, side by side. Everything shown is read from the API again
// after each click and every two seconds; the page remembers only who is logged in and which code the seller shows.
"use strict";

const API = "/api/v1";
const place = document.getElementById("purchase");
const people = { customer: {}, seller: {} };
/** Pickup codes on the seller's screen, by payment. */
const codes = new Map();
const openMails = new Set();
let shown = {};
let clockAhead = 0;
let rendered = "";

// --- asking

/** Asks as one of the two, or as nobody; gives the JSON. A refusal is thrown with its sentence. */
async function ask(role, method, path, body) {
  const headers = { accept: "application/json" };
  if (body) headers["content-type"] = "application/json";
  if (role) headers.authorization = `Bearer ${await token(role)}`;
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "omit" });
  const said = answer.status === 204 ? null : await answer.json();
  if (answer.ok) return said;
  // The clock was moved beyond the session's end.
  if (role && answer.status === 401) people[role].token = undefined;
  throw Object.assign(new Error(said.detail ?? said.error ?? answer.status), { code: said.code });
}

async function token(role) {
  const person = people[role];
  if (!person.token) {
    person.login ??= ask(null, "POST", "/sandbox/login", { role }).finally(() => { person.login = undefined; });
    Object.assign(person, await person.login);
  }
  return person.token;
}

async function read() {
  const store = await ask("seller", "GET", `${API}/seller/store`);
  const [goods, bought, sold, held, mails, clock] = await Promise.all([
    ask("customer", "GET", `${API}/customer/search/stores/${store.store_id}/products`),
    ask("customer", "GET", `${API}/customer/orders/today`),
    ask("seller", "GET", `${API}/seller/store/orders/today`),
    ask(null, "GET", "/sandbox/portone/checkout"),
    ask(null, "GET", "/sandbox/mail?limit=50"),
    ask(null, "GET", "/sandbox/clock"),
  ]);
  clockAhead = new Date(clock.now) - Date.now();
  const emails = [people.customer.email, people.seller.email];
  const newest = (orders) => orders.sort((a, b) => b.reservation_at.localeCompare(a.reservation_at));
  shown = {
    store,
    products: goods.products,
    holds: held.holds.filter((hold) => hold.customer === people.customer.email),
    bought: newest(bought.orders).filter((order) => order.store_id === store.store_id),
    sold: newest(sold.orders),
    mails: mails.filter((mail) => emails.includes(mail.to)),
  };
}

/** Reads everything and shows it. */
async function refresh() {
  try {
    await read();
    people.page = undefined;
  } catch (error) {
    people.page = error.code === "store_not_found"
      ? "There is no demo store on this database: ./run makes the demo where PostgreSQL is its own child."
      : `The server does not answer as it should: ${error.message}`;
  }
  render();
}

/** What a button does: says what went wrong at this person's side, and shows what is so now. */
function action(role, work) {
  return async (event) => {
    event.currentTarget.disabled = true;
    people[role].problem = undefined;
    try {
      await work();
    } catch (error) {
      // The API's refusals have a code and a Korean sentence.
      people[role].problem = { text: error.message, lang: error.code && "ko" };
    }
    rendered = "";
    await refresh();
  };
}

// --- the two apps

const hold = (product, quantity) => action("customer", async () => {
  const { payment_id } = await ask("customer", "POST", `${API}/customer/payment/init`, { product_id: product.product_id, quantity });
  pay(payment_id);
});

const release = (id) => action("customer", () => ask("customer", "DELETE", `${API}/customer/payment/init/${id}`));

const confirm = (id) => action("customer", () => ask("customer", "POST", `${API}/customer/payment/confirm`, { payment_id: id }));

const scan = (id) => action("customer", async () => {
  await ask("customer", "PATCH", `${API}/customer/orders/${id}/complete`, { qr_data: codes.get(id).text });
  codes.delete(id);
});

const showCode = (id) => action("seller", async () => {
  const code = await ask("seller", "GET", `${API}/seller/store/orders/${id}/qr`);
  codes.set(id, { text: code.qr_data, until: new Date(code.created_at).getTime() + 30_000 });
});

const accept = (id) => action("seller", () => ask("seller", "PATCH", `${API}/seller/store/orders/${id}/accept`));

const cancel = (role, id) => action(role, () => ask(role, "DELETE", `${API}/${role === "seller" ? "seller/store" : role}/orders/${id}/cancel`));

const addStock = (id) => action("seller", () => ask("seller", "PATCH", `${API}/seller/store/products/${id}/stock/up`));

/** PortOne's window; when the payment ended there, the app confirms it, or lets the hold go. */
function pay(id) {
  const frame = el("iframe", { src: `/sandbox/portone/checkout?paymentId=${id}`, title: "Payment window" });
  const close = el("button", { class: "quiet", onclick: () => dialog.close() }, "Close the window");
  const dialog = el("dialog", { "aria-label": "Payment window", onclose: () => dialog.remove() }, frame, close);
  frame.onload = () => {
    const status = frame.contentDocument?.getElementById("ended")?.dataset.status;
    if (!status) return;
    dialog.close();
    if (status === "PAID") confirm(id)({ currentTarget: close });
    else if (status === "FAILED") release(id)({ currentTarget: close });
    else refresh();
  };
  document.body.append(dialog);
  dialog.showModal();
}

/** Moves the clock to the middle of the next opening. */
const openStore = action("seller", async () => {
  const now = new Date(Date.now() + clockAhead);
  for (let days = 0; days < 9; days++) {
    const date = kst.date.format(new Date(now.getTime() + days * 86_400_000));
    const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
    const hours = shown.store.operation_times.find((row) => row.day_of_week === weekday && row.is_open_enabled);
    if (!hours) continue;
    const at = (time) => new Date(`${date}T${time}+09:00`).getTime();
    const middle = new Date((at(hours.open_time) + Math.min(at(hours.close_time), at(hours.pickup_end_time))) / 2);
    if (middle > now) return ask(null, "PUT", "/sandbox/clock", { now: middle.toISOString() });
  }
  throw new Error("This store has no opening hours.");
});

// --- showing

/** An element: attributes (functions are handlers), then children; what is false is left out. */
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element[name] = value;
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

const format = (options) => new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Seoul", hourCycle: "h23", ...options });
const kst = {
  date: format({ year: "numeric", month: "2-digit", day: "2-digit" }),
  time: format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  minute: format({ hour: "2-digit", minute: "2-digit" }),
};
const won = (amount) => `${amount.toLocaleString("ko-KR")}원`;
const ko = (text) => el("span", { lang: "ko" }, text);
const button = (key, text, onclick, attributes) => el("button", { type: "button", "data-key": key, onclick, ...attributes }, text);
/** What a piece costs, as both apps compute it: to the nearest 100 won. */
const unitPrice = ({ price, sale }) => Math.floor((price * (100 - sale) + 5_000) / 10_000) * 100;

const STATUS = { reservation: ["waits for the store", "now"], accept: ["accepted", "now"], complete: ["collected", "good"], cancel: ["canceled", "bad"] };
const STEPS = ["Choose", "Pay", "Accept", "Show the code", "Collect", "Done"];

/** Where the latest purchase is. */
function step() {
  if (shown.holds.length) return 1;
  const latest = shown.bought[0];
  if (!latest || latest.status === "cancel") return 0;
  if (latest.status === "reservation") return 2;
  if (latest.status === "complete") return 5;
  return codes.has(latest.payment_id) ? 4 : 3;
}

function problem(role) {
  const { problem } = people[role];
  return problem && el("p", { class: "note bad", role: "alert", lang: problem.lang }, problem.text);
}

function card(order, ...more) {
  const [words, kind] = STATUS[order.status];
  return el("article", { class: "card" },
    el("div", { class: "row" }, el("h3", { lang: "ko" }, `${order.product_name} × ${order.quantity}`), el("b", null, won(order.total_amount))),
    el("p", null, el("span", { class: `tag ${kind}` }, words), el("small", null, ` ordered ${kst.minute.format(new Date(order.reservation_at))} KST`)),
    ...more);
}

function customerSide() {
  const { store, products, holds, bought } = shown;
  const id = (order) => order.payment_id;
  return el("section", { "aria-label": "Customer" },
    el("h2", null, "Customer"),
    el("p", null, el("small", null, people.customer.email)),
    problem("customer"),
    holds.map((held) => el("article", { class: "card" },
      el("div", { class: "row" }, el("h3", { lang: "ko" }, held.orderName), el("b", null, won(held.totalAmount))),
      el("p", null, el("span", { class: "tag now" }, "held"), el("small", null, ` until ${kst.time.format(new Date(held.expiresAt))} KST`)),
      button(`pay ${held.paymentId}`, "Pay", () => pay(held.paymentId)),
      button(`release ${held.paymentId}`, "Let it go", release(held.paymentId), { class: "quiet" }))),
    bought.map((order) => card(order,
      el("p", null, el("small", null, `pickup ${order.pickup_start_time}–${order.pickup_end_time} KST`)),
      order.status === "reservation" && button(`cancel ${id(order)}`, "Cancel the order", cancel("customer", id(order)), { class: "quiet" }),
      order.status === "accept" && button(`scan ${id(order)}`, codes.has(id(order)) ? "Scan the code: collect" : "Scan: the store shows no code yet",
        scan(id(order)), { disabled: !codes.has(id(order)) }))),
    el("h2", null, "For sale at ", ko(store.store_name)),
    products.map((product) => el("article", { class: "card" },
      el("div", { class: "row" }, el("h3", { lang: "ko" }, product.product_name),
        el("span", null, product.sale > 0 && el("s", null, el("small", null, won(product.price))), " ", el("b", null, won(unitPrice(product))))),
      el("p", null, ko(product.description), el("small", null, ` · ${product.current_stock} left`)),
      [1, 2].map((pieces) => button(`hold ${pieces} ${product.product_id}`, `Buy ${pieces}`, hold(product, pieces),
        { disabled: product.current_stock < pieces, class: pieces > 1 && "quiet" })))));
}

function sellerSide() {
  const { store, sold } = shown;
  const open = store.operation_times.some((row) => row.is_currently_open);
  return el("section", { "aria-label": "Seller" },
    el("h2", null, "Seller"),
    el("p", null, el("small", null, people.seller.email), " ", el("span", { class: `tag ${open ? "good" : "bad"}` }, open ? "open" : "closed")),
    problem("seller"),
    !open && el("p", { class: "note" }, "The store is closed at this time. ", button("open", "Move the clock to its opening hours", openStore)),
    sold.length === 0 && el("p", null, "No order today."),
    sold.map((order) => {
      const code = codes.get(order.payment_id);
      return card(order,
        el("p", null, el("small", null, "for ", ko(order.customer_nickname))),
        code && el("img", { class: "code", alt: "QR code", src: `/sandbox/qr.svg?text=${encodeURIComponent(code.text)}` }),
        code && el("p", null, el("small", null, `The code is good until ${kst.time.format(new Date(code.until))} KST.`)),
        order.status === "reservation" && button(`accept ${order.payment_id}`, "Accept", accept(order.payment_id)),
        order.status === "accept" && button(`code ${order.payment_id}`, code ? "Show a new code" : "Show the QR code", showCode(order.payment_id),
          { class: code && "quiet" }),
        ["reservation", "accept"].includes(order.status)
          && button(`refuse ${order.payment_id}`, "Cancel it", cancel("seller", order.payment_id), { class: "quiet" }));
    }),
    el("h2", null, "Stock"),
    el("ul", { class: "list" }, store.products.map((product) => el("li", { class: "row" }, ko(product.product_name),
      el("span", null, `${product.current_stock} left `, button(`stock ${product.product_id}`, "+1", addStock(product.product_id), { class: "quiet" }))))));
}

function mailBox() {
  const item = (mail) => el("details", {
    class: "card", open: openMails.has(mail.html_url),
    ontoggle: (event) => (event.target.open ? openMails.add(mail.html_url) : openMails.delete(mail.html_url)),
  },
  el("summary", null, el("b", { lang: "ko" }, mail.subject), el("br"), el("small", null, `to ${mail.to} · ${kst.time.format(new Date(mail.sent_at))} KST`)),
  el("iframe", { sandbox: "allow-popups allow-popups-to-escape-sandbox", loading: "lazy", title: mail.subject, src: mail.html_url }));
  return el("section", { "aria-label": "Mails" }, el("h2", null, "Mails to the two"),
    shown.mails.length === 0 && el("p", null, "None yet."), shown.mails.slice(0, 6).map(item),
    shown.mails.length > 6 && el("p", null, el("a", { href: "/sandbox/mail" }, "All mails")));
}

/** Builds the page anew where something has changed. */
function render() {
  const now = Date.now() + clockAhead;
  for (const [id, code] of codes) if (code.until < now) codes.delete(id);
  const state = JSON.stringify([shown, people, [...codes]]);
  if (state === rendered) return;
  rendered = state;
  if (people.page) {
    place.replaceChildren(el("p", { class: "note bad", role: "alert" }, people.page));
    return;
  }
  const focused = document.activeElement?.dataset?.key;
  const current = step();
  place.replaceChildren(
    el("p", null, el("time", { id: "clock" }), " ", el("a", { href: "/sandbox/clock" }, "Move the clock")),
    el("ol", { class: "steps" }, STEPS.map((text, i) => el("li", { "aria-current": i === current && "step" }, text))),
    el("div", { class: "columns" }, customerSide(), sellerSide()),
    mailBox());
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  tick();
}

function tick() {
  const clock = document.getElementById("clock");
  const now = new Date(Date.now() + clockAhead);
  if (clock) clock.textContent = `${kst.date.format(now)} ${kst.time.format(now)} KST`;
}

place.replaceChildren(el("p", null, "Logging in as the demo’s customer and the demo’s seller …"));
refresh();
setInterval(tick, 1_000);
setInterval(() => { if (!document.hidden && !document.querySelector("dialog")) refresh(); }, 2_000);
