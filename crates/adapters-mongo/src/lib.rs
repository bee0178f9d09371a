#![doc = include_str!("../README.md")]

mod archive;
mod past;
mod reservations;
mod traces;
mod withdrawals;

use std::{io, sync::Arc, time::Duration};

use cheapbob_domain::shared::{Breaker, Error, Result};
use chrono::{DateTime, Utc};
use mongodb::{
    Client, Collection, Database,
    bson::{self, Document, doc},
    error::ErrorKind,
    options::{ClientOptions, ConnectionString, WriteConcern},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::OnceCell, time::timeout};

const PART: &str = "mongodb";

/// How long a call may look for a server.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the driver asks the server whether it lives (its default is ten seconds): what hangs is noticed so soon.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long a server is looked for at most.
const LONGEST_SEARCH: Duration = Duration::from_secs(10);

/// How long a server may be silent, and how often it is asked whether it lives, where a whole database is read.
const LEISURE: Duration = Duration::from_secs(120);

/// The collection, and its one document, that is written to see whether MongoDB takes writes.
const READY: &str = "ready";

/// How long a call may take, a batch of the rollover's a part of its own.
const LIMIT: Duration = Duration::from_secs(3);
const BATCH_LIMIT: Duration = Duration::from_secs(60);

/// Codes of a server that knows us not, or does not let us.
const AUTHENTICATION_FAILED: i32 = 18;
const UNAUTHORIZED: i32 = 13;

/// What Atlas says in its place.
const ATLAS: i32 = 8_000;

/// Where MongoDB is.
#[derive(Debug, Clone)]
pub struct MongoSettings {
    /// `mongodb://…` or `mongodb+srv://…`. Time limits, pool, read preference and write concern in it give way to ours.
    pub uri: SecretString,
    /// Database; `None`: the one of the URI.
    pub database: Option<String>,
}

impl MongoSettings {
    /// Whether they name a server and a database; asks nobody.
    ///
    /// # Errors
    /// What is wrong with them, without the URI.
    pub fn check(&self) -> std::result::Result<(), MongoSetupError> {
        let uri = ConnectionString::parse(self.uri.expose_secret())?;
        self.database.as_ref().or(uri.default_database.as_ref()).map(|_| ()).ok_or(MongoSetupError::NoDatabase)
    }
}

/// Why the settings are of no use.
#[derive(Debug, thiserror::Error)]
pub enum MongoSetupError {
    /// The URI is none. (What the driver says of it may show a part of it.)
    #[error(
        "MONGODB_URI is no address of MongoDB: mongodb://user:password@host:27017/name?authSource=admin, with %-signs for @ : / % in a password"
    )]
    Uri(#[from] mongodb::error::Error),
    /// No database is named.
    #[error("set MONGODB_NAME, or name the database in MONGODB_URI: mongodb://host/name")]
    NoDatabase,
}

/// All ports that MongoDB implements.
#[derive(Debug, Clone)]
pub struct Mongo {
    settings: Arc<MongoSettings>,
    database: Arc<OnceCell<Database>>,
    breaker: Arc<Breaker>,
}

impl Mongo {
    /// Connects when first used; that is also when the servers behind `mongodb+srv` are looked up.
    ///
    /// # Errors
    /// As [`MongoSettings::check`].
    pub fn new(settings: &MongoSettings) -> std::result::Result<Self, MongoSetupError> {
        settings.check()?;
        Ok(Self { settings: Arc::new(settings.clone()), database: Arc::default(), breaker: Arc::new(Breaker::for_people(PART)) })
    }

    async fn database(&self) -> Result<&Database> {
        let connected =
            async || self.breaker.ask(within(LIMIT, connect(&self.settings, PATIENCE, HEARTBEAT)), is_silence).await?.map_err(failed);
        self.database.get_or_try_init(connected).await
    }

    /// Behind the process's breaker.
    pub fn with_breaker(self, breaker: Arc<Breaker>) -> Self {
        Self { breaker, ..self }
    }

    /// Whether MongoDB does what we need: it takes a write of ours. Asked in any case.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time, or is full, or no primary.
    pub async fn ping(&self) -> Result<()> {
        let collection = self.collection(READY).await?;
        let now = doc! { "$set": { "at": bson::DateTime::now() } };
        let ping = within(LIMIT, collection.update_one(doc! { "_id": READY }, now).upsert(true).into_future());
        self.breaker.watch(ping, is_silence).await.map(|_| ()).map_err(failed)
    }

    /// A call's answer, within [`LIMIT`].
    async fn answered<T>(&self, call: impl IntoFuture<Output = mongodb::error::Result<T>>) -> Result<T> {
        self.ask(LIMIT, call).await?.map_err(failed)
    }

    /// The answer of a call that many rows belong to.
    async fn batch<T>(&self, call: impl IntoFuture<Output = mongodb::error::Result<T>>) -> Result<T> {
        self.ask(BATCH_LIMIT, call).await?.map_err(failed)
    }

