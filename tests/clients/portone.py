"""PortOne's SDK for Python against the sandbox."""

import asyncio
import base64
import http.server
import json
import os
import queue
import threading
import urllib.request
from importlib.metadata import version

import portone_server_sdk as portone
from portone_server_sdk import errors
from portone_server_sdk import payment as model
from portone_server_sdk.common import PageInput

BASE = os.environ["SANDBOX"]
LIBRARY = f"portone-server-sdk {version('portone-server-sdk')}"
STORE = "store-py"

client = portone.PaymentClient(secret="secret", base_url=f"{BASE}/sandbox/portone", store_id=STORE)
at_root = portone.PaymentClient(secret="secret", base_url=BASE, store_id=STORE)
wrong = portone.PaymentClient(secret="invalid", base_url=BASE, store_id=STORE)
count = 0


def fresh():
    global count
    count += 1
    return f"py{os.getpid()}n{count}"


def send(method, path, body):
    request = urllib.request.Request(f"{BASE}/sandbox/portone{path}", json.dumps(body).encode(), {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def pay(payment_id, total, status="PAID"):
    """The customer in the payment window."""
    return send("POST", "/checkout", {
        "paymentId": payment_id, "storeId": STORE, "channelKey": "channel-key", "orderName": "새봄 도시락", "totalAmount": total, "status": status,
    })


def refused(call, kind):
    try:
        answer = call()
    except kind as error:
        assert isinstance(error, portone.errors.PortOneError), error
        return
    raise AssertionError(f"{kind.__name__} was expected, not {answer}")


def check(what):
    """Runs a check and says so. The first that fails ends the script."""
    def run(function):
        try:
            function()
        except BaseException:
            print(f"NOT OK  {LIBRARY}: {what}", flush=True)
            raise
        print(f"ok      {LIBRARY}: {what}", flush=True)
    return run


@check("get_payment in every status, by either base URL")
def _():
    for status, kind in {
        "READY": model.ReadyPayment, "FAILED": model.FailedPayment, "PAY_PENDING": model.PayPendingPayment,
        "VIRTUAL_ACCOUNT_ISSUED": model.VirtualAccountIssuedPayment, "PAID": model.PaidPayment,
    }.items():
        payment_id = fresh()
        pay(payment_id, 9000, status)
        for one in (client, at_root):
            payment = one.get_payment(payment_id=payment_id)
            assert isinstance(payment, kind), payment
            assert (payment.amount.total, payment.order_name, payment.channel.type) == (9000, "새봄 도시락", "TEST")
    assert asyncio.run(client.get_payment_async(payment_id=payment_id)) == payment


@check("get_payment: PaymentNotFoundError, UnauthorizedError; an id with what has to be encoded")
def _():
    for payment_id in ("none", "a/b", "한글 ?&"):
        refused(lambda: client.get_payment(payment_id=payment_id), errors.PaymentNotFoundError)
    refused(lambda: wrong.get_payment(payment_id="none"), errors.UnauthorizedError)


@check("pre_register_payment: the window opens for that amount; AlreadyPaidError")
def _():
    payment_id = fresh()
    client.pre_register_payment(payment_id=payment_id, total_amount=9000, currency="KRW")
    assert isinstance(client.get_payment(payment_id=payment_id), model.ReadyPayment)
    try:
        pay(payment_id, 100)
        raise AssertionError("another amount was paid")
    except urllib.error.HTTPError as error:
        assert error.code == 409
    pay(payment_id, 9000)
    refused(lambda: client.pre_register_payment(payment_id=payment_id, total_amount=9000), errors.AlreadyPaidError)
    refused(lambda: wrong.pre_register_payment(payment_id=payment_id), errors.UnauthorizedError)


@check("cancel_payment: in part, whole, and its refusals")
def _():
    payment_id = fresh()
    cancel = lambda **more: client.cancel_payment(payment_id=payment_id, reason="손님 요청", **more)
    refused(cancel, errors.PaymentNotFoundError)
    pay(payment_id, 9000, "FAILED")
    refused(cancel, errors.PaymentNotPaidError)
    pay(payment_id, 9000)
    done = cancel(amount=1000, current_cancellable_amount=9000, requester="CUSTOMER").cancellation
    assert isinstance(done, model.SucceededPaymentCancellation) and done.total_amount == 1000, done
    partly = client.get_payment(payment_id=payment_id)
    assert isinstance(partly, model.PartialCancelledPayment) and partly.cancellations[0].reason == "손님 요청", partly
    refused(lambda: cancel(current_cancellable_amount=9000), errors.CancellableAmountConsistencyBrokenError)
    refused(lambda: cancel(amount=9000), errors.CancelAmountExceedsCancellableAmountError)
    cancel(skip_webhook=True)
    assert isinstance(client.get_payment(payment_id=payment_id), model.CancelledPayment)
    refused(cancel, errors.PaymentAlreadyCancelledError)


@check("cancel_payment that the provider decides later, and stop_payment_cancellation")
def _():
    payment_id = fresh()
    pay(payment_id, 9000)
    send("PUT", "/faults", {"next": [{"on": "cancel", "do": "requested_200", "times": 1}]})
    waiting = client.cancel_payment(payment_id=payment_id, reason="r").cancellation
    assert isinstance(waiting, model.RequestedPaymentCancellation), waiting
    stop = lambda: client.stop_payment_cancellation(payment_id=payment_id, cancellation_id=waiting.id)
    assert stop().stopped_at
    refused(stop, errors.PaymentCancellationNotPendingError)


@check("get_payments: pages and filters")
def _():
    ids = []
    for status in ("PAID", "PAY_PENDING", "PAID", "FAILED", "PAID"):
        ids.append(fresh())
        pay(ids[-1], 5000, status)
    by = model.PaymentFilterInput(store_id=STORE, sort_by="REQUESTED_AT", sort_order="DESC")
    first, second = (client.get_payments(page=PageInput(number=n, size=2), filter=by) for n in (0, 1))
    assert [p.id for p in first.items + second.items] == ids[::-1][:4]
    assert first.page.size == 2 and first.page.total_count >= 5
    pending = client.get_payments(filter=model.PaymentFilterInput(store_id=STORE, status=["PENDING"])).items
    assert pending and all(isinstance(p, model.PayPendingPayment) for p in pending)
    assert client.get_payments().items
    old = client.get_payments(filter=model.PaymentFilterInput(store_id=STORE, until="2020-01-01T00:00:00Z"))
    assert (old.items, old.page.number, old.page.size, old.page.total_count) == ([], 0, 10, 0)
    refused(lambda: client.get_payments(page=PageInput(number=60000, size=10)), errors.InvalidRequestError)


@check("get_all_payments_by_cursor: to the end")
def _():
    seen, cursor = set(), None
    while items := client.get_all_payments_by_cursor(cursor=cursor, size=3).items:
        seen.update(item.payment.id for item in items)
        cursor = items[-1].cursor
    assert len(seen) >= 10, seen


@check("get_all_payment_events_by_cursor: paid, cancelled")
def _():
    kinds = {type(item.payment_event) for item in client.get_all_payment_events_by_cursor(size=1000).items}
    assert kinds == {model.PaidPaymentEvent, model.PartialCancelledPaymentEvent, model.CancelledPaymentEvent}, kinds


@check("get_payment_transactions: each attempt")
def _():
    payment_id = fresh()
    ask = lambda: client.get_payment_transactions(payment_id=payment_id).items
    refused(ask, errors.PaymentNotFoundError)
    for status in ("FAILED", "PAID"):
        pay(payment_id, 9000, status)
    failed, paid = ask()
    assert isinstance(failed, model.FailedPaymentTransaction) and isinstance(paid, model.PaidPaymentTransaction)
    assert paid.id == client.get_payment(payment_id=payment_id).transaction_id and paid.payment_id == payment_id


@check("close_virtual_account; PaymentNotWaitingForDepositError")
def _():
    payment_id = fresh()
    pay(payment_id, 9000, "VIRTUAL_ACCOUNT_ISSUED")
    assert client.close_virtual_account(payment_id=payment_id).closed_at
    assert isinstance(client.get_payment(payment_id=payment_id), model.CancelledPayment)
    refused(lambda: client.close_virtual_account(payment_id=payment_id), errors.PaymentNotWaitingForDepositError)


@check("login_via_api_secret, refresh_token")
def _():
    auth = portone.AuthClient(secret="secret", base_url=BASE)
    tokens = auth.login_via_api_secret(api_secret="secret")
    assert auth.refresh_token(refresh_token=tokens.refresh_token).access_token
    refused(lambda: auth.login_via_api_secret(api_secret="invalid"), errors.UnauthorizedError)


@check("webhooks verify, and resend_webhook")
def _():
    secret = "whsec_" + base64.b64encode(b"a secret of twenty-four.").decode()
    received = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            received.put((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def following():
        body, headers = received.get(timeout=60)
        try:
            portone.webhook.verify(secret, body + " ", headers)
            raise AssertionError("a changed body was believed")
        except portone.webhook.WebhookVerificationError as error:
            assert error.reason == "NO_MATCHING_SIGNATURE"
        return portone.webhook.verify(secret, body, headers)

    send("PUT", "/webhooks", {"storeId": STORE, "url": f"http://127.0.0.1:{server.server_port}/", "secret": secret})
    payment_id = fresh()
    for status, kind in {
        "READY": portone.webhook.WebhookTransactionReady, "FAILED": portone.webhook.WebhookTransactionFailed,
        "PAY_PENDING": portone.webhook.WebhookTransactionPayPending,
        "VIRTUAL_ACCOUNT_ISSUED": portone.webhook.WebhookTransactionVirtualAccountIssued, "PAID": portone.webhook.WebhookTransactionPaid,
    }.items():
        pay(payment_id, 9000, status)
        message = following()
        assert isinstance(message, kind) and message.data.payment_id == payment_id, message
    client.cancel_payment(payment_id=payment_id, reason="r", amount=1000)
    assert isinstance(following(), portone.webhook.WebhookTransactionCancelledPartialCancelled)
    client.cancel_payment(payment_id=payment_id, reason="r")
    whole = following()
    assert isinstance(whole, portone.webhook.WebhookTransactionCancelledCancelled), whole
    assert whole.data.cancellation_id == client.get_payment(payment_id=payment_id).cancellations[-1].id
    assert client.resend_webhook(payment_id=payment_id).webhook.status == "SUCCEEDED"
    assert isinstance(following(), portone.webhook.WebhookTransactionCancelledCancelled)
    refused(lambda: client.resend_webhook(payment_id="none"), errors.PaymentNotFoundError)
    server.shutdown()
