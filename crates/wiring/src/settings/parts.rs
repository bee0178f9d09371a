//! The settings of one part each.

use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::{Address, SecretKeys};
use cheapbob_adapters_s3::S3Settings;
use cheapbob_adapters_smtp::{SmtpSettings, SmtpTls};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    check::{Check, secret, set},
    raw::Raw,
};

impl Raw {
    pub(super) fn secret_keys(&self, check: &mut Check) -> Option<SecretKeys> {
        /// As much of a secret as a key in a public repository can be.
        const DEVELOPMENT: &str = "development:Y2hlYXBib2IgZGV2ZWxvcG1lbnQgc2VjcmV0cyBrZXk=";
        let there = check.part(&[("CHEAPBOB_SECRET_KEYS", secret(&self.cheapbob_secret_keys).is_some())]);
        let keys = if there { self.cheapbob_secret_keys.clone() } else { SecretString::from(DEVELOPMENT) };
        SecretKeys::parse(&keys).map_err(|e| check.errors.push(format!("CHEAPBOB_SECRET_KEYS: {e}"))).ok()
    }

    pub(super) fn mongodb(&self, check: &mut Check) -> Option<MongoSettings> {
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

    pub(super) fn s3(&self, check: &mut Check) -> Option<S3Settings> {
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

    pub(super) fn smtp(&self, check: &mut Check) -> Option<SmtpSettings> {
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

    pub(super) fn postgres(&self, check: &mut Check) -> Option<Address> {
        let serving = self.serving_postgres(check)?;
        let address = match secret(&self.migration_database_url) {
            Some(url) => serving.past_pooler(address(check, "MIGRATION_DATABASE_URL", url.expose_secret().trim())?),
            None => serving,
        };
        if address.lacks_way_past_pooler() {
            check.errors.push("behind a pooler set MIGRATION_DATABASE_URL too: migrations and LISTEN go past it".to_owned());
        }
        Some(address)
    }

    fn serving_postgres(&self, check: &mut Check) -> Option<Address> {
        if secret(&self.database_url).is_some() {
            if set(&self.db_host).is_some() {
                check.errors.push("DATABASE_URL and DB_HOST are both set: set one of them".to_owned());
            }
            return address(check, "DATABASE_URL", self.database_url.expose_secret().trim());
        }
        let there = check.part(&[
            ("DB_HOST", set(&self.db_host).is_some()),
            ("DB_USER", set(&self.db_user).is_some()),
            ("DB_NAME", set(&self.db_name).is_some()),
        ]);
        if there { address(check, "the DB_… settings", &self.postgres_url()) } else { None }
    }

    /// The names as one address.
    fn postgres_url(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        // A bare IPv6 address has colons of its own; a socket's folder has slashes.
        let host = |host: &str| if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.replace('/', "%2F") };
        let hosts: Vec<_> = self.db_host.split(',').map(|name| format!("{}:{}", host(name.trim()), self.db_port)).collect();
        let words = [
            ("sslmode", &self.db_sslmode),
            ("sslrootcert", &self.db_sslrootcert),
            ("sslcert", &self.db_sslcert),
            ("sslkey", &self.db_sslkey),
            ("pool_mode", &self.db_pool_mode),
        ];
        let words: Vec<_> = words.iter().filter_map(|(word, text)| Some(format!("{word}={}", encode(set(text)?)))).collect();
        format!(
            "postgres://{}:{}@{}/{}?{}",
            encode(self.db_user.trim()),
            encode(self.db_password.expose_secret()),
            hosts.join(","),
            encode(self.db_name.trim()),
            words.join("&")
        )
    }
}

fn address(check: &mut Check, name: &str, url: &str) -> Option<Address> {
    Address::parse(url).map_err(|e| check.errors.push(format!("{name}: {e}"))).ok()
}

#[cfg(test)]
mod tests {
    use crate::settings::{PostgresAt, Settings};

    fn shown(settings: &[(&str, &str)]) -> String {
        match Settings::from_pairs(settings) {
            Ok(Settings { postgres: PostgresAt::Server(address), .. }) => address.to_string(),
            Ok(_) => "a child".to_owned(),
            Err(e) => e.0.join("; "),
        }
    }

    #[test]
    fn the_names_make_an_address() {
        let with = |more: &[(&'static str, &'static str)]| {
            let names = [("db_user", "u&?@/"), ("db_password", "p%:@/+ "), ("db_name", "a b")];
            shown(&[names.as_slice(), more].concat())
        };
        assert_eq!(with(&[("db_host", "db")]), "db:5432, TLS where the server offers it");
        assert_eq!(with(&[("db_host", "::1"), ("db_sslmode", "require")]), "::1:5432, over TLS");
        assert_eq!(with(&[("db_host", "/run/pg"), ("db_sslmode", "disable")]), "/run/pg/.s.PGSQL.5432, in the clear");
        assert_eq!(with(&[("db_host", "a, b"), ("db_port", "6000"), ("db_sslmode", "disable")]), "a:6000, b:6000, in the clear");
        assert!(with(&[("db_host", "db"), ("db_sslmode", "always")]).starts_with("the DB_… settings: sslmode is disable"));
        assert_eq!(shown(&[]), "a child");
        let url = [("database_url", "postgres://u:p@db/c?sslmode=disable")];
        assert_eq!(shown(&url), "db:5432, in the clear");
        assert_eq!(shown(&[url.as_slice(), &[("db_host", "db")]].concat()), "DATABASE_URL and DB_HOST are both set: set one of them");
        assert!(shown(&[("database_url", "mysql://u:hidden@db")]).starts_with("DATABASE_URL: it does not begin with postgres://"));
    }
}
