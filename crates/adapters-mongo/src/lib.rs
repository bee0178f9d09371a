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
    options::{ClientOptions, Credential, ServerAddress, WriteConcern},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

const PART: &str = "mongodb";

/// How long a call may look for a server.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the driver asks the server whether it lives (its default is ten seconds): what hangs is noticed so soon.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long a call may take, a batch of the rollover's a part of its own.
const LIMIT: Duration = Duration::from_secs(3);
const BATCH_LIMIT: Duration = Duration::from_secs(60);

/// Where MongoDB is.
#[derive(Debug, Clone)]
pub struct MongoSettings {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password, where the server wants them.
    pub credentials: Option<(String, SecretString)>,
    /// Database.
    pub database: String,
}

/// All ports that MongoDB implements.
#[derive(Debug, Clone)]
pub struct Mongo {
    database: Database,
    breaker: Arc<Breaker>,
}

impl Mongo {
    /// Connects when first used.
    ///
    /// # Errors
    /// Where the settings are none that the driver takes.
    pub fn new(settings: &MongoSettings) -> std::result::Result<Self, mongodb::error::Error> {
        let host = ServerAddress::Tcp { host: settings.host.clone(), port: Some(settings.port) };
        let credential = settings
            .credentials
            .as_ref()
            .map(|(user, password)| Credential::builder().username(user.clone()).password(password.expose_secret().to_owned()).build());
        let mut options = ClientOptions::builder().hosts(vec![host]).app_name("cheapbob".to_owned()).build();
        options.credential = credential;
        options.server_selection_timeout = Some(PATIENCE);
        options.connect_timeout = Some(PATIENCE);
        options.heartbeat_freq = Some(HEARTBEAT);
        options.max_pool_size = Some(16);
        options.command_event_handler = Some(traces::commands());
        options.write_concern = Some(WriteConcern::majority());
        Ok(Self { database: Client::with_options(options)?.database(&settings.database), breaker: Arc::new(Breaker::for_people(PART)) })
    }

    /// Behind the process's breaker.
    pub fn with_breaker(self, breaker: Arc<Breaker>) -> Self {
        Self { breaker, ..self }
    }

    /// Whether MongoDB answers, asked in any case.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn ping(&self) -> Result<()> {
        let ping = within(LIMIT, self.database.run_command(doc! { "ping": 1 }));
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

    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }
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

fn failed(error: mongodb::error::Error) -> Error {
    Error::unavailable(PART, error)
}

/// For the indexes only: a BSON date has milliseconds.
fn date(at: DateTime<Utc>) -> bson::DateTime {
    bson::DateTime::from_millis(at.timestamp_millis())
}
