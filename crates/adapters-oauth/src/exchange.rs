use cheapbob_domain::{
    shared::remote::readable_json,
    users::{PendingLogin, ProviderError},
};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::settings::ProviderSettings;

/// The largest answer that is read, in bytes.
const MAX_BODY: usize = 256 << 10;

/// What a provider's dialect works with during one login.
pub(crate) struct Exchange<'a> {
    pub(crate) client: &'a Client,
    pub(crate) settings: &'a ProviderSettings,
    pub(crate) redirect_uri: String,
    pub(crate) login: &'a PendingLogin,
    pub(crate) state: &'a str,
    pub(crate) code: &'a SecretString,
}

impl Exchange<'_> {
    pub(crate) fn refused(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Refused(self.login.provider, reason.into())
    }

    pub(crate) fn unavailable(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Unavailable(self.login.provider, reason.into())
    }

    /// The form fields that all three ask for.
    pub(crate) fn token_form(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("grant_type", "authorization_code"),
            ("code", self.code.expose_secret()),
            ("client_id", &self.settings.client_id),
            ("client_secret", self.settings.client_secret.expose_secret()),
        ]
    }

    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Result<(StatusCode, Vec<u8>), ProviderError> {
        self.send(self.client.post(self.settings.token_url.clone()).form(form)).await
    }

    pub(crate) async fn userinfo(&self, access_token: &str) -> Result<(StatusCode, Vec<u8>), ProviderError> {
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

    pub(crate) fn json<T: DeserializeOwned>(&self, what: &str, body: &[u8]) -> Result<T, ProviderError> {
        serde_json::from_str(&readable_json(body)).map_err(|e| self.unavailable(format!("{what} is not what the documentation says: {e}")))
    }
}
