#!/usr/bin/env bash
# PortOne's server SDKs take a base URL with a path differently.
#
# Seen with: npm @portone/server-sdk 0.19.0 (Node 20), PyPI portone-server-sdk 0.21.0 (Python 3.11).
# A base URL that has a path, as every proxy, gateway and test double behind one has, for example http://127.0.0.1:PORT/portone:
#   JavaScript: the path is dropped: the request goes to /payments/…, as if the base URL were http://127.0.0.1:PORT.
#   Python:     the path stays: the request goes to /portone/payments/…
# Why it matters: the same setting sends one of two services to another place, which may answer 404 for "no such payment".
# Expected by a reader: both keep the path, or the one that does not refuses it.
#
# Needs node, npm and python3. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm install --silent --no-fund --no-audit @portone/server-sdk@0.19.0
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check portone-server-sdk==0.21.0

cat >server.py <<'PY'
# Answers every request with 404 and writes its path down.
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open("paths", "a").write(self.path.split("?")[0] + "\n")
        body = json.dumps({"type": "PAYMENT_NOT_FOUND", "message": "none"}).encode()
        self.send_response(404); self.send_header("content-type", "application/json"); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
open("port.tmp", "w").write(str(server.server_port))
import os; os.rename("port.tmp", "port")
for _ in range(2): server.handle_request()
PY
timeout 60 python3 server.py & until [ -f port ]; do read -r -t 0.05 <> <(:) || :; done
base="http://127.0.0.1:$(cat port)/portone"

cat >ask.mjs <<'JS'
import { PortOneClient } from "@portone/server-sdk";
const client = PortOneClient({ secret: "secret", baseUrl: process.argv[2] });
await client.payment.getPayment({ paymentId: "PAY1" }).catch(() => {});
JS
node ask.mjs "$base"
venv/bin/python - "$base" <<'PY'
import sys, portone_server_sdk as portone
client = portone.PaymentClient(secret="secret", base_url=sys.argv[1])
try: client.get_payment(payment_id="PAY1")
except Exception: pass
PY
wait
paste -d' ' <(printf 'JavaScript\nPython\n') paths
[ "$(cat paths)" = "$(printf '/payments/PAY1\n/portone/payments/PAY1')" ] || { echo "the behaviour has changed" >&2; exit 1; }
