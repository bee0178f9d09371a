//! Settings, checked as a whole.

mod callers;
mod check;
mod files;
mod names;
mod parts;
mod raw;

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use cheapbob_adapters_embedded::sandbox::Played;
use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::{Address, SecretKeys};
use cheapbob_adapters_redis::RedisSettings;
use cheapbob_adapters_s3::S3Settings;
use cheapbob_adapters_smtp::SmtpSettings;
use cheapbob_adapters_webpush::WebPushSettings;
use cheapbob_domain::shared::Email;
use chrono::{DateTime, Utc};
use config::{Config, ConfigError, File, FileFormat};
use ipnet::IpNet;
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use url::Url;

use crate::dotenv;
use raw::Raw;

const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Where PostgreSQL is.
#[derive(Debug, Clone)]
pub enum PostgresAt {
    /// A private child on the data of this folder.
    Child(PathBuf),
    /// One or more servers.
    Server(Address),
}

/// Our registration at a provider.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Public id.
    pub id: String,
    /// Secret.
    pub secret: SecretString,
}

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// No fakes, no sandbox, live payments only.
    pub production: bool,
    /// Log every request, and clean-ups.
    pub debug: bool,
    /// Address to listen on.
    pub host: String,
    /// HTTP port.
    pub port: u16,
    /// How long an idle connection is kept, and one on which nothing was asked yet.
    pub keep_alive: Duration,
    /// The file of this program, which runs itself to look at pictures.
    pub program: PathBuf,
    /// Whose `X-Forwarded-For` is believed; none: nobody's.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Whether callers who come too often are refused.
    pub rate_limits: bool,
    /// Whether a store sells only after an operator has approved it.
    pub store_approval: bool,
    /// Data of the embedded default.
    pub data_dir: PathBuf,
    /// Where Prometheus asks; `None`: nowhere.
    pub metrics_port: Option<u16>,
    /// `/docs` and `/openapi.json` are there.
    pub api_docs: bool,
    /// Where traces go; `None`: nowhere.
    pub otlp_endpoint: Option<Url>,
    /// Who runs the service: admins of the console at `/operator`.
    pub operator_emails: BTreeSet<Email>,
    /// Origin of the apps; `None`: our own small pages.
    pub frontend_url: Option<String>,
    /// Second origin, never in production.
    pub frontend_local_url: Option<String>,
    /// PostgreSQL.
    pub postgres: PostgresAt,
    /// A replica of it, for searches; `None`: the primary answers them too.
    pub postgres_replica: Option<Address>,
    /// Connections of each process.
    pub db_pool_size: usize,
    /// `None`: the fake.
    pub redis: Option<RedisSettings>,
    /// Connections of each process.
    pub redis_pool_size: usize,
    /// Google, Kakao, Naver; `None`: the sandbox's.
    pub oauth: [Option<OAuthClient>; 3],
    /// Cuts links at Kakao, and verifies its notices.
    pub kakao_admin_key: Option<SecretString>,
    /// This server's address for browsers.
    pub public_base: String,
    /// Signs sessions; pickup codes by a key made from it.
    pub jwt_secret: SecretString,
    /// What this signed until lately is good as well.
    pub jwt_secret_previous: Option<SecretString>,
    /// Until then tokens of the Python service, signed by one of these secrets, are exchanged for ours; `None`: they are refused.
    pub legacy_tokens_until: Option<DateTime<Utc>>,
    /// HS256, HS384 or HS512.
    pub jwt_algorithm: Algorithm,
    /// Life of a session's token.
    pub jwt_life: chrono::Duration,
    /// Seal the secrets in PostgreSQL.
    pub secret_keys: Arc<SecretKeys>,
    /// How long settled payments stay in PostgreSQL.
    pub keep_payments: chrono::Duration,
    /// `None`: the sandbox's.
    pub portone: Option<Url>,
    /// The server that has the sandbox, as our own processes reach it.
    pub sandbox_base: String,
    /// `None`: the fake.
    pub mongodb: Option<MongoSettings>,
    /// `None`: a folder.
    pub s3: Option<S3Settings>,
    /// `None`: the sandbox's mail box.
    pub smtp: Option<SmtpSettings>,
    /// `None`: the fake.
    pub web_push: Option<WebPushSettings>,
    /// What somebody should hear at the start, a line each.
    pub warnings: Vec<String>,
}

