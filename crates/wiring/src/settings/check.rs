//! Finds all that is wrong, at once.

use std::{
    collections::{BTreeSet, HashSet},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cheapbob_domain::{orders::LEAST_KEPT, shared::Email};
use jsonwebtoken::Algorithm;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{OAuthClient, PostgresAt, Settings, SettingsError, raw::Raw, whole_word};

pub(super) fn set(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|t| !t.is_empty())
}

pub(super) fn secret(text: &SecretString) -> Option<&SecretString> {
    Some(text).filter(|t| !t.expose_secret().trim().is_empty())
}

/// Secrets that anybody can read: of a version before, and of compose.yaml.
const PUBLISHED_SECRETS: [&str; 2] =
    ["cheapbob development secret: not for production", "the secret of compose.yaml, which everybody knows"];

/// Whether what is said to this host does not leave the machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Good until the process ends.
fn random_secret() -> SecretString {
    SecretString::from(format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>()))
}

/// Finds what is missing, part by part.
pub(super) struct Check {
    pub(super) production: bool,
    pub(super) errors: Vec<String>,
    /// What the settings allow, and somebody may not have meant.
    pub(super) warnings: Vec<String>,
}

impl Check {
    /// All of a part's settings or none; in production all.
    pub(super) fn part(&mut self, settings: &[(&str, bool)]) -> bool {
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

    /// `on` or `off`; `None`: neither, which is said, or not set.
    pub(super) fn on_off(&mut self, name: &str, text: &str) -> Option<bool> {
        match set(text)? {
            "on" => Some(true),
            "off" => Some(false),
            other => {
                self.errors.push(format!("{name} is on or off, not {other}"));
                None
            }
        }
    }

    /// E-mail addresses with commas in between.
    pub(super) fn emails(&mut self, name: &str, text: &str) -> BTreeSet<Email> {
        let mut emails = BTreeSet::new();
        for typed in text.split(',').map(str::trim).filter(|typed| !typed.is_empty()) {
            match Email::parse(typed) {
                Ok(email) => _ = emails.insert(email),
                Err(_) => self.errors.push(format!("{name} is e-mail addresses with commas in between, and {typed} is none")),
            }
        }
        emails
    }

    /// Both or none.
    pub(super) fn pair(&mut self, (one, one_there): (&str, bool), (other, other_there): (&str, bool)) {
        if one_there != other_there {
            self.errors.push(format!("{one} and {other} go together: set both or none of them"));
        }
    }

    /// A whole address stands instead of the single names.
    pub(super) fn instead(&mut self, whole: &str, names: &[(&str, bool)]) {
        let there: Vec<_> = names.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        if !there.is_empty() {
            self.errors.push(format!("{whole} stands instead of {}: set one or the other", there.join(", ")));
        }
    }

    /// What is in the file of certificates, if one is set.
    pub(super) fn pem(&mut self, name: &str, path: &str) -> Option<Vec<u8>> {
        let path = set(path)?;
        std::fs::read(path).map_err(|e| self.errors.push(format!("{name} {path} cannot be read: {e}"))).ok()
    }

    /// An address that people's browsers are sent to, or that hears secrets: nobody on the way may read or change what is said.
    pub(super) fn address(&mut self, name: &str, text: &str) -> Option<Url> {
        let url = self.internal_address(name, text)?;
        if self.production && url.scheme() == "http" && !url.host_str().is_some_and(is_loopback) {
            self.errors.push(format!("{name} is an https address in production, but on this machine: {url}"));
        }
        Some(url)
    }

    /// One that may be reached in the clear, inside of a network of one's own.
    pub(super) fn internal_address(&mut self, name: &str, text: &str) -> Option<Url> {
        let text = set(text)?;
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
            _ => {
                self.errors.push(format!("{name} is no http or https address: {text}"));
                None
            }
        }
    }

    /// What signs sessions; whoever guesses it is everybody.
    pub(super) fn signing_secret(&mut self, name: &str, value: &SecretString) -> Option<SecretString> {
        let value = secret(value)?;
        let bytes = value.expose_secret().as_bytes();
        let distinct = bytes.iter().collect::<HashSet<_>>().len();
        if self.production && (bytes.len() < 32 || distinct < 10 || PUBLISHED_SECRETS.contains(&value.expose_secret().trim())) {
            self.errors.push(format!("{name} can be guessed: it is 32 random bytes or more (openssl rand -base64 48)"));
        }
        Some(value.clone())
    }

