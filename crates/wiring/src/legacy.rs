//! The databases of the Python service, opened through the same code as our own.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use cheapbob_adapters_legacy::{GiveBack, Legacy};
use cheapbob_adapters_mongo::{MongoSettings, open};
use cheapbob_adapters_postgres::Address;
use cheapbob_domain::imports::ports::GivenBack;
use secrecy::SecretString;

/// Opens both; they are read only. `postgres` may be a standby with `target_session_attrs=any`; `mongodb` names its database.
///
/// # Errors
/// One line that a person can act on; it shows no password.
pub async fn open_legacy(postgres: &str, mongodb: &str) -> Result<Legacy> {
    let address = Address::parse(postgres).context("--from-postgres is no address of PostgreSQL")?;
    let connection = address.establish().await.with_context(|| format!("the old PostgreSQL ({address}) does not let us in"))?;
    let settings = MongoSettings { uri: SecretString::from(mongodb.to_owned()), database: None };
    let database = open(&settings).await.context("--from-mongodb")?;
    Legacy::open(connection, database).await.map_err(|e| anyhow!(e))
}

/// The files in this folder into which is written what is given back.
///
/// # Errors
/// Where they cannot be made.
pub fn give_back_into(folder: &Path) -> Result<impl GivenBack> {
    GiveBack::create(folder).with_context(|| format!("cannot write into {}", folder.display()))
}
