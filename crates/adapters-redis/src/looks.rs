//! What every request asks of its session: many at once in one question.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cheapbob_domain::shared::{Error, Result};
use redis::pipe;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::{
    client::{Generation, PART, Question, Redis},
    revocations::{KEY, WHOLE},
};

/// What is asked of a session.
pub(crate) struct Look {
    pub(crate) session_id: String,
    /// Where versions before this one keep that it was logged out.
    pub(crate) revoked_key: String,
    /// Where its account's version is.
    pub(crate) version_key: String,
}

/// What Redis says of it.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) revoked: bool,
    pub(crate) version: Option<u64>,
    /// Over which connection, and whether no logout was missing from the memory.
    pub(crate) memory: (Generation, bool),
}

/// A look, and whoever is told its answer.
type Asked = (Look, oneshot::Sender<Result<Answer>>);

/// Looks that come while a question is under way are asked by the next one, together. So one that is alone waits for nobody, a hundred
/// cost little more than one, and no answer is older than its look.
#[derive(Clone)]
pub(crate) struct Looks {
    redis: Redis,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    /// Somebody asks, and will ask again for whoever waits by then.
    asking: bool,
    looks: Vec<Asked>,
}

impl Looks {
    pub(crate) fn new(redis: Redis) -> Self {
        Self { redis, waiting: Arc::default() }
    }

    /// What Redis says after this call began.
    ///
    /// # Errors
    /// Unavailable: Redis does not answer in time.
    pub(crate) async fn look(&self, look: Look) -> Result<Answer> {
        let (tell, told) = oneshot::channel();
        let first = {
            let mut waiting = self.lock();
            waiting.looks.push((look, tell));
            !mem::replace(&mut waiting.asking, true)
        };
        if first {
            // A task of its own: a request that is dropped half-way must not take the others' question with it.
            tokio::spawn(self.clone().ask().in_current_span());
        }
        told.await.map_err(|e| Error::unavailable(PART, e))?
    }

    async fn ask(self) {
        while let Some(looks) = self.next() {
            let (looks, askers): (Vec<_>, Vec<_>) = looks.into_iter().unzip();
            match self.read(&looks).await {
                Ok(answers) => {
                    for (asker, answer) in askers.into_iter().zip(answers) {
                        // Whoever does not listen any more was dropped.
                        drop(asker.send(Ok(answer)));
                    }
                }
                Err(error) => {
                    // Who came meanwhile has waited as well: a Redis that is silent is not waited for twice.
                    let late = mem::take(&mut self.lock().looks).into_iter().map(|(_, asker)| asker);
                    for asker in askers.into_iter().chain(late) {
                        drop(asker.send(Err(Error::unavailable(PART, error.to_string()))));
                    }
                }
            }
        }
    }

    async fn read(&self, looks: &[Look]) -> Result<Vec<Answer>> {
        let sessions: Vec<_> = looks.iter().map(|look| &look.session_id).collect();
        let keys: Vec<_> = looks.iter().flat_map(|look| [&look.revoked_key, &look.version_key]).collect();
        let mut both = pipe();
        both.cmd("ZMSCORE").arg(self.redis.key(KEY)).arg(WHOLE).arg(sessions).cmd("MGET").arg(keys);
        let (generation, (ends, values)) = self.redis.ask::<(Vec<Option<f64>>, Vec<Option<u64>>)>(Question::Several(&both)).await?;
        let memory = (generation, ends.first().is_some_and(Option::is_some));
        let answer = |(end, [revoked, version]): (&Option<f64>, &[Option<u64>; 2])| Answer {
            revoked: end.is_some() || revoked.is_some(),
            version: *version,
            memory,
        };
        Ok(ends.iter().skip(1).zip(values.as_chunks().0).map(answer).collect())
    }

    /// Everybody who waits; `None`, and nobody asks any more, where nobody does.
    fn next(&self) -> Option<Vec<Asked>> {
        let mut waiting = self.lock();
        let looks = mem::take(&mut waiting.looks);
        waiting.asking = !looks.is_empty();
        waiting.asking.then_some(looks)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
