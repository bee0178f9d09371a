// passport's strategies for Kakao, Naver and Google against the sandbox, as a server uses them.
import { createRequire } from "node:module";
import { assert, base, check } from "./check.mjs";

const require = createRequire(import.meta.url);
const CALLBACK = "http://localhost:4000/auth/callback";

const at = (provider) => ({
  authorize: `${base}/sandbox/oauth/${provider}/authorize`,
  token: `${base}/sandbox/oauth/${provider}/token`,
  userinfo: `${base}/sandbox/oauth/${provider}/userinfo`,
});

/** A strategy with the options of its README. */
function strategy(name, options = {}) {
  const common = { clientID: "client-1", clientSecret: "secret-1", callbackURL: CALLBACK, ...options };
  const verify = (accessToken, refreshToken, params, profile, done) => done(null, { accessToken, refreshToken, params, profile });
  const kakao = at("kakao"), naver = at("naver"), google = at("google");
  let made;
  switch (name) {
    case "passport-kakao":
      made = new (require(name).Strategy)(common, verify);
      // It has no option for the addresses.
      Object.assign(made._oauth2, { _authorizeUrl: kakao.authorize, _accessTokenUrl: kakao.token });
      made._userProfileURL = kakao.userinfo;
      return made;
    case "passport-naver":
      return new (require(name).Strategy)({ ...common, authorizationURL: naver.authorize, tokenURL: naver.token, profileURL: naver.userinfo }, verify);
    case "passport-naver-v2":
      made = new (require(name).Strategy)({ ...common, authorizationURL: naver.authorize, tokenURL: naver.token }, verify);
      // It has no option for this one.
      made._profileURL = naver.userinfo;
      return made;
    default:
      return new (require(name).Strategy)(
        { ...common, authorizationURL: google.authorize, tokenURL: google.token, userProfileURL: google.userinfo },
        verify,
      );
  }
}

/** One request through a strategy, as passport makes it. */
function authenticate(strategy, request, options = {}) {
  return new Promise((resolve) => {
    const one = Object.create(strategy);
    one.redirect = (url) => resolve({ redirect: url });
    one.success = (user) => resolve({ user });
    one.fail = (info) => resolve({ fail: info ?? {} });
    one.error = (error) => resolve({ error });
    one.authenticate(request, options);
  });
}

/** The person on the provider's page. */
async function browser(url, typed) {
  assert.equal((await fetch(url)).status, 200);
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(typed), redirect: "manual" });
  assert.equal(answer.status, 302);
  const back = new URL(answer.headers.get("location"));
  assert.equal(back.origin + back.pathname, CALLBACK);
  return Object.fromEntries(back.searchParams);
}

async function login(strategy, typed, options) {
  const session = {};
  const { redirect } = await authenticate(strategy, { query: {}, session }, options);
  const query = await browser(redirect, typed);
  return { query, session, ...(await authenticate(strategy, { query, session }, options)) };
}

const person = { email: "gil@example.com" };

const libraries = {
  "passport-kakao": {
    options: [{}, { scope: ["account_email", "profile_nickname"] }],
    read: (profile) => [profile.id, profile.username, profile.displayName, profile._json.kakao_account.email, profile._json.properties.profile_image],
    email: (profile) => profile._json.kakao_account.email,
  },
  "passport-naver": {
    options: [{}, { state: "abc" }, { authType: "reprompt" }],
    read: (profile) => [profile.id, profile.displayName, profile.emails[0].value, profile._json.profile_image, profile._json.age, profile._json.birthday],
    email: (profile) => profile.emails[0].value,
  },
  "passport-naver-v2": {
    options: [{ authType: "reprompt" }, { state: "abc" }],
    read: ({ id, nickname, profileImage, age, gender, email, mobile, mobileE164, name, birthday, birthYear }) =>
      [id, nickname, profileImage, age, gender, email, mobile, mobileE164, name, birthday, birthYear],
    email: (profile) => profile.email,
  },
  "passport-google-oauth20": {
    options: [{ scope: ["profile", "email"] }, { scope: ["openid", "email", "profile"], accessType: "offline", prompt: "consent" }],
    read: (profile) => [profile.id, profile.displayName, profile.name.familyName, profile.name.givenName, profile.emails[0].value, profile.photos[0].value],
    email: (profile) => profile.emails?.[0].value,
  },
};

for (const [name, { options, read, email }] of Object.entries(libraries)) {
  const library = `${name} ${require(`${name}/package.json`).version}`;

  for (const option of options) {
    await check(library, `logs in with ${JSON.stringify(option)}, and reads every field of its profile`, async () => {
      const { user, error } = await login(strategy(name), person, option);
      assert.ifError(error);
      for (const field of read(user.profile)) assert.ok(field, JSON.stringify(user.profile));
      assert.equal(email(user.profile), person.email);
      assert.ok(user.accessToken);
    });
  }

  await check(library, "with a state of its own making", async () => {
    const made = strategy(name, { state: true });
    const { user, error, query } = await login(made, person, { scope: name.includes("google") ? ["profile"] : undefined });
    assert.ifError(error);
    assert.ok(user && query.state);
  });

  await check(library, "reads the profile again with the same token", async () => {
    const made = strategy(name);
    const { user } = await login(made, person, options[0]);
    for (let n = 0; n < 2; n++) {
      const again = await new Promise((resolve, reject) => made.userProfile(user.accessToken, (e, p) => (e ? reject(e) : resolve(p))));
      assert.equal(again.id, user.profile.id);
    }
  });

  await check(library, "is told of an unknown token", async () => {
    const error = await new Promise((resolve) => strategy(name).userProfile("guessed", (e) => resolve(e)));
    assert.ok(error instanceof Error || error.statusCode === 401, String(error));
  });

  await check(library, "gets a new access token for its refresh token", async () => {
    const made = strategy(name);
    const { user } = await login(made, person, { ...options[0], accessType: "offline" });
    assert.ok(user.refreshToken);
    const refreshed = await new Promise((resolve, reject) =>
      made._oauth2.getOAuthAccessToken(user.refreshToken, { grant_type: "refresh_token" }, (e, token) => (e ? reject(e) : resolve(token))));
    assert.ok(refreshed && refreshed !== user.accessToken);
  });

  await check(library, "hears that the person denied", async () => {
    const { fail } = await login(strategy(name), { deny: "1" }, options[0]);
    assert.ok(fail);
  });

  await check(library, "cannot use a code twice", async () => {
    const made = strategy(name);
    const { query, session } = await login(made, person, options[0]);
    const { user, error } = await authenticate(made, { query, session }, options[0]);
    assert.ok(!user && error instanceof Error);
  });

  await check(library, "a person without an e-mail", async () => {
    const { user, error } = await login(strategy(name), { email: "" }, options[0]);
    assert.ifError(error);
    assert.ok(user.profile.id && !email(user.profile));
  });
}

for (const method of [true, "S256", "plain"]) {
  await check("passport-google-oauth20", `PKCE: ${method}`, async () => {
    const { user, error } = await login(strategy("passport-google-oauth20", { pkce: method, state: true }), person, { scope: ["profile"] });
    assert.ifError(error);
    assert.ok(user.profile.displayName && !user.profile.emails);
  });
}
