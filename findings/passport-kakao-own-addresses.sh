#!/usr/bin/env bash
# passport-kakao ignores authorizationURL and tokenURL, and passport-naver-v2 honours them for all but the profile.
#
# Seen with: npm passport-kakao 1.0.1, passport-naver-v2 2.0.8, passport-google-oauth20 2.0.0 (Node 20).
# Every strategy over passport-oauth2 is told by these options where its provider is: a stand-in in a test, a proxy. With both set to
# http://127.0.0.1:9 the login is sent to, and the code and the token would be sent to:
#                            authorize               token                   profile
#   passport-kakao           kauth.kakao.com         kauth.kakao.com         kapi.kakao.com
#   passport-naver-v2        127.0.0.1:9             127.0.0.1:9             openapi.naver.com
#   passport-google-oauth20  127.0.0.1:9             127.0.0.1:9             127.0.0.1:9  (userProfileURL)
# passport-kakao writes its own addresses into the caller's object, without a word. Neither has an option for the profile.
# Why it matters: a test suite that believes to be alone on its machine talks to the real Kakao with the application's secret, and a
# stand-in's token goes to the real Naver, which answers 401: the login fails at its last step only.
#
# Needs node and npm; sends nothing. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit --ignore-scripts passport-kakao@1.0.1 passport-naver-v2@2.0.8 passport-google-oauth20@2.0.0

cat >ask.cjs <<'JS'
const here = "http://127.0.0.1:9";
for (const name of ["passport-kakao", "passport-naver-v2", "passport-google-oauth20"]) {
  const options = {
    clientID: "client", clientSecret: "secret", callbackURL: `${here}/callback`,
    authorizationURL: `${here}/authorize`, tokenURL: `${here}/token`, profileURL: `${here}/userinfo`, userProfileURL: `${here}/userinfo`,
  };
  const strategy = Object.create(new (require(name).Strategy)(options, () => {}));
  const asked = [];
  strategy.redirect = (url) => asked.push(new URL(url).host);
  strategy.authenticate({ query: {} }, {});
  // What would be sent goes nowhere: only its address is of interest.
  strategy._oauth2._request = (method, url) => asked.push(new URL(url).host);
  strategy._oauth2.getOAuthAccessToken("code", { grant_type: "authorization_code" }, () => {});
  strategy.userProfile("token", () => {});
  console.log(`${name}: ${asked.join(" ")}, the caller's own tokenURL is now ${new URL(options.tokenURL).host}`);
}
JS
node ask.cjs | tee out
diff out - <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
passport-kakao: kauth.kakao.com kauth.kakao.com kapi.kakao.com, the caller's own tokenURL is now kauth.kakao.com
passport-naver-v2: 127.0.0.1:9 127.0.0.1:9 openapi.naver.com, the caller's own tokenURL is now 127.0.0.1:9
passport-google-oauth20: 127.0.0.1:9 127.0.0.1:9 127.0.0.1:9, the caller's own tokenURL is now 127.0.0.1:9
WANT
