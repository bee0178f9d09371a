//! `cheapbob-http check`: every part, how it would be reached, and whether it does what we need of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use cheapbob_adapters_mongo::Mongo;
use cheapbob_adapters_oauth::ProviderSettings;
use cheapbob_adapters_portone::PortOne;
use cheapbob_adapters_postgres::{Postgres, Waiting};
use cheapbob_adapters_redis::Redis;
use cheapbob_adapters_s3::S3;
use cheapbob_adapters_smtp::Smtp;
use cheapbob_domain::{
    shared::{self, Clock, remote::without_login},
    users::Provider,
};
use chrono::SecondsFormat;
use futures::future::BoxFuture;
use secrecy::ExposeSecret;

use crate::{
    settings::{OAuthClient, PostgresAt, Settings},
    system::SystemClock,
};

/// How long one part may take: longer than any limit of its own.
const PATIENCE: Duration = Duration::from_secs(20);

/// One part of the product.
struct Part {
    name: &'static str,
    /// How it would be reached; shows no secret.
    at: String,
    /// The settings that say so.
    settings: &'static str,
    /// `None`: there is nothing to try.
    attempt: Option<BoxFuture<'static, shared::Result<()>>>,
}

impl Part {
    fn real(
        name: &'static str,
        at: String,
        settings: &'static str,
        attempt: impl Future<Output = shared::Result<()>> + Send + 'static,
    ) -> Self {
        Self { name, at, settings, attempt: Some(Box::pin(attempt)) }
    }

    fn unset(name: &'static str, at: impl Into<String>, settings: &'static str) -> Self {
        Self { name, at: at.into(), settings, attempt: None }
    }
}

/// Tries every part, and says what came of it: a line for each, and where something is wrong two more, with the reason and the settings
/// to look at. Writes nothing but a mark of its own in Redis and MongoDB, to see that they take writes. Whether all is well.
///
/// # Errors
/// Where a part's settings are none that its library takes.
pub async fn check(settings: &Settings, say: impl Fn(&str)) -> Result<bool> {
    let mut all_well = true;
    for Part { name, at, settings, attempt } in parts(settings)? {
        let Some(attempt) = attempt else {
            say(&format!("{name:<8} -      {at}"));
            continue;
        };
        let begin = Instant::now();
        let tried = tokio::time::timeout(PATIENCE, attempt).await.unwrap_or_else(|e| Err(shared::Error::unavailable(name, e)));
        match tried {
            Ok(()) => say(&format!("{name:<8} ok     {at} ({} ms)", begin.elapsed().as_millis())),
            Err(error) => {
                all_well = false;
                say(&format!("{name:<8} WRONG  {at}"));
                say(&format!("                {error}"));
                say(&format!("                see {settings}"));
            }
        }
    }
    Ok(all_well)
}

fn parts(settings: &Settings) -> Result<Vec<Part>> {
    let mut parts = vec![postgres(settings)?];
    parts.extend(migrations(settings));
    parts.extend(replica(settings)?);
    parts.extend([redis(settings)?, mongodb(settings)?, s3(settings)?, smtp(settings)?, portone(settings)?]);
    for (provider, client) in Provider::ALL.into_iter().zip(&settings.oauth) {
        parts.push(oauth(provider, client.as_ref())?);
    }
    parts.extend(legacy_tokens(settings));
    Ok(parts)
}

fn postgres(settings: &Settings) -> Result<Part> {
    const SETTINGS: &str = "DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME, DB_SSLMODE, DB_SSLROOTCERT, DB_POOL_MODE";
    Ok(match &settings.postgres {
        PostgresAt::Server(address) => {
            let pool = Postgres::new(address, 1, Waiting::Person, Arc::clone(&settings.secret_keys))?;
            Part::real("postgres", address.to_string(), SETTINGS, async move { pool.ping().await })
        }
        PostgresAt::Child(folder) => {
            Part::unset("postgres", format!("a private child process, its data in {}", folder.display()), SETTINGS)
        }
    })
}

/// The way past a pooler, where there is one.
fn migrations(settings: &Settings) -> Option<Part> {
    let PostgresAt::Server(address) = &settings.postgres else { return None };
    let direct = address.direct()?.clone();
    let at = direct.to_string();
    let attempt = async move { direct.establish().await.map(|_| ()).map_err(|e| shared::Error::unavailable("postgres", e)) };
    Some(Part::real("migrate", at, "MIGRATION_DATABASE_URL", attempt))
}

