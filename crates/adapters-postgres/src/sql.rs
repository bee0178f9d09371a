//! Whole statements as text, prepared once per connection.
//!
//! diesel's `sql_query` is prepared anew at each call. The statements that carry the dinner rush are fixed texts in
//! `sql/*.sql` (the benchmarks feed the same files to pgbench), so [`prepared`] tells diesel that their text is their key.

use cheapbob_domain::shared::Result;
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Untyped,
};
use diesel_async::{RunQueryDsl, methods::ExecuteDsl};

use crate::database::{Connection, failed};

/// A statement whose prepared form may be kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prepared<Q>(Q);

/// Keeps the prepared form of `sql_query(..).bind(..)…`. Its text must not vary without bound.
pub(crate) fn prepared<Q>(query: Q) -> Prepared<Q> {
    Prepared(query)
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q> Query for Prepared<Q> {
    type SqlType = Untyped;
}

/// Rows deleted at once: far below any time limit of the database.
pub(crate) const BATCH: i64 = 5_000;

/// Runs a statement that deletes [`BATCH`] rows at most, each time a transaction of its own, until it finds fewer; gives the number of all.
///
/// # Errors
/// Those of the statement; what was deleted until then stays so.
pub(crate) async fn in_batches<Q>(connection: &mut Connection, delete: impl Fn() -> Q) -> Result<u64>
where
    Q: ExecuteDsl<Connection> + Send,
{
    let mut deleted = 0;
    loop {
        let batch = delete().execute(connection).await.map_err(failed)? as u64;
        deleted += batch;
        if batch < BATCH.unsigned_abs() {
            return Ok(deleted);
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::{query_builder::QueryFragment, sql_query};

    use super::*;

    #[test]
    fn its_prepared_form_is_kept() {
        assert!(!sql_query("SELECT 1").is_safe_to_cache_prepared(&Pg).unwrap());
        assert!(prepared(sql_query("SELECT 1")).is_safe_to_cache_prepared(&Pg).unwrap());
    }
}
