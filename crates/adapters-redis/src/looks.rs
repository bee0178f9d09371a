//! What every request asks of its session: many at once in one command.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cheapbob_domain::shared::{Error, Result};
use deadpool_redis::redis::cmd;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::client::{PART, Redis};

/// The numbers under a session's two keys.
type Answer = [Option<u64>; 2];

/// A look, and whoever is told its answer.
type Asked = ([String; 2], oneshot::Sender<Result<Answer>>);

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

    /// The numbers under these keys, read after this call began.
    ///
    /// # Errors
    /// Unavailable: Redis does not answer in time.
    pub(crate) async fn look(&self, keys: [String; 2]) -> Result<Answer> {
        let (tell, told) = oneshot::channel();
        let first = {
            let mut waiting = self.lock();
            waiting.looks.push((keys, tell));
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
            let (keys, askers): (Vec<_>, Vec<_>) = looks.into_iter().unzip();
            let keys: Vec<_> = keys.into_iter().flatten().collect();
            match self.redis.query::<Vec<Option<u64>>>(cmd("MGET").arg(keys)).await {
                Ok(values) => {
                    for (asker, values) in askers.into_iter().zip(values.as_chunks().0) {
                        // Whoever does not listen any more was dropped.
                        drop(asker.send(Ok(*values)));
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