    async fn ask<T>(
        &self,
        limit: Duration,
        call: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<mongodb::error::Result<T>> {
        Ok(self.breaker.ask(within(limit, call), is_silence).await?)
    }

    async fn collection(&self, name: &str) -> Result<Collection<Document>> {
        Ok(self.database().await?.collection(name))
    }
}

async fn connect(settings: &MongoSettings, patience: Duration, heartbeat: Duration) -> mongodb::error::Result<Database> {
    let mut options = ClientOptions::parse(settings.uri.expose_secret()).await?;
    let database = settings.database.clone().or_else(|| options.default_database.clone()).unwrap_or_default();
    options.app_name = Some("cheapbob".to_owned());
    // Whoever has mistyped an address hears of it in any case.
    options.server_selection_timeout = Some(patience.min(LONGEST_SEARCH));
    options.connect_timeout = Some(patience);
    options.heartbeat_freq = Some(heartbeat);
    options.max_pool_size = Some(16);
    options.command_event_handler = Some(traces::commands());
    options.write_concern = Some(WriteConcern::majority());
    // What was written is read back: from where it was written.
    options.selection_criteria = None;
    Ok(Client::with_options(options)?.database(&database))
}

/// The database of these settings, for a program that reads all of what others have written there: nobody waits for it, and a server that
/// sorts a year of orders may be silent for a while.
///
/// # Errors
/// As [`MongoSettings::check`]; where its servers cannot be looked up.
pub async fn open(settings: &MongoSettings) -> std::result::Result<Database, MongoSetupError> {
    settings.check()?;
    Ok(connect(settings, LEISURE, LEISURE).await?)
}

async fn within<T>(limit: Duration, call: impl IntoFuture<Output = mongodb::error::Result<T>>) -> mongodb::error::Result<T> {
    timeout(limit, call.into_future()).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Whether the server has not said anything: what it refuses it has answered.
fn is_silence<T>(outcome: &mongodb::error::Result<T>) -> bool {
    let silence = |kind: &ErrorKind| {
        matches!(
            kind,
            ErrorKind::Io(_) | ErrorKind::ServerSelection { .. } | ErrorKind::ConnectionPoolCleared { .. } | ErrorKind::DnsResolve { .. }
        )
    };
    outcome.as_ref().is_err_and(|error| silence(&error.kind))
}

/// A server that refuses us is not away: nobody may take it for one that has nothing.
fn failed(error: mongodb::error::Error) -> Error {
    let code = match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => Some(AUTHENTICATION_FAILED),
        ErrorKind::Command(refused) => Some(refused.code),
        _ => None,
    };
    match code {
        Some(AUTHENTICATION_FAILED) => Error::internal(format!(
            "MongoDB refuses the user or the password: check MONGODB_USER, MONGODB_PASSWORD and MONGODB_AUTH_SOURCE, or MONGODB_URI ({error})"
        )),
        Some(UNAUTHORIZED | ATLAS) => Error::internal(format!("MongoDB's user needs the role readWrite on its database ({error})")),
        _ => Error::unavailable(PART, error),
    }
}

/// For the indexes only: a BSON date has milliseconds.
fn date(at: DateTime<Utc>) -> bson::DateTime {
    bson::DateTime::from_millis(at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use cheapbob_domain::shared::ErrorKind as Kind;
    use mongodb::error::{CommandError, Error as MongoError};

    use super::*;

    /// A server that refuses has answered, and nobody may take it for one that is away, or that has nothing.
    #[test]
    fn who_may_not_is_told_what_to_do() {
        let refused = |code: i32, name: &str, message: &str| {
            let said = doc! { "ok": 0, "code": code, "codeName": name, "errmsg": message };
            let said: CommandError = bson::deserialize_from_document(said).unwrap();
            Err::<(), _>(MongoError::from(ErrorKind::Command(said)))
        };
        for (code, name, message, advice) in [
            (UNAUTHORIZED, "Unauthorized", "not authorized on cheapbob to execute command", "needs the role readWrite"),
            (ATLAS, "AtlasError", "user is not allowed to do action [find] on [cheapbob.orders]", "needs the role readWrite"),
            (AUTHENTICATION_FAILED, "AuthenticationFailed", "Authentication failed.", "check MONGODB_USER"),
        ] {
            let outcome = refused(code, name, message);
            assert!(!is_silence(&outcome), "{name}");
            let error = failed(outcome.unwrap_err());
            assert_eq!(error.kind(), Kind::Internal, "{name}");
            let said = format!("{error:?}");
            assert!(said.contains(advice) && said.contains(message), "{said}");
        }
        assert_eq!(failed(refused(10_107, "NotWritablePrimary", "not primary").unwrap_err()).kind(), Kind::Unavailable);
    }
}