/// The Python service's words for the two environments are understood.
fn whole_word(environment: &str) -> &str {
    match environment {
        "prd" => "production",
        "dev" => "development",
        other => other,
    }
}

/// Everything that is wrong, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong:\n  - {}", .0.join("\n  - "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// Reads defaults, file, `.env` and environment. To be called before there is a second thread: `.env` goes into the environment.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn load() -> Result<Self, SettingsError> {
        let environment = || std::env::var("ENVIRONMENT").unwrap_or_else(|_| "development".to_owned());
        if whole_word(&environment()) != "production" {
            dotenv::load().map_err(SettingsError)?;
        }
        let environment = environment();
        let environment = whole_word(&environment);
        let text = |text: OsString| text.into_string().ok();
        let variables = names::ours(std::env::vars_os().filter_map(|(name, value)| text(name).zip(text(value))));
        let warnings = names::strangers(DEFAULTS, &variables);
        let wrong = |error: ConfigError| SettingsError(vec![error.to_string()]);
        let config = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::with_name(&format!("config/{environment}")).format(FileFormat::Toml).required(false))
            .add_source(config::Environment::default().try_parsing(false).source(Some(variables)))
            .build()
            .map_err(wrong)?;
        let config = files::read(config).map_err(wrong)?.map_err(SettingsError)?;
        let raw: Raw = config.try_deserialize().map_err(wrong)?;
        let checked = raw.check()?;
        let warnings = [warnings, checked.warnings].concat();
        Ok(Self { warnings, ..checked })
    }

    /// As [`Self::load`], of the defaults and these settings alone.
    #[cfg(test)]
    fn from_pairs(settings: &[(&str, &str)]) -> Result<Self, SettingsError> {
        Raw::from_pairs(settings).map_err(|e| SettingsError(vec![e.to_string()]))?.check()
    }

    /// Whether the sandbox plays a part.
    pub fn sandbox(&self) -> bool {
        !self.production && (self.portone.is_none() || self.oauth.iter().any(Option::is_none))
    }

    /// Which parts it plays; `None` where there is no sandbox.
    pub fn played(&self) -> Option<Played> {
        // Another process' sandbox is no real PortOne either.
        let sandboxed = |portone: &Url| portone.path().trim_end_matches('/').ends_with("/sandbox/portone");
        self.sandbox().then(|| Played {
            providers: self.oauth.each_ref().map(Option::is_none),
            portone: self.portone.as_ref().is_none_or(sandboxed),
            mail: self.smtp.is_none(),
        })
    }

    /// The parts played by fakes, for the first lines printed.
    pub fn fakes(&self) -> Vec<&'static str> {
        let part = |is_fake: bool, name| is_fake.then_some(name);
        [
            part(matches!(self.postgres, PostgresAt::Child(_)), "PostgreSQL (private child process)"),
            part(self.redis.is_none(), "Redis (in PostgreSQL)"),
            part(self.oauth.iter().any(Option::is_none), "OAuth providers (sandbox)"),
            part(self.portone.is_none(), "PortOne (sandbox)"),
            part(self.mongodb.is_none(), "MongoDB (in PostgreSQL)"),
            part(self.s3.is_none(), "object storage (folder)"),
            part(self.smtp.is_none(), "SMTP (sandbox mail box)"),
            part(self.web_push.is_none(), "Web Push (in PostgreSQL)"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
impl Raw {
    fn from_pairs(settings: &[(&str, &str)]) -> Result<Self, ConfigError> {
        let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
        let set = settings.iter().fold(defaults, |config, (name, value)| config.set_override(*name, *value).unwrap());
        set.build().and_then(Config::try_deserialize)
    }
}
