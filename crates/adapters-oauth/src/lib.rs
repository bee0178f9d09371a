#![doc = include_str!("../README.md")]

mod exchange;
mod google;
mod kakao;
mod naver;
mod settings;
mod unlink;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_domain::{
    shared::{Breaker, Clock},
    users::{PendingLogin, Provider, ProviderError, ProviderIdentity, Role, is_user_id, ports::IdentityProviders},
};
use reqwest::{Client, redirect};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use tokio::{sync::Semaphore, time::timeout};

use exchange::Exchange;
pub use settings::ProviderSettings;

/// Logins that wait for one provider at once, through one [`OAuth`]. One that hangs would otherwise have all the places of its server's
/// worker thread, and nobody could buy.
pub const LOGINS_AT_ONCE: usize = 32;

/// How long one more login waits until it may ask.
const TURN: Duration = Duration::from_secs(1);

/// The three providers.
pub struct OAuth {
    client: Client,
    settings: [ProviderSettings; 3],
    redirect_base: String,
    clock: Arc<dyn Clock>,
    kakao_admin_key: Option<SecretString>,
    unlinking: [Arc<Breaker>; 3],
    logging_in: [Semaphore; 3],
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
            .timeout(Duration::from_secs(5))
            .redirect(redirect::Policy::none())
            .build()?;
        let unlinking = Provider::ALL.map(|provider| Arc::new(Breaker::new(provider.as_str())));
        let redirect_base = redirect_base.trim_end_matches('/').to_owned();
        let logging_in = Provider::ALL.map(|_| Semaphore::new(LOGINS_AT_ONCE));
        Ok(Self { client, settings, redirect_base, clock, kakao_admin_key: None, unlinking, logging_in })
    }

    /// With the app's primary admin key at Kakao: it cuts links there, and Kakao's notices carry it.
    pub fn with_kakao_admin_key(self, kakao_admin_key: Option<SecretString>) -> Self {
        Self { kakao_admin_key, ..self }
    }

    /// Cutting links behind the process's breakers, in the order of [`Provider::ALL`]. Logging in has none.
    pub fn with_breakers(self, unlinking: [Arc<Breaker>; 3]) -> Self {
        Self { unlinking, ..self }
    }

    fn settings(&self, provider: Provider) -> &ProviderSettings {
        of(provider, &self.settings)
    }

    fn redirect_uri(&self, provider: Provider, role: Role) -> String {
        format!("{}/api/v1/auth/{}/callback/{}", self.redirect_base, provider.as_str(), role.as_str())
    }
}

fn of<T>(provider: Provider, [google, kakao, naver]: &[T; 3]) -> &T {
    match provider {
        Provider::Google => google,
        Provider::Kakao => kakao,
        Provider::Naver => naver,
    }
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
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
        let turn = timeout(TURN, of(login.provider, &self.logging_in).acquire()).await;
        let _turn = turn.map_err(|_| exchange.unavailable("as many logins as may wait for it do so"))?;
        let identity = match login.provider {
            Provider::Google => google::identity(&exchange, self.clock.now()).await,
            Provider::Kakao => kakao::identity(&exchange).await,
            Provider::Naver => naver::identity(&exchange).await,
        }?;
        if !is_user_id(&identity.user_id) {
            return Err(exchange.unavailable("a user id that is none"));
        }
        Ok(identity)
    }
}
