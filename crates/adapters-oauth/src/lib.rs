#![doc = include_str!("../README.md")]

mod google;
mod kakao;
mod naver;
mod unlink;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::{
    shared::Clock,
    users::{PendingLogin, Provider, ProviderError, ProviderIdentity, Role, ports::IdentityProviders},
};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use url::Url;

const MAX_BODY: usize = 256 << 10;

/// One provider's addresses and our registration there.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Public id (Kakao: the REST API key).
    pub client_id: String,
    /// Our secret there.
    pub client_secret: SecretString,
    /// The page that people see.
    pub authorize_url: Url,
    /// Where a code becomes a token.
    pub token_url: Url,
    /// Where a token tells who it is.
    pub userinfo_url: Url,
    /// Where a link is cut: Google and Naver revoke a user's token, Kakao unlinks by the admin key.
    pub unlink_url: Url,
}

impl ProviderSettings {
    /// The provider's own addresses.
    ///
    /// # Errors
    /// Never in practice: the addresses are constants.
    pub fn real(provider: Provider, client_id: String, client_secret: SecretString) -> Result<Self, url::ParseError> {
        let [authorize, token, userinfo, unlink] = match provider {
            Provider::Google => [
                "https://accounts.google.com/o/oauth2/v2/auth",
                "https://oauth2.googleapis.com/token",
                "https://openidconnect.googleapis.com/v1/userinfo",
                "https://oauth2.googleapis.com/revoke",
            ],
            Provider::Kakao => [
                "https://kauth.kakao.com/oauth/authorize",
                "https://kauth.kakao.com/oauth/token",
                "https://kapi.kakao.com/v2/user/me",
                "https://kapi.kakao.com/v1/user/unlink",
            ],
            Provider::Naver => [
                "https://nid.naver.com/oauth2.0/authorize",
                "https://nid.naver.com/oauth2.0/token",
                "https://openapi.naver.com/v1/nid/me",
                "https://nid.naver.com/oauth2.0/revoke",
            ],
        };
        Ok(Self {
            client_id,
            client_secret,
            authorize_url: authorize.parse()?,
            token_url: token.parse()?,
            userinfo_url: userinfo.parse()?,
            unlink_url: unlink.parse()?,
        })
    }
}

/// The three providers.
pub struct OAuth {
    client: Client,
    settings: [ProviderSettings; 3],
    redirect_base: String,
    clock: Arc<dyn Clock>,
    kakao_admin_key: Option<SecretString>,
}

impl OAuth {
    /// `settings` in the order of [`Provider::ALL`]; `redirect_base` is OAUTH_REDIRECT_BASE_URL, registered at the
    /// providers byte for byte.
    ///
    /// # Errors
    /// Where the HTTP client cannot be built.
    pub fn new(settings: [ProviderSettings; 3], redirect_base: &str, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { client, settings, redirect_base: redirect_base.trim_end_matches('/').to_owned(), clock, kakao_admin_key: None })
    }

    /// With the app's primary admin key at Kakao: it cuts links there, and Kakao's notices carry it.
    pub fn with_kakao_admin_key(self, kakao_admin_key: Option<SecretString>) -> Self {
        Self { kakao_admin_key, ..self }
    }

    fn settings(&self, provider: Provider) -> &ProviderSettings {
        let [google, kakao, naver] = &self.settings;
        match provider {
            Provider::Google => google,
            Provider::Kakao => kakao,
            Provider::Naver => naver,
        }
    }

    fn redirect_uri(&self, provider: Provider, role: Role) -> String {
        format!("{}/api/v1/auth/{}/callback/{}", self.redirect_base, provider.as_str(), role.as_str())
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// What a provider's dialect works with during one login.
struct Exchange<'a> {
    client: &'a Client,
    settings: &'a ProviderSettings,
    redirect_uri: String,
    login: &'a PendingLogin,
    state: &'a str,
    code: &'a SecretString,
}

impl Exchange<'_> {
    fn refused(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Refused(self.login.provider, reason.into())
    }

    fn unavailable(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Unavailable(self.login.provider, reason.into())
    }

    /// The form fields that all three ask for.
    fn token_form(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", self.code.expose_secret()),
            ("client_id", &self.settings.client_id),
            ("client_secret", self.settings.client_secret.expose_secret()),
        ]
    }

    async fn token(&self, form: &[(&str, &str)]) -> Result<(StatusCode, Vec<u8>), ProviderError> {
        self.send(self.client.post(self.settings.token_url.clone()).form(form)).await
    }

    async fn userinfo(&self, access_token: &str) -> Result<(StatusCode, Vec<u8>), ProviderError> {
        self.send(self.client.get(self.settings.userinfo_url.clone()).bearer_auth(access_token)).await
    }

    #[tracing::instrument(name = "oauth", target = "trace", level = "debug", skip_all, fields(otel.kind = "client"))]
    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), ProviderError> {
        // without_url: the address may carry what must not be logged.
        let failed = |e: reqwest::Error| self.unavailable(format!("{:?}", e.without_url()));
        let mut response = request.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(self.unavailable("the answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        let status = response.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.unavailable(format!("HTTP {status}")));
        }
        Ok((status, body))
    }

    fn json<T: DeserializeOwned>(&self, what: &str, body: &[u8]) -> Result<T, ProviderError> {
        serde_json::from_slice(body).map_err(|e| self.unavailable(format!("{what} is not what the documentation says: {e}")))
    }
}

#[async_trait]
impl IdentityProviders for OAuth {
    fn authorize_url(&self, state: &str, login: &PendingLogin) -> String {
        let settings = self.settings(login.provider);
        let mut url = settings.authorize_url.clone();
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &settings.client_id)
                .append_pair("redirect_uri", &self.redirect_uri(login.provider, login.role))
                .append_pair("state", state);
            let own: &[(&str, &str)] = match login.provider {
                Provider::Google => &[("scope", "openid email profile"), ("prompt", "select_account"), ("access_type", "offline")],
                Provider::Kakao => &[("scope", "account_email"), ("prompt", "login")],
                Provider::Naver => &[("auth_type", "reauthenticate")],
            };
            query.extend_pairs(own);
            if login.provider != Provider::Naver {
                query
                    .append_pair("nonce", &login.nonce)
                    .append_pair("code_challenge", &challenge(&login.verifier))
                    .append_pair("code_challenge_method", "S256");
            }
        }
        url.into()
    }

    async fn identity(&self, login: &PendingLogin, state: &str, code: &SecretString) -> Result<ProviderIdentity, ProviderError> {
        let exchange = Exchange {
            client: &self.client,
            settings: self.settings(login.provider),
            redirect_uri: self.redirect_uri(login.provider, login.role),
            login,
            state,
            code,
        };
        let identity = match login.provider {
            Provider::Google => google::identity(&exchange, self.clock.now()).await,
            Provider::Kakao => kakao::identity(&exchange).await,
            Provider::Naver => naver::identity(&exchange).await,
        }?;
        if identity.user_id.is_empty() || identity.user_id.len() > 255 {
            return Err(exchange.unavailable("a user id that is none"));
        }
        Ok(identity)
    }
}
