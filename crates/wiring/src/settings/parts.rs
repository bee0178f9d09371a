//! The settings of one part each.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_adapters_postgres::{Address, SecretKeys};
use cheapbob_adapters_redis::{HostPort, RedisServers, RedisSettings};
use cheapbob_adapters_s3::{S3Keys, S3Settings, S3Style};
use cheapbob_adapters_smtp::{SmtpSettings, SmtpTls};
use cheapbob_adapters_webpush::WebPushSettings;
use cheapbob_domain::shared::keys::derive;
use secrecy::{ExposeSecret, SecretString};

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
        let published = DEVELOPMENT.split(':').next_back().unwrap_or_default();
        if check.production && there && keys.expose_secret().contains(published) {
            check.errors.push("CHEAPBOB_SECRET_KEYS has the key of development, which everybody knows".to_owned());
        }
        SecretKeys::parse(&keys).map_err(|e| check.errors.push(format!("CHEAPBOB_SECRET_KEYS: {e}"))).ok()
    }

    pub(super) fn redis(&self, check: &mut Check) -> Option<RedisSettings> {
        let root_certificate = check.pem("REDIS_CA_FILE", &self.redis_ca_file);
        let (url, servers) = if set(&self.redis_sentinels).is_some() {
            self.redis_by_sentinels(check)?
        } else {
            self.redis_itself(check, root_certificate.is_some())?
        };
        let settings = RedisSettings { url, root_certificate, servers };
        let wrong = "REDIS_URL, or the names instead of it, and REDIS_CA_FILE";
        settings.check().map_err(|e| check.errors.push(format!("{wrong}: {e}"))).ok()?;
        Some(settings)
    }

    fn redis_by_sentinels(&self, check: &mut Check) -> Option<(SecretString, RedisServers)> {
        let others = [
            ("REDIS_HOST", set(&self.redis_host).is_some()),
            ("REDIS_URL", secret(&self.redis_url).is_some()),
            ("REDIS_CLUSTER", self.redis_cluster),
        ];
        check.instead("REDIS_SENTINELS", &others);
        let (service, password) = (set(&self.redis_sentinel_service), secret(&self.redis_sentinel_password));
        if service.is_none() {
            check.errors.push("REDIS_SENTINELS is set, but REDIS_SENTINEL_SERVICE is not: set all or none of them".to_owned());
        }
        let user = set(&self.redis_sentinel_user).unwrap_or_default();
        let sentinels = hosts(check, "REDIS_SENTINELS", &self.redis_sentinels, SENTINEL_PORT)?;
        let (service, login) = (service?.to_owned(), password.map(|password| (user.to_owned(), password.clone())));
        let (host, port) = sentinels.first()?;
        Some((self.redis_names_as_url(host, *port), RedisServers::Sentinels { sentinels, service, login }))
    }

    fn redis_itself(&self, check: &mut Check, with_authority: bool) -> Option<(SecretString, RedisServers)> {
        let servers = |others| if self.redis_cluster { RedisServers::Cluster { others } } else { RedisServers::One };
        if let Some(url) = secret(&self.redis_url) {
            let names = [
                ("REDIS_HOST", set(&self.redis_host).is_some()),
                ("REDIS_USER", set(&self.redis_user).is_some()),
                ("REDIS_PASSWORD", secret(&self.redis_password).is_some()),
                ("REDIS_TLS", self.redis_tls),
            ];
            check.instead("REDIS_URL", &names);
            return Some((url.clone(), servers(Vec::new())));
        }
        let host = set(&self.redis_host);
        let mut part = vec![("REDIS_HOST (or REDIS_URL, or REDIS_SENTINELS)", host.is_some())];
        part.extend(secret(&self.redis_password).map(|_| ("REDIS_PASSWORD", true)));
        part.extend(set(&self.redis_user).map(|_| ("REDIS_PASSWORD", secret(&self.redis_password).is_some())));
        part.extend(with_authority.then_some(("REDIS_TLS", self.redis_tls)));
        part.extend(self.redis_cluster.then_some(("REDIS_CLUSTER", true)));
        if !check.part(&part) {
            return None;
        }
        if !self.redis_cluster {
            return Some((self.redis_names_as_url(host?, self.redis_port), RedisServers::One));
        }
        let mut nodes = hosts(check, "REDIS_HOST", host?, self.redis_port)?;
        let (first, port) = nodes.remove(0);
        Some((self.redis_names_as_url(&first, port), servers(nodes)))
    }

    fn redis_names_as_url(&self, host: &str, port: u16) -> SecretString {
        let scheme = if self.redis_tls { "rediss" } else { "redis" };
        let login = login(set(&self.redis_user), secret(&self.redis_password));
        SecretString::from(format!("{scheme}://{login}{}:{port}/{}", in_url(host), self.redis_db))
    }

    pub(super) fn mongodb(&self, check: &mut Check) -> Option<MongoSettings> {
        let (user, password) = (set(&self.mongodb_user), secret(&self.mongodb_password));
        let uri = if let Some(uri) = secret(&self.mongodb_uri) {
            let names = [
                ("MONGODB_HOST", set(&self.mongodb_host).is_some()),
                ("MONGODB_USER", user.is_some()),
                ("MONGODB_PASSWORD", password.is_some()),
                ("MONGODB_AUTH_SOURCE", set(&self.mongodb_auth_source).is_some()),
            ];
            check.instead("MONGODB_URI", &names);
            uri.clone()
        } else {
            let there = check.part(&[
                ("MONGODB_HOST (or MONGODB_URI)", set(&self.mongodb_host).is_some()),
                ("MONGODB_NAME", set(&self.mongodb_name).is_some()),
            ]);
            check.pair(("MONGODB_USER", user.is_some()), ("MONGODB_PASSWORD", password.is_some()));
            if !there {
                return None;
            }
            let source = set(&self.mongodb_auth_source).map(|source| format!("?authSource={}", encoded(source))).unwrap_or_default();
            let host = in_url(self.mongodb_host.trim());
            SecretString::from(format!("mongodb://{}{host}:{}/{source}", login(user, password), self.mongodb_port))
        };
        let settings = MongoSettings { uri, database: set(&self.mongodb_name).map(str::to_owned) };
        settings.check().map_err(|e| check.errors.push(e.to_string())).ok()?;
        Some(settings)
    }

    pub(super) fn s3(&self, check: &mut Check) -> Option<S3Settings> {
        let (key, secret_key) = (set(&self.aws_access_key_id), secret(&self.aws_secret_access_key));
        let mut part =
            vec![("AWS_REGION", set(&self.aws_region).is_some()), ("AWS_S3_BUCKET_NAME", set(&self.aws_s3_bucket_name).is_some())];
        if key.is_some() || secret_key.is_some() || secret(&self.aws_session_token).is_some() {
            part.extend([("AWS_ACCESS_KEY_ID", key.is_some()), ("AWS_SECRET_ACCESS_KEY", secret_key.is_some())]);
        }
        let there = check.part(&part);
        let endpoint = check.address("AWS_S3_ENDPOINT_URL", &self.aws_s3_endpoint_url);
        let public_base = check.address("AWS_S3_PUBLIC_URL", &self.aws_s3_public_url);
        let style = match set(&self.aws_s3_style) {
            // A name with a dot is in no certificate of AWS'.
            None if endpoint.is_some() || self.aws_s3_bucket_name.contains('.') => S3Style::Path,
            None | Some("virtual") => S3Style::Virtual,
            Some("path") => S3Style::Path,
            Some(other) => {
                check.errors.push(format!("AWS_S3_STYLE is path or virtual, not {other}"));
                S3Style::Path
            }
        };
        let keys = key.zip(secret_key).map(|(id, secret_key)| S3Keys {
            id: id.to_owned(),
            secret: secret_key.clone(),
            session_token: secret(&self.aws_session_token).cloned(),
        });
        there.then(|| S3Settings {
            keys,
            region: self.aws_region.trim().to_owned(),
            bucket: self.aws_s3_bucket_name.trim().to_owned(),
            endpoint,
            public_base,
            style,
        })
    }

    pub(super) fn smtp(&self, check: &mut Check) -> Option<SmtpSettings> {
        let host = self.super_admin_smtp_host.trim();
        let there = check
            .part(&[("SUPER_ADMIN_SMTP_HOST", !host.is_empty()), ("SUPER_ADMIN_SMTP_EMAIL", set(&self.super_admin_smtp_email).is_some())]);
        let (user, password) = (set(&self.super_admin_smtp_user), secret(&self.super_admin_smtp_password));
        check.pair(("SUPER_ADMIN_SMTP_USER", user.is_some()), ("SUPER_ADMIN_SMTP_PASSWORD", password.is_some()));
        if user.is_some() && !there && !check.production {
            check.part(&[("SUPER_ADMIN_SMTP_USER", true), ("SUPER_ADMIN_SMTP_HOST", !host.is_empty())]);
        }
        /// The port of implicit TLS (RFC 8314).
        const IMPLICIT: u16 = 465;
        // What leaves this machine in clear text, passwords among it, everybody on the way can read.
        let here = matches!(host, "localhost" | "127.0.0.1" | "::1");
        let tls = match set(&self.super_admin_smtp_tls) {
            None if self.super_admin_smtp_port == IMPLICIT => SmtpTls::Implicit,
            None | Some("starttls") => SmtpTls::StartTls,
            Some("implicit") => SmtpTls::Implicit,
            Some("none") if here || !check.production => SmtpTls::None,
            Some(other) => {
                let none = if check.production { "none on this machine alone" } else { "none" };
                check.errors.push(format!("SUPER_ADMIN_SMTP_TLS is implicit or starttls ({none}), not {other}"));
                SmtpTls::StartTls
            }
        };
        let root_certificate = check.pem("SUPER_ADMIN_SMTP_CA_FILE", &self.super_admin_smtp_ca_file);
        there.then(|| SmtpSettings {
            host: host.to_owned(),
            port: self.super_admin_smtp_port,
            credentials: user.map(str::to_owned).zip(password.cloned()),
            email: self.super_admin_smtp_email.trim().to_owned(),
            name: self.super_admin_smtp_name.trim().to_owned(),
            tls,
            root_certificate,
        })
    }

    pub(super) fn web_push(&self, check: &mut Check, base: Option<&str>, jwt_secret: Option<&SecretString>) -> Option<WebPushSettings> {
        // All processes, and each after its restart, have to be the one by which browsers have subscribed.
        let derived =
            || jwt_secret.filter(|_| check.production).map(|secret| URL_SAFE_NO_PAD.encode(derive(secret, "cheapbob:web-push")).into());
        let key: Option<SecretString> = secret(&self.vapid_private_key).cloned().or_else(derived);
        // Where the operators of push services find us.
        let subject = match (set(&self.super_admin_smtp_email), base) {
            (Some(email), _) => format!("mailto:{email}"),
            (None, Some(base)) => base.to_owned(),
            (None, None) => "mailto:nobody@localhost".to_owned(),
        };
        let settings = WebPushSettings { private_key: key?, subject, own_machine: !check.production };
        settings.check().map_err(|e| check.errors.push(e.to_string())).ok()?;
        Some(settings)
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

    /// `with_primary`: whether there is a server of which it can be a replica.
    pub(super) fn postgres_replica(&self, check: &mut Check, with_primary: bool) -> Option<Address> {
        let url = secret(&self.database_replica_url)?.expose_secret().trim();
        if !with_primary && check.errors.is_empty() {
            check.errors.push("DATABASE_REPLICA_URL is set, but DATABASE_URL (or DB_HOST, DB_USER and DB_NAME) is not".to_owned());
        }
        Address::parse_replica(url).map_err(|e| check.errors.push(format!("DATABASE_REPLICA_URL: {e}"))).ok()
    }

    fn serving_postgres(&self, check: &mut Check) -> Option<Address> {
        if secret(&self.database_url).is_some() {
            let names = [
                ("DB_HOST", set(&self.db_host).is_some()),
                ("DB_USER", set(&self.db_user).is_some()),
                ("DB_PASSWORD", secret(&self.db_password).is_some()),
                ("DB_NAME", set(&self.db_name).is_some()),
                ("DB_SSLMODE", set(&self.db_sslmode).is_some()),
                ("DB_SSLROOTCERT", set(&self.db_sslrootcert).is_some()),
                ("DB_SSLCERT", set(&self.db_sslcert).is_some()),
                ("DB_SSLKEY", set(&self.db_sslkey).is_some()),
                ("DB_POOL_MODE", set(&self.db_pool_mode).is_some()),
            ];
            check.instead("DATABASE_URL", &names);
            return address(check, "DATABASE_URL", self.database_url.expose_secret().trim());
        }
        let there = check.part(&[
            ("DB_HOST (or DATABASE_URL)", set(&self.db_host).is_some()),
            ("DB_USER", set(&self.db_user).is_some()),
            ("DB_NAME", set(&self.db_name).is_some()),
        ]);
        if there { address(check, "the DB_… settings", &self.postgres_url()) } else { None }
    }

    /// The names as one address.
    fn postgres_url(&self) -> String {
        // A socket's folder has slashes.
        let host = |name: &str| format!("{}:{}", in_url(name.trim()).replace('/', "%2F"), self.db_port);
        let hosts: Vec<_> = self.db_host.split(',').map(host).collect();
        let words = [
            ("sslmode", &self.db_sslmode),
            ("sslrootcert", &self.db_sslrootcert),
            ("sslcert", &self.db_sslcert),
            ("sslkey", &self.db_sslkey),
            ("pool_mode", &self.db_pool_mode),
        ];
        let words: Vec<_> = words.iter().filter_map(|(word, text)| Some(format!("{word}={}", encoded(set(text)?)))).collect();
        format!(
            "postgres://{}:{}@{}/{}?{}",
            encoded(self.db_user.trim()),
            encoded(self.db_password.expose_secret()),
            hosts.join(","),
            encoded(self.db_name.trim()),
            words.join("&")
        )
    }
}

