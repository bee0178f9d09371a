//! PostgreSQL: one snapshot, a cursor for each kind.

use cheapbob_domain::{
    imports::{Kind, ports::OldRow},
    shared::{Error, Result},
};
use diesel::{QueryableByName, sql_query, sql_types as t};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;

/// Rows that are read at once.
pub(crate) const BATCH: usize = 500;

const PART: &str = "the old PostgreSQL";

/// Instants in UTC, so that a row's fingerprint is the same in each run. A cursor is read to its end: the plan is to be for that.
const BEGIN: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET timezone = 'UTC'; \
                     SET cursor_tuple_fraction = 1; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";

/// What is read of a kind.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    cursor: &'static str,
    count: &'static str,
    /// Gives `key` and `row`, by key.
    statement: &'static str,
}

/// `None`: it is in MongoDB.
pub(crate) fn table(kind: Kind) -> Option<Table> {
    let table = |cursor, count, statement| Some(Table { cursor, count, statement });
    match kind {
        Kind::Accounts => table("accounts", "customers", include_str!("sql/accounts.sql")),
        Kind::Stores => table("stores", "stores", include_str!("sql/stores.sql")),
        Kind::Favorites => table("favorites", "customer_favorites", include_str!("sql/favorites.sql")),
        Kind::Products => table("products", "store_product_info", include_str!("sql/products.sql")),
        Kind::Orders => table("orders", "order_current_items", include_str!("sql/orders.sql")),
        Kind::Carts => table("carts", "cart_items", include_str!("sql/carts.sql")),
        Kind::Archive | Kind::StockReservations | Kind::Withdrawals => None,
    }
}

/// The old PostgreSQL, in one transaction.
pub(crate) struct Rows {
    connection: AsyncPgConnection,
    /// The cursor that is open.
    open: Option<&'static str>,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = t::BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = t::Text)]
    key: String,
    #[diesel(sql_type = t::Text)]
    fingerprint: String,
    #[diesel(sql_type = t::Jsonb)]
    row: Value,
}

fn failed(error: diesel::result::Error) -> Error {
    use diesel::result::{DatabaseErrorKind::ClosedConnection, Error::DatabaseError};
    match &error {
        DatabaseError(ClosedConnection, _) => Error::unavailable(PART, error),
        _ => Error::internal(format!("{PART}: {error}")),
    }
}

impl Rows {
    pub(crate) async fn open(mut connection: AsyncPgConnection) -> Result<Self> {
        connection.batch_execute(BEGIN).await.map_err(failed)?;
        Ok(Self { connection, open: None })
    }

    pub(crate) async fn count(&mut self, table: Table) -> Result<u64> {
        let query = sql_query(format!("SELECT count(*) AS n FROM {}", table.count));
        Ok(query.get_result::<CountRow>(&mut self.connection).await.map_err(failed)?.n.unsigned_abs())
    }

    pub(crate) async fn next(&mut self, table: Table) -> Result<Vec<OldRow>> {
        let Table { cursor, statement, .. } = table;
        if self.open != Some(cursor) {
            if let Some(other) = self.open.take() {
                self.connection.batch_execute(&format!("CLOSE {other}")).await.map_err(failed)?;
            }
            let declare = format!(
                "DECLARE {cursor} NO SCROLL CURSOR FOR SELECT key, md5(row::text) AS fingerprint, row FROM ({statement}) o ORDER BY key"
            );
            self.connection.batch_execute(&declare).await.map_err(failed)?;
            self.open = Some(cursor);
        }
        let rows: Vec<Row> = sql_query(format!("FETCH {BATCH} FROM {cursor}")).load(&mut self.connection).await.map_err(failed)?;
        if rows.is_empty() {
            self.connection.batch_execute(&format!("CLOSE {cursor}")).await.map_err(failed)?;
            self.open = None;
        }
        Ok(rows.into_iter().map(|Row { key, fingerprint, row }| OldRow { key, fingerprint, row }).collect())
    }
}
