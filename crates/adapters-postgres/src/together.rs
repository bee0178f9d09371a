//! Asks that come while others of their kind are under way go with the next statement, together: they share its commit. Whoever is alone
//! goes at once.

use std::{
    collections::{HashSet, VecDeque},
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cheapbob_domain::shared::{Error, ErrorKind, Result};
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use crate::database::PART;

/// Asks in a statement. More would make those at its end wait for longer than a statement of their own.
const MOST: usize = 64;

/// What does a batch of asks: an answer for each, in their order.
pub(crate) type Statement<A, R> = Box<dyn Fn(Vec<A>) -> BoxFuture<'static, Result<Vec<R>>> + Send + Sync>;

/// One line of asks.
pub(crate) struct Together<A, R> {
    /// Of two asks with the same key the second one waits for another statement.
    key: fn(&A) -> Option<&str>,
    /// All of the line want one thing: where a statement has no answer in time, none of them waits for another.
    for_one_thing: bool,
    line: Mutex<Line<A, R>>,
}

struct Line<A, R> {
    waiting: VecDeque<(A, oneshot::Sender<Result<R>>)>,
    is_under_way: bool,
}

impl<A, R> fmt::Debug for Together<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").finish_non_exhaustive()
    }
}

impl<A: Clone + Send + Sync + 'static, R: Send + 'static> Together<A, R> {
    pub(crate) fn new(key: fn(&A) -> Option<&str>) -> Self {
        Self { key, for_one_thing: false, line: Mutex::new(Line { waiting: VecDeque::new(), is_under_way: false }) }
    }

    /// The same, of asks which all want one thing.
    pub(crate) fn for_one_thing(self) -> Self {
        Self { for_one_thing: true, ..self }
    }

    /// The answer to `ask`. `statement` does it, together with those that wait then; so does whatever statement is under way.
    ///
    /// # Errors
    /// Those of the statement. Where one with several asks fails, each of them is tried alone, unless the database does not answer.
    pub(crate) async fn ask(self: &Arc<Self>, ask: A, statement: impl FnOnce() -> Statement<A, R>) -> Result<R> {
        let (sender, answer) = oneshot::channel();
        let is_first = {
            let mut line = self.line();
            line.waiting.push_back((ask, sender));
            !mem::replace(&mut line.is_under_way, true)
        };
        if is_first {
            // A task of its own: whoever is first may be given up while others wait.
            tokio::spawn(UnderWay { together: Arc::clone(self), is_over: false }.run(statement()));
        }
        answer.await.map_err(|_| Error::unavailable(PART, "the statement that others had a part in was given up"))?
    }

    fn line(&self) -> MutexGuard<'_, Line<A, R>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who wait for what is not to be had now.
    fn given_up(&self, error: &Error) -> Vec<oneshot::Sender<Result<R>>> {
        if !self.for_one_thing || error.kind() != ErrorKind::Unavailable {
            return Vec::new();
        }
        mem::take(&mut self.line().waiting).into_iter().map(|(_, answer)| answer).collect()
    }

    /// Those that go next; none: nobody waits, and whoever comes next begins anew.
    fn next(&self) -> (Vec<A>, Vec<oneshot::Sender<Result<R>>>) {
        let mut line = self.line();
        let (mut keys, mut next, mut later) = (HashSet::new(), (Vec::new(), Vec::new()), VecDeque::new());
        while next.0.len() < MOST
            && let Some((ask, answer)) = line.waiting.pop_front()
        {
            if (self.key)(&ask).is_none_or(|key| keys.insert(key.to_owned())) {
                next.0.push(ask);
                next.1.push(answer);
            } else {
                later.push_back((ask, answer));
            }
        }
        later.append(&mut line.waiting);
        line.waiting = later;
        line.is_under_way = !next.0.is_empty();
        next
    }
}

/// The one task that sends a line's statements.
struct UnderWay<A, R> {
    together: Arc<Together<A, R>>,
    is_over: bool,
}

impl<A, R> Drop for UnderWay<A, R> {
    fn drop(&mut self) {
        // It was given up, with its runtime: nobody waits for it for ever.
        if !self.is_over {
            let mut line = self.together.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.waiting.clear();
            line.is_under_way = false;
        }
    }
}

impl<A: Clone + Send + Sync + 'static, R: Send + 'static> UnderWay<A, R> {
    async fn run(mut self, statement: Statement<A, R>) {
        loop {
            let (asks, answers) = self.together.next();
            if asks.is_empty() {
                self.is_over = true;
                return;
            }
            match statement(asks.clone()).await {
                Ok(done) => answers.into_iter().zip(done).for_each(|(answer, done)| drop(answer.send(Ok(done)))),
                Err(error) if asks.len() == 1 || error.kind() == ErrorKind::Unavailable => {
                    let others = self.together.given_up(&error);
                    answers.into_iter().chain(others).for_each(|answer| drop(answer.send(Err(again(&error)))));
                }
                Err(error) => {
                    tracing::debug!(%error, asks = asks.len(), "a statement of several asks failed; each is tried alone");
                    for (ask, answer) in asks.into_iter().zip(answers) {
                        let done = statement(vec![ask]).await.and_then(|mut done| done.pop().ok_or_else(|| Error::internal("no answer")));
                        drop(answer.send(done));
                    }
                }
            }
        }
    }
}

/// The same for one more of those whom it concerns.
fn again(error: &Error) -> Error {
    match error.kind() {
        ErrorKind::Unavailable => Error::unavailable(PART, error.to_string()),
        _ => Error::internal(error.to_string()),
    }
}
