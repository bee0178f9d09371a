//! How many upload pictures at once.
//!
//! What is bounded is a process' own: its files for temporary things, and its memory. So each process counts for itself. (Rows are the
//! database's business: it adds no picture beyond the eleventh, whoever adds.)

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use cheapbob_domain::{shared::Error, stores::error::UPLOAD_IN_PROGRESS};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    error::{ApiError, Result},
    room::{Class, refuse},
};

/// Uploads under way in this process; each has one picture of 15 MB at most in a file.
const MOST: usize = 16;

/// Pictures in memory at once: one that is looked at, while the one before is stored.
static IN_MEMORY: Semaphore = Semaphore::const_new(2);

/// Whose uploads are under way: ids of stores.
static UPLOADS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

fn uploads() -> MutexGuard<'static, BTreeSet<String>> {
    UPLOADS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Its owner's place among the uploads, to be taken before anything of a form is read.
#[derive(Debug)]
pub(super) struct Place(String);

impl Place {
    /// # Errors
    /// - `upload_in_progress`: the owner has one.
    /// - Overload: all are taken.
    pub(super) fn take(owner: &str) -> Result<Self> {
        let mut uploads = uploads();
        if uploads.contains(owner) {
            return Err(UPLOAD_IN_PROGRESS.into());
        }
        if uploads.len() >= MOST {
            return Err(refuse(Class::Ordinary));
        }
        uploads.insert(owner.to_owned());
        Ok(Self(owner.to_owned()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        uploads().remove(&self.0);
    }
}

/// Waits until a picture may be in memory.
///
/// # Errors
/// None but a defect of ours.
pub(super) async fn turn() -> Result<SemaphorePermit<'static>> {
    IN_MEMORY.acquire().await.map_err(|error| ApiError::from(Error::internal(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test: the places are the whole process'.
    #[test]
    fn an_owner_has_one_upload_and_the_process_sixteen() {
        let store = |n: usize| format!("STR_{n}");
        let mut taken: Vec<_> = (0..MOST - 1).map(|n| Place::take(&store(n)).unwrap()).collect();
        assert_eq!(Place::take(&store(0)).unwrap_err().to_string(), "upload_in_progress");
        taken.push(Place::take(&store(MOST)).unwrap());
        assert!(Place::take(&store(MOST + 1)).unwrap_err().is_sampled());
        drop(taken.remove(0));
        taken.push(Place::take(&store(0)).unwrap());
        drop(taken);
        assert!(uploads().is_empty());
    }
}
