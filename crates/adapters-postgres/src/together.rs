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

/// PostgreSQL, as logs and `/health/ready` name it.
pub(crate) const PART: &str = "postgres";

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

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::join_all};
    use tokio::sync::Semaphore;

    use super::*;

    /// A line whose statements wait until they are let go, and what they were asked.
    struct Watched {
        together: Arc<Together<&'static str, usize>>,
        asked: Arc<Mutex<Vec<Vec<&'static str>>>>,
        go: Arc<Semaphore>,
    }

    impl Watched {
        fn new(together: Together<&'static str, usize>) -> Self {
            Self { together: Arc::new(together), asked: Arc::default(), go: Arc::new(Semaphore::new(0)) }
        }

        /// Answers an ask with its length; "bad" is an error, "away" an outage.
        fn ask(&self, ask: &'static str) -> impl Future<Output = Result<usize>> + Send + use<> {
            let (together, asked, go) = (Arc::clone(&self.together), Arc::clone(&self.asked), Arc::clone(&self.go));
            async move {
                let statement = move || -> Statement<&'static str, usize> {
                    Box::new(move |asks| {
                        let (asked, go) = (Arc::clone(&asked), Arc::clone(&go));
                        async move {
                            asked.lock().unwrap().push(asks.clone());
                            go.acquire().await.unwrap().forget();
                            if asks.contains(&"bad") {
                                return Err(Error::internal("bad"));
                            }
                            if asks.contains(&"away") {
                                return Err(Error::unavailable(PART, "away"));
                            }
                            Ok(asks.iter().map(|ask| ask.len()).collect())
                        }
                        .boxed()
                    })
                };
                together.ask(ask, statement).await
            }
        }

        fn asked(&self) -> Vec<Vec<&'static str>> {
            self.asked.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn who_waits_goes_with_the_next_in_order() {
        let line = Watched::new(Together::new(|ask: &&str| Some(ask)));
        line.go.add_permits(9);
        let answers = join_all(["a", "bb", "ccc", "bb", "dddd"].map(|ask| line.ask(ask))).await;
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2, 3, 2, 4]);
        // All of them came before the first statement began; of two with the same key one waited.
        assert_eq!(line.asked(), [vec!["a", "bb", "ccc", "dddd"], vec!["bb"]]);
        assert_eq!(line.ask("e").await.unwrap(), 1);
        assert_eq!(line.asked().last().unwrap(), &["e"]);
    }

    #[tokio::test]
    async fn one_that_fails_takes_no_other_with_it() {
        let line = Watched::new(Together::new(|_| None));
        line.go.add_permits(9);
        let answers = join_all(["a", "bad", "ccc"].map(|ask| line.ask(ask))).await;
        assert_eq!(answers.into_iter().map(Result::ok).collect::<Vec<_>>(), [Some(1), None, Some(3)]);
        assert_eq!(line.asked(), [vec!["a", "bad", "ccc"], vec!["a"], vec!["bad"], vec!["ccc"]]);
    }

    #[tokio::test]
    async fn an_outage_is_told_to_those_whom_it_concerns() {
        for (for_one_thing, later) in [(false, Some(5)), (true, None)] {
            let together = Together::new(|_| None);
            let line = Watched::new(if for_one_thing { together.for_one_thing() } else { together });
            let first = tokio::spawn(join_all(["a", "away"].map(|ask| line.ask(ask))));
            while line.asked().is_empty() {
                tokio::task::yield_now().await;
            }
            let waiting = tokio::spawn(line.ask("later"));
            tokio::task::yield_now().await;
            line.go.add_permits(9);
            assert!(first.await.unwrap().into_iter().all(|answer| answer.unwrap_err().kind() == ErrorKind::Unavailable));
            assert_eq!(waiting.await.unwrap().ok(), later);
        }
    }

    #[tokio::test]
    async fn whoever_gives_up_keeps_nobody_waiting() {
        let line = Watched::new(Together::new(|_| None));
        // The first one, whose call begins the statement.
        let given_up = tokio::spawn(line.ask("a"));
        while line.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        let other = tokio::spawn(line.ask("bb"));
        given_up.abort();
        line.go.add_permits(9);
        assert_eq!(other.await.unwrap().unwrap(), 2);
    }
}
