//! What others have written is read on a replica, while it keeps up.
//!
//! Where the primary's log ends is asked now and then; a server that has replayed it up to there has all that was committed before. So how
//! old an answer may be hangs on no clock but ours, and on no word of the replica's about itself: one whose primary is out of its reach
//! believes that it has everything. It is asked of each connection, since behind one address there may be several replicas.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cheapbob_domain::shared::{Breaker, LeftAlone};
use diesel::{
    prelude::*,
    result::Error as DieselError,
    sql_query,
    sql_types::{BigInt, Bool, Nullable},
};
use diesel_async::{
    RunQueryDsl,
    methods::LoadQuery,
    pooled_connection::deadpool::{Object, Pool, PoolError},
};
use tokio::time::{error::Elapsed, sleep, timeout};

use crate::patient::PatientConnection;

/// How old an answer may be: much less than the quarter of an hour for which a price that was seen can be paid.
const MOST_BEHIND: Duration = Duration::from_secs(5);

/// The primary is asked where it stands no more often than this.
const BETWEEN_MARKS: Duration = Duration::from_secs(1);

/// So long a person waits for the replica; then the primary answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// So long one that is a moment behind is waited for.
const CATCHING_UP: Duration = Duration::from_millis(100);

/// Why it does not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    #[error(transparent)]
    LeftAlone(#[from] LeftAlone),
    #[error(transparent)]
    NoConnection(#[from] PoolError),
    #[error(transparent)]
    Refused(#[from] DieselError),
    #[error("no answer in time")]
    Silent(#[from] Elapsed),
    #[error("it is no standby: it was promoted, or is the primary itself")]
    NoStandby,
    #[error("it is too far behind the primary, by more than {0:?}")]
    Behind(Duration),
}

type Result<T> = std::result::Result<T, NoAnswer>;

/// A replica, and the primary of which it is one, as one thread reaches them.
#[derive(Clone)]
pub(crate) struct Replica {
    pool: Pool<PatientConnection>,
    primary: Pool<PatientConnection>,
    /// The process's.
    breaker: Arc<Breaker>,
    marks: Arc<Mutex<Marks>>,
}

/// Up to where the primary had written its log (a byte of it) at an instant.
#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    end: i64,
}

/// The last few of them.
#[derive(Default)]
struct Marks(Vec<Mark>);

impl Marks {
    fn is_due(&self, now: Instant) -> bool {
        self.0.iter().all(|mark| now.duration_since(mark.at) >= BETWEEN_MARKS)
    }

    fn put(&mut self, new: Mark) {
        self.0.retain(|mark| new.at.duration_since(mark.at) < MOST_BEHIND);
        self.0.push(new);
    }

    /// The instant before which nothing is missing where the log was replayed up to `end`, if it is not long ago.
    fn reached(&self, end: i64, now: Instant) -> Option<Instant> {
        let reached = self.0.iter().filter(|mark| mark.end <= end).map(|mark| mark.at).max();
        reached.filter(|at| now.duration_since(*at) < MOST_BEHIND)
    }
}

impl Replica {
    pub(crate) fn new(pool: Pool<PatientConnection>, primary: Pool<PatientConnection>, breaker: Arc<Breaker>) -> Self {
        Self { pool, primary, breaker, marks: Arc::default() }
    }

    /// Rows that lack nothing that was committed [`MOST_BEHIND`] ago.
    pub(crate) async fn load<Q, U>(&self, query: Q) -> Result<Vec<U>>
    where
        Q: LoadQuery<'static, Object<PatientConnection>, U> + Send + 'static,
        U: Send,
    {
        let read = async {
            let mut connection = self.pool.get().await?;
            self.catch_up(&mut connection, CATCHING_UP).await?;
            Ok::<_, NoAnswer>(query.load(&mut connection).await?)
        };
        self.breaker.ask(async { timeout(PATIENCE, read).await? }, Result::is_err).await?
    }

    /// Whether it does what a search needs.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.catch_up(&mut self.pool.get().await?, MOST_BEHIND).await
    }

    /// Waits until the server behind this connection has what it must have, for `patience` at most. What was found out holds for as long as
    /// it is true.
    async fn catch_up(&self, connection: &mut Object<PatientConnection>, patience: Duration) -> Result<()> {
        const STEP: Duration = Duration::from_millis(10);
        if connection.as_of.is_some_and(|at| at.elapsed() < MOST_BEHIND) {
            return Ok(());
        }
        self.mark().await?;
        let begin = Instant::now();
        loop {
            let end = replayed(connection).await?;
            connection.as_of = self.marks().reached(end, Instant::now());
            if connection.as_of.is_some() {
                return Ok(());
            }
            if begin.elapsed() >= patience {
                connection.lead_elsewhere();
                return Err(NoAnswer::Behind(patience));
            }
            sleep(STEP).await;
        }
    }

    /// Asks the primary where it stands, if that was not done a moment ago.
    async fn mark(&self) -> Result<()> {
        #[derive(QueryableByName)]
        struct Log {
            #[diesel(sql_type = BigInt)]
            end: i64,
        }
        let at = Instant::now();
        if !self.marks().is_due(at) {
            return Ok(());
        }
        // What is on its disk: all that it has said yes to, and all that a standby can have.
        let query = sql_query("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::bigint AS end");
        let Log { end } = query.get_result(&mut self.primary.get().await?).await?;
        self.marks().put(Mark { at, end });
        Ok(())
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Up to where the server behind this connection has replayed the primary's log.
async fn replayed(connection: &mut Object<PatientConnection>) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Standby {
        #[diesel(sql_type = Bool)]
        is_standby: bool,
        #[diesel(sql_type = Nullable<BigInt>)]
        replayed: Option<i64>,
    }
    let query = "SELECT pg_is_in_recovery() AS is_standby, pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint AS replayed";
    let Standby { is_standby, replayed } = sql_query(query).get_result(connection).await?;
    let Some(replayed) = replayed.filter(|_| is_standby) else {
        connection.lead_elsewhere();
        return Err(NoAnswer::NoStandby);
    };
    Ok(replayed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_old_as_the_newest_mark_that_was_reached() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let mut marks = Marks::default();
        assert!(marks.is_due(begin) && marks.reached(i64::MAX, begin).is_none());
        marks.put(Mark { at: begin, end: 100 });
        assert!(!marks.is_due(begin + second / 2) && marks.is_due(begin + second));
        marks.put(Mark { at: begin + second, end: 200 });
        let now = begin + 2 * second;
        assert_eq!(marks.reached(99, now), None);
        assert_eq!(marks.reached(100, now), Some(begin));
        assert_eq!(marks.reached(199, now), Some(begin));
        assert_eq!(marks.reached(200, now), Some(begin + second));
        assert_eq!(marks.reached(199, begin + MOST_BEHIND), None, "too long ago");
        assert_eq!(marks.reached(200, begin + MOST_BEHIND), Some(begin + second));
        marks.put(Mark { at: begin + MOST_BEHIND, end: 300 });
        assert_eq!(marks.0.len(), 2, "what is too old goes");
    }
}
