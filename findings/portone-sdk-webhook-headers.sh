#!/usr/bin/env bash
# Which header objects PortOne's two server SDKs can read the same webhook from.
#
# Seen with: npm @portone/server-sdk 0.19.0 (Node 20), PyPI portone-server-sdk 0.21.0 (Python 3.11).
# One message, signed rightly, its headers handed over in the shapes that web frameworks give:
#                                        JavaScript                     Python
#   plain object / dict, lower case      verified                       verified
#   plain object / dict, "Webhook-Id"    verified                       MISSING_REQUIRED_HEADERS
#   the Fetch API's Headers object       MISSING_REQUIRED_HEADERS       -
# HTTP's header names have no case, and Headers is what a route handler of a Fetch-style framework receives: both refuse genuine messages
# there, and say that headers are missing. Cure: `Object.fromEntries(headers)`; lower-case keys, or a case-insensitive mapping.
#
# Needs node, npm and python3. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm install --silent --no-fund --no-audit @portone/server-sdk@0.19.0
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check portone-server-sdk==0.21.0

cat >sign.mjs <<'JS'
import { createHmac } from "node:crypto";
export const secret = "whsec_" + Buffer.from("a secret of twenty-four.").toString("base64");
export const body = JSON.stringify({ type: "Transaction.Paid", timestamp: "2026-11-27T00:00:00Z", data: { storeId: "store-1", paymentId: "PAY1", transactionId: "tx-1" } });
const id = "WH-1", at = String(Math.floor(Date.now() / 1000));
const key = Buffer.from(secret.slice(6), "base64");
const signature = "v1," + createHmac("sha256", key).update(`${id}.${at}.${body}`).digest("base64");
export const lower = { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature };
export const title = { "Webhook-Id": id, "Webhook-Timestamp": at, "Webhook-Signature": signature };
JS
cat >verify.mjs <<'JS'
import { writeFileSync } from "node:fs";
import { Webhook } from "@portone/server-sdk";
import { body, lower, secret, title } from "./sign.mjs";
const check = async (name, headers) => console.log(`JavaScript ${name}: ${await Webhook.verify(secret, body, headers).then(() => "verified", (error) => error.reason)}`);
await check("lower", lower);
await check("title", title);
await check("Headers", new Headers(lower));
writeFileSync("message.json", JSON.stringify({ body, lower, secret, title }));
JS
node verify.mjs >out
venv/bin/python - >>out <<'PY'
import json, portone_server_sdk as portone
message = json.load(open("message.json"))
for name in ("lower", "title"):
    try: portone.webhook.verify(message["secret"], message["body"], message[name]); print(f"Python {name}: verified")
    except portone.webhook.WebhookVerificationError as error: print(f"Python {name}: {error.reason}")
PY
cat out
diff out - <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
JavaScript lower: verified
JavaScript title: verified
JavaScript Headers: MISSING_REQUIRED_HEADERS
Python lower: verified
Python title: MISSING_REQUIRED_HEADERS
WANT
