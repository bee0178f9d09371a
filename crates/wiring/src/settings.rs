//! Settings, checked as a whole.

use std::{path::PathBuf, sync::Arc};

use cheapbob_adapters_embedded::sandbox::Played;
use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::SecretKeys;
use cheapbob_adapters_s3::S3Settings;
use cheapbob_adapters_smtp::{SmtpSettings, SmtpTls};
use config::{Config, File, FileFormat};
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// As written; empty text is "not set".
#[derive(Debug, Deserialize)]
struct Raw {
    environment: String,
    debug: bool,
    port: u16,
    host: String,
    cheapbob_data_dir: String,
    metrics_port: u16,
    otel_exporter_otlp_endpoint: String,
    frontend_url: String,
    frontend_local_url: String,
    db_host: String,
    db_port: u16,
    db_user: String,
    db_password: SecretString,
    db_name: String,
    db_pool_size: usize,
    redis_host: String,
    redis_port: u16,
    redis_db: u8,
    redis_pool_size: usize,
    google_client_id: String,
    google_client_secret: SecretString,
    kakao_client_id: String,
    kakao_client_secret: SecretString,
    kakao_admin_key: SecretString,
    naver_client_id: String,
    naver_client_secret: SecretString,
    oauth_redirect_base_url: String,
    jwt_secret: SecretString,
    jwt_algorithm: String,
    jwt_expire_minutes: i64,
    cheapbob_secret_keys: SecretString,
    portone_api_base_url: String,
    mongodb_host: String,
    mongodb_port: u16,
    mongodb_user: String,
    mongodb_password: SecretString,
    mongodb_name: String,
    aws_access_key_id: String,
    aws_secret_access_key: SecretString,
    aws_region: String,
    aws_s3_bucket_name: String,
    aws_s3_endpoint_url: String,
    aws_s3_public_url: String,
    super_admin_smtp_host: String,
    super_admin_smtp_port: u16,
    super_admin_smtp_user: String,
    super_admin_smtp_password: SecretString,
    super_admin_smtp_email: String,
    super_admin_smtp_name: String,
    super_admin_smtp_tls: String,
    super_admin_smtp_ca_file: String,
}

/// Where PostgreSQL is.
#[derive(Debug, Clone)]
pub enum PostgresAt {
    /// A private child on the data of this folder.
    Child(PathBuf),
    /// A server.
    Server(SecretString),
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
    /// Log more.
    pub debug: bool,
    /// Address to listen on.
    pub host: String,
    /// HTTP port.
    pub port: u16,
    /// Data of the embedded default.
    pub data_dir: PathBuf,
    /// Where Prometheus asks; `None`: nowhere.
    pub metrics_port: Option<u16>,
    /// Where traces go; `None`: nowhere.
    pub otlp_endpoint: Option<Url>,
    /// Origin of the apps; `None`: our own small pages.
    pub frontend_url: Option<String>,
    /// Second origin, never in production.
    pub frontend_local_url: Option<String>,
    /// PostgreSQL.
    pub postgres: PostgresAt,
    /// Connections of each process.
    pub db_pool_size: usize,
    /// `redis://…`; `None`: the fake.
    pub redis_url: Option<String>,
    /// Connections of each process.
    pub redis_pool_size: usize,
    /// Google, Kakao, Naver; `None`: the sandbox's.
    pub oauth: [Option<OAuthClient>; 3],
    /// Cuts links at Kakao, and verifies its notices.
    pub kakao_admin_key: Option<SecretString>,
    /// This server's address for browsers.
    pub public_base: String,
    /// Signs sessions and pickup codes.
    pub jwt_secret: SecretString,
    /// HS256, HS384 or HS512.
    pub jwt_algorithm: Algorithm,
    /// Life of a session's token.
    pub jwt_life: chrono::Duration,
    /// Seal the secrets in PostgreSQL.
    pub secret_keys: Arc<SecretKeys>,
    /// `None`: the sandbox's.
    pub portone: Option<Url>,
    /// `None`: the fake.
    pub mongodb: Option<MongoSettings>,
    /// `None`: a folder.
    pub s3: Option<S3Settings>,
    /// `None`: the sandbox's mail box.
    pub smtp: Option<SmtpSettings>,
}

