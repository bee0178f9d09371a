use std::time::Duration;

use cheapbob_domain::{
    shared::{Error, Result},
    users::Provider,
};
use reqwest::Client;
use secrecy::SecretString;
use url::Url;

/// How long it may take to see whether a provider answers.
const PATIENCE: Duration = Duration::from_secs(10);

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
    /// Whether the provider answers at all; whether it knows us, only a login tells.
    ///
    /// # Errors
    /// Unavailable: nobody answers there.
    pub async fn ping(&self) -> Result<()> {
        let asked = async { Client::builder().timeout(PATIENCE).build()?.get(self.token_url.clone()).send().await };
        asked.await.map(|_| ()).map_err(|e: reqwest::Error| Error::unavailable("oauth", e))
    }

    /// The provider's own addresses.
    ///
    /// # Errors
    /// Never in practice: the addresses are constants.
    pub fn real(provider: Provider, client_id: String, client_secret: SecretString) -> std::result::Result<Self, url::ParseError> {
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
