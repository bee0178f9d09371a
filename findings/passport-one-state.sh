#!/usr/bin/env bash
# passport-oauth2 with `state: true` remembers one login a session and provider: a second tab, or a second strategy, breaks the first.
#
# Seen with: npm passport-oauth2 1.8.0 below passport-google-oauth20 2.0.0 (Node 20), with and without PKCE.
# The state is kept in the session under a key made of the provider's host name ("oauth2:accounts.google.com"). So, in one browser:
#   two tabs: the login that was begun first comes back, and fails with 403: its state was overwritten. The failure takes the other
#     tab's state with it as well: that login fails too, "Unable to verify authorization request state.", though nothing was wrong with it;
#   two strategies for one provider, such as one for customers and one for sellers, do the same to each other.
# Why it matters: `state: true` is what the documentation offers against forged logins; with it, a person who opens the login twice cannot
# log in by either. Cure: a `store` of one's own that keeps a state for each login, or a `sessionKey` for each strategy.
#
# Needs node and npm; sends nothing. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null && npm install --silent --no-fund --no-audit --ignore-scripts passport-google-oauth20@2.0.0 passport-oauth2@1.8.0

cat >ask.cjs <<'JS'
const { Strategy } = require("passport-google-oauth20");
function strategy(options) {
  const made = new Strategy({ clientID: "client", clientSecret: "secret", callbackURL: "http://localhost/callback", state: true, ...options },
    (accessToken, refreshToken, profile, done) => done(null, profile));
  // The provider, as far as this is concerned: every code is good.
  made._oauth2.getOAuthAccessToken = (code, params, done) => done(null, "token", undefined, {});
  made.userProfile = (token, done) => done(null, { id: "1" });
  return made;
}
const request = (strategy, query, session) => new Promise((resolve) => {
  const one = Object.create(strategy);
  one.redirect = (url) => resolve(new URL(url).searchParams.get("state"));
  one.success = () => resolve("logged in");
  one.fail = (info, status) => resolve(`${status} ${info.message}`);
  one.error = (error) => resolve(String(error));
  one.authenticate({ query, session }, {});
});
async function twice(what, first, second) {
  const session = {};
  const states = [await request(first, {}, session), await request(second, {}, session)];
  const answers = [];
  for (const [n, one] of [first, second].entries()) answers.push(await request(one, { code: "code", state: states[n] }, session));
  console.log(`${what}: ${answers.join(" | ")}`);
}
(async () => {
  for (const options of [{}, { pkce: "S256" }]) {
    const one = strategy(options);
    const name = options.pkce ? "with PKCE" : "without PKCE";
    const session = {};
    console.log(`${name}, one tab: ${await request(one, { code: "code", state: await request(one, {}, session) }, session)}`);
    await twice(`${name}, two tabs`, one, one);
    await twice(`${name}, two strategies`, one, strategy(options));
    await twice(`${name}, two strategies with keys`, strategy({ ...options, sessionKey: "a" }), strategy({ ...options, sessionKey: "b" }));
  }
})();
JS
node ask.cjs | tee out
diff out - <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
without PKCE, one tab: logged in
without PKCE, two tabs: 403 Invalid authorization request state. | 403 Unable to verify authorization request state.
without PKCE, two strategies: 403 Invalid authorization request state. | 403 Unable to verify authorization request state.
without PKCE, two strategies with keys: logged in | logged in
with PKCE, one tab: logged in
with PKCE, two tabs: 403 Invalid authorization request state. | 403 Unable to verify authorization request state.
with PKCE, two strategies: 403 Invalid authorization request state. | 403 Unable to verify authorization request state.
with PKCE, two strategies with keys: logged in | logged in
WANT