/// Everything that is wrong, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong:\n  - {}", .0.join("\n  - "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// Reads defaults, file and environment.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub fn load() -> Result<Self, SettingsError> {
        if std::env::var("ENVIRONMENT").as_deref() != Ok("production") {
            // No .env is fine; a broken one is not worth stopping development for.
            let _ = dotenvy::dotenv();
        }
        let environment = std::env::var("ENVIRONMENT").unwrap_or_else(|_| "development".to_owned());
        let raw: Result<Raw, _> = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(File::with_name(&format!("config/{environment}")).format(FileFormat::Toml).required(false))
            .add_source(config::Environment::default().try_parsing(false))
            .build()
            .and_then(Config::try_deserialize);
        match raw {
            Ok(raw) => raw.check(),
            Err(e) => Err(SettingsError(vec![e.to_string()])),
        }
    }

    /// Whether the sandbox plays a part.
    pub fn sandbox(&self) -> bool {
        !self.production && (self.portone.is_none() || self.oauth.iter().any(Option::is_none))
    }

    /// Which parts it plays; `None` where there is no sandbox.
    pub fn played(&self) -> Option<Played> {
        // Another process' sandbox is no real PortOne either (compose.yaml).
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
            part(self.redis_url.is_none(), "Redis (in PostgreSQL)"),
            part(self.oauth.iter().any(Option::is_none), "OAuth providers (sandbox)"),
            part(self.portone.is_none(), "PortOne (sandbox)"),
            part(self.mongodb.is_none(), "MongoDB (in PostgreSQL)"),
            part(self.s3.is_none(), "object storage (folder)"),
            part(self.smtp.is_none(), "SMTP (sandbox mail box)"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn set(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|t| !t.is_empty())
}

fn secret(text: &SecretString) -> Option<&SecretString> {
    use secrecy::ExposeSecret;
    Some(text).filter(|t| !t.expose_secret().trim().is_empty())
}

/// Finds what is missing, part by part.
struct Check {
    production: bool,
    errors: Vec<String>,
}

impl Check {
    /// All of a part's settings or none; in production all.
    fn part(&mut self, settings: &[(&str, bool)]) -> bool {
        let missing: Vec<_> = settings.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
        if missing.is_empty() {
            return true;
        }
        if self.production {
            self.errors.extend(missing.iter().map(|name| format!("{name} is required in production")));
        } else if missing.len() < settings.len() {
            let there: Vec<_> = settings.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
            self.errors.push(format!("{} is set, but {} is not: set all or none of them", there.join(", "), missing.join(", ")));
        }
        false
    }

    fn origin(&mut self, name: &str, text: &str) -> Option<String> {
        let text = set(text)?;
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(text.trim_end_matches('/').to_owned()),
            _ => {
                self.errors.push(format!("{name} is no http or https address: {text}"));
                None
            }
        }
    }
}

