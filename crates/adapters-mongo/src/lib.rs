#![doc = include_str!("../README.md")]

mod archive;
mod past;
mod reservations;
mod traces;
mod withdrawals;

use std::time::Duration;

use cheapbob_domain::shared::{Error, Result};
use chrono::{DateTime, Utc};
use mongodb::{
    Client, Collection, Database,
    bson::{self, Document, doc},
    options::{ClientOptions, Credential, ServerAddress, WriteConcern},
};
use secrecy::{ExposeSecret, SecretString};

const PART: &str = "mongodb";

/// How long a call may look for a server, and how long it may take then.
const PATIENCE: Duration = Duration::from_secs(2);

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
        options.max_pool_size = Some(16);
        options.command_event_handler = Some(traces::commands());
        options.write_concern = Some(WriteConcern::majority());
        Ok(Self { database: Client::with_options(options)?.database(&settings.database) })
    }

    /// Whether MongoDB answers.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn ping(&self) -> Result<()> {
        self.database.run_command(doc! { "ping": 1 }).await.map(|_| ()).map_err(failed)
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }
}

fn failed(error: mongodb::error::Error) -> Error {
    Error::unavailable(PART, error)
}

/// For the indexes only: a BSON date has milliseconds.
fn date(at: DateTime<Utc>) -> bson::DateTime {
    bson::DateTime::from_millis(at.timestamp_millis())
}