fn address(check: &mut Check, name: &str, url: &str) -> Option<Address> {
    Address::parse(url).map_err(|e| check.errors.push(format!("{name}: {e}"))).ok()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// `user:password@`, `:password@`, or nothing.
fn login(user: Option<&str>, password: Option<&SecretString>) -> String {
    password.map(|password| format!("{}:{}@", encoded(user.unwrap_or_default()), encoded(password.expose_secret()))).unwrap_or_default()
}

/// Where Sentinels listen unless told otherwise.
const SENTINEL_PORT: u16 = 26_379;

/// Hosts, each with its port or without, and commas in between: `a:7000, ::1, [::1]:7000`.
fn hosts(check: &mut Check, name: &str, text: &str, port: u16) -> Option<Vec<HostPort>> {
    let one = |text: &str| -> Option<HostPort> {
        let bare_ipv6 = !text.starts_with('[') && text.matches(':').count() > 1;
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !bare_ipv6 && !text.ends_with(']') => (host, port.parse().ok()?),
            _ => (text, port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        (!host.is_empty()).then(|| (host.to_owned(), port))
    };
    let all: Option<Vec<_>> = text.split(',').map(|text| one(text.trim())).collect();
    if all.is_none() {
        check.errors.push(format!("{name} is a list of host or host:port, with commas in between: {text}"));
    }
    all
}

/// A host as it stands in an address: IPv6 in brackets.
fn in_url(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::settings::{PostgresAt, Settings};

    /// Development on a server.
    const MEANT: (&str, &str) = ("allow_exposed_development", "true");

    fn shown(settings: &[(&str, &str)]) -> String {
        match Settings::from_pairs(&[settings, &[MEANT]].concat()) {
            Ok(Settings { postgres: PostgresAt::Server(address), .. }) => address.to_string(),
            Ok(_) => "a child".to_owned(),
            Err(e) => e.0.join("; "),
        }
    }

    fn redis(settings: &[(&str, &str)]) -> String {
        match Settings::from_pairs(settings) {
            Ok(Settings { redis: Some(at), .. }) => at.to_string(),
            Ok(_) => "its fake".to_owned(),
            Err(e) => e.0.join("; "),
        }
    }

    #[test]
    fn redis_is_one_server_or_several() {
        let user = ("redis_user", "u");
        let password = ("redis_password", "s3cret@");
        assert_eq!(redis(&[]), "its fake");
        assert_eq!(redis(&[("redis_host", "::1"), user, password]), "redis://[::1]:6379/0");
        assert_eq!(redis(&[("redis_url", "rediss://u:s3cret@a:1/2")]), "rediss://a:1/2");
        let sentinels = ("redis_sentinels", "a, b:1, ::1, [::2]:3");
        let by_sentinels = [sentinels, ("redis_sentinel_service", "shop"), ("redis_sentinel_password", "s3cret"), password];
        assert_eq!(redis(&by_sentinels), "redis:// of shop, by Sentinel at a:26379, b:1, ::1:26379, ::2:3");
        assert!(redis(&[sentinels]).starts_with("REDIS_SENTINELS is set, but REDIS_SENTINEL_SERVICE is not"));
        assert!(
            redis(&[by_sentinels.as_slice(), &[("redis_host", "a")]].concat()).starts_with("REDIS_SENTINELS stands instead of REDIS_HOST")
        );
        assert!(redis(&[("redis_sentinels", "a:b"), by_sentinels[1]]).starts_with("REDIS_SENTINELS is a list of host or host:port"));
        let cluster = ("redis_cluster", "true");
        assert_eq!(redis(&[cluster, ("redis_host", "a,b:7001"), password]), "redis://a:6379/0, a Cluster; others: b:7001");
        assert_eq!(redis(&[cluster, ("redis_url", "rediss://:s3cret@a:1")]), "rediss://a:1, a Cluster");
        assert!(redis(&[cluster]).starts_with("REDIS_CLUSTER is set, but REDIS_HOST"));
        assert!(redis(&[cluster, ("redis_host", "a"), ("redis_db", "1")]).contains("a Cluster has database 0 alone"));
        assert!(redis(&[cluster, ("redis_url", "unix:///run/redis.sock")]).contains("no sockets"));
    }

    #[test]
    fn a_replica_is_one_of_a_server() {
        let replica = ("database_replica_url", "postgres://u:hidden@replica/c?sslmode=disable");
        let primary = ("database_url", "postgres://u:hidden@db/c?sslmode=disable");
        assert!(Settings::from_pairs(&[MEANT, primary]).unwrap().postgres_replica.is_none());
        let both = Settings::from_pairs(&[MEANT, primary, replica]).unwrap();
        assert_eq!(both.postgres_replica.unwrap().to_string(), "replica:5432, in the clear");
        assert!(shown(&[replica]).starts_with("DATABASE_REPLICA_URL is set, but DATABASE_URL"));
        assert!(shown(&[primary, ("database_replica_url", "replica:hidden@db")]).starts_with("DATABASE_REPLICA_URL: it does not begin"));
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
        assert_eq!(shown(&[url.as_slice(), &[("db_host", "db")]].concat()), "DATABASE_URL stands instead of DB_HOST: set one or the other");
        assert!(shown(&[("database_url", "mysql://u:hidden@db")]).starts_with("DATABASE_URL: it does not begin with postgres://"));
    }
}