/// PostgreSQL's replica, where there is one.
fn replica(settings: &Settings) -> Result<Option<Part>> {
    let (PostgresAt::Server(primary), Some(at)) = (&settings.postgres, &settings.postgres_replica) else { return Ok(None) };
    let pool = Postgres::new(primary, 1, Waiting::Person, Arc::clone(&settings.secret_keys))?;
    let pool = pool.with_replica(at, 1, Arc::new(shared::Breaker::for_people("replica")))?;
    Ok(Some(Part::real("replica", at.to_string(), "DATABASE_REPLICA_URL", async move { pool.ping_replica().await })))
}

fn redis(settings: &Settings) -> Result<Part> {
    const SETTINGS: &str = "REDIS_URL, or REDIS_HOST, REDIS_PORT, REDIS_DB, REDIS_USER, REDIS_PASSWORD, REDIS_TLS, REDIS_CA_FILE; REDIS_SENTINELS, REDIS_SENTINEL_SERVICE, REDIS_SENTINEL_USER, REDIS_SENTINEL_PASSWORD; REDIS_CLUSTER";
    let Some(at) = &settings.redis else { return Ok(Part::unset("redis", "its fake, in PostgreSQL", SETTINGS)) };
    let redis = Redis::new(at, 1)?;
    Ok(Part::real("redis", at.to_string(), SETTINGS, async move { redis.ping().await }))
}

fn mongodb(settings: &Settings) -> Result<Part> {
    const SETTINGS: &str = "MONGODB_URI, or MONGODB_HOST, MONGODB_PORT, MONGODB_USER, MONGODB_PASSWORD, MONGODB_AUTH_SOURCE; MONGODB_NAME";
    let Some(at) = &settings.mongodb else { return Ok(Part::unset("mongodb", "its fake, in PostgreSQL", SETTINGS)) };
    let mongo = Mongo::new(at)?;
    Ok(Part::real("mongodb", without_login(at.uri.expose_secret()), SETTINGS, async move { mongo.ping().await }))
}

fn s3(settings: &Settings) -> Result<Part> {
    const SETTINGS: &str = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_S3_BUCKET_NAME, AWS_S3_ENDPOINT_URL, AWS_S3_STYLE";
    let Some(at) = &settings.s3 else {
        return Ok(Part::unset("s3", format!("a folder, {}", settings.data_dir.join("media").display()), SETTINGS));
    };
    let place = at.endpoint.as_ref().map_or_else(|| format!("AWS in {}", at.region), |endpoint| without_login(endpoint.as_str()));
    let s3 = S3::new(at)?;
    Ok(Part::real("s3", format!("bucket {} at {place}", at.bucket), SETTINGS, async move { s3.ping().await }))
}

fn smtp(settings: &Settings) -> Result<Part> {
    const SETTINGS: &str = "SUPER_ADMIN_SMTP_HOST, SUPER_ADMIN_SMTP_PORT, SUPER_ADMIN_SMTP_TLS, SUPER_ADMIN_SMTP_CA_FILE, SUPER_ADMIN_SMTP_USER, SUPER_ADMIN_SMTP_PASSWORD";
    let Some(at) = &settings.smtp else { return Ok(Part::unset("smtp", "the sandbox's mail box", SETTINGS)) };
    let smtp = Smtp::new(at)?;
    Ok(Part::real("smtp", format!("{}:{}, {:?}", at.host, at.port, at.tls), SETTINGS, async move { smtp.ping().await }))
}

fn portone(settings: &Settings) -> Result<Part> {
    const SETTINGS: &str = "PORTONE_API_BASE_URL";
    let Some(at) = &settings.portone else { return Ok(Part::unset("portone", "the sandbox's", SETTINGS)) };
    let portone = PortOne::new(at.clone(), settings.production)?;
    Ok(Part::real("portone", without_login(at.as_str()), SETTINGS, async move { portone.ping().await }))
}

/// Whether the Python service's tokens are taken, where anybody has said so.
fn legacy_tokens(settings: &Settings) -> Option<Part> {
    let until = settings.legacy_tokens_until?;
    let ends = if SystemClock.now() < until { "are exchanged until" } else { "are refused since" };
    let at = format!("of the Python service {ends} {}", until.to_rfc3339_opts(SecondsFormat::Secs, true));
    Some(Part::unset("tokens", at, "LEGACY_TOKENS_UNTIL"))
}

/// Whether a provider is there; whether it knows us, only a login tells.
fn oauth(provider: Provider, client: Option<&OAuthClient>) -> Result<Part> {
    const SETTINGS: &str = "whether this machine may speak to the internet";
    let Some(client) = client else { return Ok(Part::unset(provider.as_str(), "the sandbox's", SETTINGS)) };
    let at = ProviderSettings::real(provider, client.id.clone(), client.secret.clone())?;
    Ok(Part::real(provider.as_str(), without_login(at.token_url.as_str()), SETTINGS, async move { at.ping().await }))
}