impl Raw {
    fn check(self) -> Result<Settings, SettingsError> {
        let production = match self.environment.as_str() {
            "production" => true,
            "development" => false,
            other => return Err(SettingsError(vec![format!("ENVIRONMENT is development or production, not {other}")])),
        };
        let mut check = Check { production, errors: Vec::new() };
        let postgres = check.part(&[
            ("DB_HOST", set(&self.db_host).is_some()),
            ("DB_USER", set(&self.db_user).is_some()),
            ("DB_NAME", set(&self.db_name).is_some()),
        ]);
        let redis = check.part(&[("REDIS_HOST", set(&self.redis_host).is_some())]);
        let mut client = |id_name: &str, id: &str, secret_name: &str, key: &SecretString| {
            check
                .part(&[(id_name, set(id).is_some()), (secret_name, secret(key).is_some())])
                .then(|| OAuthClient { id: id.to_owned(), secret: key.clone() })
        };
        let oauth = [
            client("GOOGLE_CLIENT_ID", &self.google_client_id, "GOOGLE_CLIENT_SECRET", &self.google_client_secret),
            client("KAKAO_CLIENT_ID", &self.kakao_client_id, "KAKAO_CLIENT_SECRET", &self.kakao_client_secret),
            client("NAVER_CLIENT_ID", &self.naver_client_id, "NAVER_CLIENT_SECRET", &self.naver_client_secret),
        ];
        check.part(&[("JWT_SECRET", secret(&self.jwt_secret).is_some())]);
        check.part(&[("FRONTEND_URL", set(&self.frontend_url).is_some())]);
        check.part(&[("OAUTH_REDIRECT_BASE_URL", set(&self.oauth_redirect_base_url).is_some())]);
        let frontend_url = check.origin("FRONTEND_URL", &self.frontend_url);
        let frontend_local_url = check.origin("FRONTEND_LOCAL_URL", &self.frontend_local_url).filter(|_| !production);
        let public_base = check.origin("OAUTH_REDIRECT_BASE_URL", &self.oauth_redirect_base_url);
        let otlp_endpoint =
            check.origin("OTEL_EXPORTER_OTLP_ENDPOINT", &self.otel_exporter_otlp_endpoint).and_then(|u| Url::parse(&u).ok());
        let portone = check.origin("PORTONE_API_BASE_URL", &self.portone_api_base_url).and_then(|u| Url::parse(&u).ok());
        let jwt_algorithm = match self.jwt_algorithm.as_str() {
            "HS256" => Algorithm::HS256,
            "HS384" => Algorithm::HS384,
            "HS512" => Algorithm::HS512,
            other => {
                check.errors.push(format!("JWT_ALGORITHM is HS256, HS384 or HS512, not {other}"));
                Algorithm::HS256
            }
        };
        if !(5..=525_600).contains(&self.jwt_expire_minutes) {
            check.errors.push("JWT_EXPIRE_MINUTES is from 5 to 525600".to_owned());
        }
        if self.db_pool_size == 0 || self.redis_pool_size == 0 {
            check.errors.push("DB_POOL_SIZE and REDIS_POOL_SIZE are at least 1".to_owned());
        }
        let secret_keys = self.secret_keys(&mut check);
        let mongodb = self.mongodb(&mut check);
        let s3 = self.s3(&mut check);
        let smtp = self.smtp(&mut check);
        let (true, Some(secret_keys)) = (check.errors.is_empty(), secret_keys) else { return Err(SettingsError(check.errors)) };
        let data_dir = PathBuf::from(&self.cheapbob_data_dir);
        Ok(Settings {
            production,
            debug: self.debug,
            port: self.port,
            frontend_url,
            frontend_local_url,
            postgres: if postgres { PostgresAt::Server(self.postgres_url()) } else { PostgresAt::Child(data_dir.clone()) },
            data_dir,
            otlp_endpoint,
            metrics_port: Some(self.metrics_port).filter(|port| *port != 0),
            db_pool_size: self.db_pool_size,
            redis_url: redis.then(|| format!("redis://{}:{}/{}", self.redis_host.trim(), self.redis_port, self.redis_db)),
            redis_pool_size: self.redis_pool_size,
            oauth,
            kakao_admin_key: secret(&self.kakao_admin_key).cloned(),
            public_base: public_base.unwrap_or_else(|| format!("http://localhost:{}", self.port)),
            jwt_secret: secret(&self.jwt_secret)
                .cloned()
                .unwrap_or_else(|| SecretString::from("cheapbob development secret: not for production")),
            jwt_algorithm,
            jwt_life: chrono::Duration::minutes(self.jwt_expire_minutes),
            secret_keys: Arc::new(secret_keys),
            portone: portone.or_else(|| if production { Url::parse("https://api.portone.io").ok() } else { None }),
            mongodb,
            s3,
            smtp,
            host: self.host,
        })
    }

    fn secret_keys(&self, check: &mut Check) -> Option<SecretKeys> {
        /// As much of a secret as a key in a public repository can be.
        const DEVELOPMENT: &str = "development:Y2hlYXBib2IgZGV2ZWxvcG1lbnQgc2VjcmV0cyBrZXk=";
        let there = check.part(&[("CHEAPBOB_SECRET_KEYS", secret(&self.cheapbob_secret_keys).is_some())]);
        let keys = if there { self.cheapbob_secret_keys.clone() } else { SecretString::from(DEVELOPMENT) };
        SecretKeys::parse(&keys).map_err(|e| check.errors.push(format!("CHEAPBOB_SECRET_KEYS: {e}"))).ok()
    }

