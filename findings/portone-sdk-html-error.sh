#!/usr/bin/env bash
# PortOne's server SDKs hide the status of an error whose body is not JSON.
#
# Seen with: npm @portone/server-sdk 0.19.0 (Node 20), PyPI portone-server-sdk 0.21.0 (Python 3.11).
# A gateway in front of the API answers "502 Bad Gateway" with a page of HTML, as gateways do:
#   JavaScript: `cancelPayment` rejects with a SyntaxError of the JSON parser, not with a PortOneError.
#   Python:     `cancel_payment` raises json.JSONDecodeError, which is a ValueError: the error that its documentation reserves for
#               "an answer that this version of the SDK does not support".
# Neither error carries the status. Why it matters: after a 502 nobody knows whether the money went back, and the call has to be repeated
# with the same Idempotency-Key; code that catches the SDK's own errors does not see this one at all.
#
# Needs node, npm and python3. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm install --silent --no-fund --no-audit @portone/server-sdk@0.19.0
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check portone-server-sdk==0.21.0

cat >server.py <<'PY'
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(502); self.send_header("content-type", "text/html"); self.end_headers()
        self.wfile.write(b"<html><body>502 Bad Gateway</body></html>")
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open("port.tmp", "w").write(str(server.server_port)); os.rename("port.tmp", "port")
for _ in range(2): server.handle_request()
PY
timeout 60 python3 server.py & until [ -f port ]; do read -r -t 0.05 <> <(:) || :; done
base="http://127.0.0.1:$(cat port)"

cat >cancel.mjs <<'JS'
import { PortOneClient, PortOneError } from "@portone/server-sdk";
import * as sdk from "@portone/server-sdk";
const client = PortOneClient({ secret: "secret", baseUrl: process.argv[2] });
await client.payment.cancelPayment({ paymentId: "PAY1", reason: "test" }).catch((error) => {
  const own = PortOneError ?? sdk.Common?.PortOneError;
  console.log(`JavaScript ${error.name} own=${own ? error instanceof own : "?"} status=${"status" in error}`);
});
JS
node cancel.mjs "$base" >out
venv/bin/python - "$base" >>out <<'PY'
import sys, portone_server_sdk as portone
from portone_server_sdk.errors import PortOneError
try: portone.PaymentClient(secret="secret", base_url=sys.argv[1]).cancel_payment(payment_id="PAY1", reason="test")
except Exception as error:
    print("Python", type(error).__name__, f"own={isinstance(error, PortOneError)}", f"value_error={isinstance(error, ValueError)}", f"status={hasattr(error, 'status')}")
PY
wait; cat out
grep -q '^JavaScript SyntaxError' out && ! grep -q 'own=true' out && grep -q '^Python JSONDecodeError own=False value_error=True status=False' out || { echo "the behaviour has changed" >&2; exit 1; }
