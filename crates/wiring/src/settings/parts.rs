//! The settings of one part each.

use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::SecretKeys;
use cheapbob_adapters_s3::S3Settings;
use cheapbob_adapters_smtp::{SmtpSettings, SmtpTls};
use secrecy::SecretString;
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

    pub(super) fn postgres_url(&self) -> SecretString {
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
