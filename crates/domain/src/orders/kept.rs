//! What customers have read of the archive, kept for as long as the archive is the same.

use std::{io::Read, sync::Arc, time::Duration};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use moka::sync::Cache;

use super::model::order::{ArchiveVersion, Order};
use crate::shared::{Email, Error, Result};

/// Bytes of memory for them, in a process: of some 2,000 customers with fifty orders each.
const ROOM: u64 = 8_000_000;

/// Personal data that nobody asks for any more does not stay.
const LIFE: Duration = Duration::from_secs(600);

/// What an entry takes besides its bytes.
const OVERHEAD: usize = 200;

/// A list for each customer, of the version that was read last.
pub(super) struct KeptOrders(Cache<Email, Arc<Kept>>);

struct Kept {
    version: ArchiveVersion,
    /// The orders as compressed JSON: a tenth of it, since one order is like the other.
    orders: Vec<u8>,
}

impl Default for KeptOrders {
    fn default() -> Self {
        let size =
            |customer: &Email, kept: &Arc<Kept>| u32::try_from(customer.as_str().len() + kept.orders.len() + OVERHEAD).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(size).max_capacity(ROOM).time_to_idle(LIFE).build())
    }
}

impl KeptOrders {
    /// What was read under this version. `None`: nothing was.
    pub(super) fn find(&self, customer: &Email, version: ArchiveVersion) -> Option<Vec<Order>> {
        let kept = self.0.get(customer).filter(|kept| kept.version == version)?;
        let mut json = Vec::new();
        ZlibDecoder::new(kept.orders.as_slice()).read_to_end(&mut json).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Keeps what was read after this version was: nothing that has gone to the archive by then is missing.
    ///
    /// # Errors
    /// Internal: an order that cannot be JSON, which none is.
    pub(super) fn keep(&self, customer: &Email, version: ArchiveVersion, orders: &[Order]) -> Result<()> {
        let mut compressed = ZlibEncoder::new(Vec::new(), Compression::fast());
        serde_json::to_writer(&mut compressed, orders).map_err(Error::internal)?;
        let mut orders = compressed.finish().map_err(Error::internal)?;
        orders.shrink_to_fit();
        self.0.insert(customer.clone(), Arc::new(Kept { version, orders }));
        Ok(())
    }
}
