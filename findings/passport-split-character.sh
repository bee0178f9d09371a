#!/usr/bin/env bash
# passport's OAuth 2.0 strategies spoil a Korean name when the answer comes in two pieces.
#
# Seen with: npm oauth 0.9.15 and 0.10.2 (Node 20), below passport-oauth2, and thus below passport-kakao 1.0.1 and passport-google-oauth20 2.0.0.
# The profile is UTF-8 and says so (charset, content-length). Where one TCP segment ends within a character, as it may at any place of an
# answer, the package decodes each piece by itself (`result += chunk`, without setEncoding):
#   the provider sends {"name":"홍길동"}, the application gets "홍���동", without an error: the JSON is still valid.
# Node's own fetch reads the same answer rightly.
# Why it matters: names are stored as they came at the first login; it happens to a few, at random, and never in a test on one machine.
#
# Needs node and npm. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm install --silent --no-fund --no-audit --ignore-scripts passport-kakao@1.0.1 passport-google-oauth20@2.0.0 passport-oauth2@1.8.0

cat >ask.mjs <<'JS'
import { createServer } from "node:http";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const body = Buffer.from(JSON.stringify({ id: 1, sub: "1", name: "홍길동", properties: { nickname: "홍길동" } }));
// The first byte of each 길 leaves in the first piece.
const pieces = [];
let from = 0;
for (let at = body.indexOf("길"); at !== -1; at = body.indexOf("길", at + 1)) { pieces.push(body.subarray(from, at + 1)); from = at + 1; }
pieces.push(body.subarray(from));
const server = createServer(async (request, response) => {
  response.writeHead(200, { "content-type": "application/json;charset=utf-8", "content-length": body.length });
  for (const piece of pieces) { response.write(piece); await new Promise((done) => setTimeout(done, 100)); }
  response.end();
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${server.address().port}/userinfo`;
const options = { clientID: "client", clientSecret: "secret", callbackURL: "http://localhost/callback", userProfileURL: url };
for (const name of ["passport-kakao", "passport-google-oauth20"]) {
  const strategy = new (require(name).Strategy)({ ...options }, () => {});
  strategy._userProfileURL = url;
  const profile = await new Promise((resolve, reject) => strategy.userProfile("token", (error, found) => (error ? reject(error) : resolve(found))));
  console.log(`${name}: ${profile.displayName === "홍길동" ? "right" : profile.displayName}`);
}
console.log(`fetch: ${(await (await fetch(url)).json()).name === "홍길동" ? "right" : "wrong"}`);
server.close();
JS
node ask.mjs | tee out
diff out - <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
passport-kakao: 홍���동
passport-google-oauth20: 홍���동
fetch: right
WANT