    fn mongodb(&self, check: &mut Check) -> Option<MongoSettings> {
        let there = check.part(&[("MONGODB_HOST", set(&self.mongodb_host).is_some()), ("MONGODB_NAME", set(&self.mongodb_name).is_some())]);
        let credentials = set(&self.mongodb_user).map(str::to_owned).zip(secret(&self.mongodb_password).cloned());
        if credentials.is_none() && (set(&self.mongodb_user).is_some() || secret(&self.mongodb_password).is_some()) {
            check.errors.push("MONGODB_USER and MONGODB_PASSWORD go together: set both or none of them".to_owned());
        }
        there.then(|| MongoSettings {
            host: self.mongodb_host.trim().to_owned(),
            port: self.mongodb_port,
            credentials,
            database: self.mongodb_name.trim().to_owned(),
        })
    }

    fn s3(&self, check: &mut Check) -> Option<S3Settings> {
        let there = check.part(&[
            ("AWS_ACCESS_KEY_ID", set(&self.aws_access_key_id).is_some()),
            ("AWS_SECRET_ACCESS_KEY", secret(&self.aws_secret_access_key).is_some()),
            ("AWS_REGION", set(&self.aws_region).is_some()),
            ("AWS_S3_BUCKET_NAME", set(&self.aws_s3_bucket_name).is_some()),
        ]);
        let mut url = |name, text| check.origin(name, text).and_then(|url| Url::parse(&url).ok());
        let (endpoint, public_base) =
            (url("AWS_S3_ENDPOINT_URL", &self.aws_s3_endpoint_url), url("AWS_S3_PUBLIC_URL", &self.aws_s3_public_url));
        there.then(|| S3Settings {
            access_key: self.aws_access_key_id.trim().to_owned(),
            secret_key: self.aws_secret_access_key.clone(),
            region: self.aws_region.trim().to_owned(),
            bucket: self.aws_s3_bucket_name.trim().to_owned(),
            endpoint,
            public_base,
        })
    }

    fn smtp(&self, check: &mut Check) -> Option<SmtpSettings> {
        let there = check.part(&[
            ("SUPER_ADMIN_SMTP_HOST", set(&self.super_admin_smtp_host).is_some()),
            ("SUPER_ADMIN_SMTP_USER", set(&self.super_admin_smtp_user).is_some()),
            ("SUPER_ADMIN_SMTP_PASSWORD", secret(&self.super_admin_smtp_password).is_some()),
            ("SUPER_ADMIN_SMTP_EMAIL", set(&self.super_admin_smtp_email).is_some()),
        ]);
        /// The port of implicit TLS (RFC 8314).
        const IMPLICIT: u16 = 465;
        let tls = match set(&self.super_admin_smtp_tls) {
            None if self.super_admin_smtp_port == IMPLICIT => SmtpTls::Implicit,
            None | Some("starttls") => SmtpTls::StartTls,
            Some("implicit") => SmtpTls::Implicit,
            Some("none") if !check.production => SmtpTls::None,
            Some(other) => {
                let none = if check.production { "" } else { ", or none outside production" };
                check.errors.push(format!("SUPER_ADMIN_SMTP_TLS is implicit or starttls{none}, not {other}"));
                SmtpTls::StartTls
            }
        };
        let root_certificate = set(&self.super_admin_smtp_ca_file).and_then(|path| {
            std::fs::read(path).map_err(|e| check.errors.push(format!("SUPER_ADMIN_SMTP_CA_FILE {path} cannot be read: {e}"))).ok()
        });
        there.then(|| SmtpSettings {
            host: self.super_admin_smtp_host.trim().to_owned(),
            port: self.super_admin_smtp_port,
            user: self.super_admin_smtp_user.trim().to_owned(),
            password: self.super_admin_smtp_password.clone(),
            email: self.super_admin_smtp_email.trim().to_owned(),
            name: self.super_admin_smtp_name.trim().to_owned(),
            tls,
            root_certificate,
        })
    }

    fn postgres_url(&self) -> SecretString {
        use secrecy::ExposeSecret;
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        SecretString::from(format!(
            "postgres://{}:{}@{}:{}/{}",
            encode(self.db_user.trim()),
            encode(self.db_password.expose_secret()),
            self.db_host.trim(),
            self.db_port,
            encode(self.db_name.trim())
        ))
    }
}