    /// As browsers write it: what is compared with it is what they say.
    pub(super) fn origin(&mut self, name: &str, text: &str) -> Option<String> {
        let url = self.address(name, text)?;
        let origin = url.origin().ascii_serialization();
        if url.as_str() != format!("{origin}/") {
            self.errors.push(format!("{name} is an origin, here {origin}: it has no path, query, fragment or user"));
        }
        Some(origin)
    }
}

/// The file of this program: on Linux also where another version lies at its place by now.
fn program() -> PathBuf {
    let own = Path::new("/proc/self/exe");
    if own.exists() { own.to_owned() } else { std::env::current_exe().unwrap_or_default() }
}

impl Raw {
    pub(super) fn check(self) -> Result<Settings, SettingsError> {
        let production = match whole_word(&self.environment) {
            "production" => true,
            "development" => false,
            other => return Err(SettingsError(vec![format!("ENVIRONMENT is development or production, not {other}")])),
        };
        let mut check = Check { production, errors: Vec::new(), warnings: Vec::new() };
        let postgres = self.postgres(&mut check);
        let postgres_replica = self.postgres_replica(&mut check, postgres.is_some());
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
        let otlp_endpoint = check.internal_address("OTEL_EXPORTER_OTLP_ENDPOINT", &self.otel_exporter_otlp_endpoint);
        let operator_emails = check.emails("OPERATOR_EMAILS", &self.operator_emails);
        let api_docs = check.on_off("API_DOCS", &self.api_docs).unwrap_or(!production);
        self.exposed_development(&mut check, postgres.is_some());
        let portone = check.address("PORTONE_API_BASE_URL", &self.portone_api_base_url);
        let sandbox_base = check.origin("SANDBOX_BASE_URL", &self.sandbox_base_url);
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
        if !(1..=3_600).contains(&self.keep_alive_seconds) {
            check.errors.push("KEEP_ALIVE_SECONDS is from 1 to 3600".to_owned());
        }
        if self.db_pool_size == 0 || self.redis_pool_size == 0 {
            check.errors.push("DB_POOL_SIZE and REDIS_POOL_SIZE are at least 1".to_owned());
        }
        if !(LEAST_KEPT.num_days()..=3_650).contains(&self.keep_payments_days) {
            check.errors.push(format!("KEEP_PAYMENTS_DAYS is from {} to 3650", LEAST_KEPT.num_days()));
        }
        let jwt_secret = check.signing_secret("JWT_SECRET", &self.jwt_secret);
        let jwt_secret_previous = check.signing_secret("JWT_SECRET_PREVIOUS", &self.jwt_secret_previous);
        let legacy_tokens_until = self.legacy_tokens_until(&mut check);
        let trusted_proxies = self.trusted_proxies(&mut check);
        let rate_limits = self.rate_limits(&mut check);
        let store_approval = self.store_approval(&mut check);
        let secret_keys = self.secret_keys(&mut check);
        let redis = self.redis(&mut check);
        let mongodb = self.mongodb(&mut check);
        let s3 = self.s3(&mut check);
        let smtp = self.smtp(&mut check);
        let web_push = self.web_push(&mut check, public_base.as_deref(), jwt_secret.as_ref());
        let (true, Some(secret_keys)) = (check.errors.is_empty(), secret_keys) else { return Err(SettingsError(check.errors)) };
        let data_dir = PathBuf::from(&self.cheapbob_data_dir);
        Ok(Settings {
            production,
            debug: self.debug,
            port: self.port,
            keep_alive: Duration::from_secs(self.keep_alive_seconds),
            trusted_proxies,
            rate_limits,
            store_approval,
            frontend_url,
            frontend_local_url,
            postgres: postgres.map_or_else(|| PostgresAt::Child(data_dir.clone()), PostgresAt::Server),
            postgres_replica,
            program: program(),
            data_dir,
            otlp_endpoint,
            operator_emails,
            metrics_port: Some(self.metrics_port).filter(|port| *port != 0),
            db_pool_size: self.db_pool_size,
            redis,
            redis_pool_size: self.redis_pool_size,
            oauth,
            keep_payments: chrono::Duration::days(self.keep_payments_days),
            kakao_admin_key: secret(&self.kakao_admin_key).cloned(),
            public_base: public_base.unwrap_or_else(|| format!("http://localhost:{}", self.port)),
            jwt_secret: jwt_secret.unwrap_or_else(random_secret),
            jwt_secret_previous,
            legacy_tokens_until,
            api_docs,
            jwt_algorithm,
            jwt_life: chrono::Duration::minutes(self.jwt_expire_minutes),
            secret_keys: Arc::new(secret_keys),
            portone: portone.or_else(|| if production { Url::parse("https://api.portone.io").ok() } else { None }),
            sandbox_base: sandbox_base.unwrap_or_else(|| format!("http://127.0.0.1:{}", self.port)),
            mongodb,
            s3,
            smtp,
            web_push,
            host: self.host,
            warnings: check.warnings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong; an empty text where nothing is.
    fn wrong(settings: &[(&str, &str)]) -> String {
        Settings::from_pairs(settings).map_or_else(|e| e.0.join("; "), |_| String::new())
    }

    #[test]
    fn a_secret_that_nobody_has_set_is_nobodys() {
        let secret = |settings: &[(&str, &str)]| Settings::from_pairs(settings).unwrap().jwt_secret.expose_secret().to_owned();
        assert!(secret(&[]).len() >= 32);
        assert_ne!(secret(&[]), secret(&[]));
        assert_eq!(secret(&[("jwt_secret", "mine")]), "mine");
    }

    #[test]
    fn production_refuses_what_can_be_guessed_or_read_on_the_way() {
        let production = |more: &[(&str, &str)]| wrong(&[&[("environment", "production")], more].concat());
        let long = "x7Qp2vL9sK4mT8wZ1nB6cF3hJ5gD0rYe";
        for guessed in ["short", &"x".repeat(64), PUBLISHED_SECRETS[0], PUBLISHED_SECRETS[1], &long[1..]] {
            for name in ["jwt_secret", "jwt_secret_previous"] {
                let said = production(&[(name, guessed)]);
                assert!(said.contains(&format!("{} can be guessed", name.to_uppercase())), "{guessed}: {said}");
            }
        }
        assert!(!production(&[("jwt_secret", long), ("jwt_secret_previous", long)]).contains("guessed"));
        let published = "mine:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,old:Y2hlYXBib2IgZGV2ZWxvcG1lbnQgc2VjcmV0cyBrZXk=";
        assert!(production(&[("cheapbob_secret_keys", published)]).contains("the key of development"));
        for name in ["frontend_url", "oauth_redirect_base_url", "portone_api_base_url", "aws_s3_endpoint_url", "aws_s3_public_url"] {
            let said = |address| production(&[(name, address)]);
            let line = format!("{} is an https address in production", name.to_uppercase());
            assert!(said("http://shop.example").contains(&line), "{name}");
            for fine in ["https://shop.example", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
                assert!(!said(fine).contains(&line), "{name} {fine}");
            }
        }
        // Inside of a network of one's own.
        assert!(!production(&[("otel_exporter_otlp_endpoint", "http://collector:4318")]).contains("collector"));
    }

    #[test]
    fn the_python_services_words_for_the_environments_are_understood() {
        assert!(!Settings::from_pairs(&[("environment", "dev")]).unwrap().production);
        assert!(wrong(&[("environment", "prd")]).contains("JWT_SECRET is required in production"));
        assert!(wrong(&[("environment", "staging")]).contains("ENVIRONMENT is development or production"));
    }

    #[test]
    fn operators_are_addresses() {
        let emails = |text| Settings::from_pairs(&[("operator_emails", text)]).map(|settings| settings.operator_emails);
        assert_eq!(emails("").unwrap().len(), 0);
        let two: Vec<_> = emails(" A@b.example, c@d.example,").unwrap().into_iter().map(|email| email.to_string()).collect();
        assert_eq!(two, ["a@b.example", "c@d.example"]);
        assert!(wrong(&[("operator_emails", "a@b.example,nobody")]).contains("OPERATOR_EMAILS is e-mail addresses"));
    }

    #[test]
    fn the_documentation_is_for_development_unless_somebody_says_so() {
        let docs = |settings: &[(&str, &str)]| Settings::from_pairs(settings).unwrap().api_docs;
        assert!(docs(&[]) && docs(&[("api_docs", "on")]) && !docs(&[("api_docs", "off")]));
        assert!(wrong(&[("api_docs", "maybe")]).contains("API_DOCS is on or off, not maybe"));
    }
}
