//! Facts into states again, whether a start does it or the making of a snapshot: every fact is
//! applied in order, and each batch's digest is compared with the state it leaves. Nothing is
//! decided again.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use inventory_core::chart::Chart;
use inventory_core::digest::Digest;
use inventory_core::fact::Change;
use inventory_core::ids::{ChartHash, EventId, ShardId};
use inventory_core::state::{ImageError, Memory, ShardImage, ShardState};
use persistence::batch::Batch;
use persistence::charts::ChartStore;
use persistence::snapshot::{self, Section};

use crate::directory::Directory;
use crate::recovery::{RecoveryError, read_chart};

/// Charts, each read once for all shards.
pub(crate) struct Charts<'a> {
    store: &'a ChartStore,
    /// Those that a running engine has already.
    in_use: Option<&'a Directory>,
    known: Mutex<BTreeMap<ChartHash, Arc<Chart>>>,
}

/// Why a shard is not restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// The snapshot cannot be used; another one may be.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// What it says of a shard contradicts itself; another one may be whole.
    #[error("what it says of shard {shard} contradicts itself: {cause}")]
    Image {
        /// The shard.
        shard: ShardId,
        /// What is wrong.
        cause: ImageError,
    },
    /// A chart is gone, which any other snapshot needs as well.
    #[error(transparent)]
    Chart(RecoveryError),
}

impl<'a> Charts<'a> {
    pub(crate) fn new(store: &'a ChartStore, in_use: Option<&'a Directory>) -> Self {
        Self { store, in_use, known: Mutex::default() }
    }

    pub(crate) fn get(
        &self,
        event_id: EventId,
        hash: ChartHash,
    ) -> Result<Arc<Chart>, RecoveryError> {
        if let Some(chart) = self.in_use.and_then(|directory| directory.chart(hash)) {
            return Ok(chart);
        }
        // A map that a panic left behind is whole. Who waits would read the same file.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chart) = known.get(&hash) {
            return Ok(Arc::clone(chart));
        }
        let document = self.store.get(hash);
        let document =
            document.map_err(|cause| RecoveryError::ChartUnreadable { event_id, cause })?;
        let chart = Arc::new(read_chart(hash, &document)?);
        known.insert(hash, Arc::clone(&chart));
        Ok(chart)
    }

    /// Those that an image names.
    fn of_image(
        &self,
        image: &ShardImage,
    ) -> Result<BTreeMap<ChartHash, Arc<Chart>>, RecoveryError> {
        let named = image.charts().into_iter();
        named.map(|(hash, event_id)| Ok((hash, self.get(event_id, hash)?))).collect()
    }
}

/// The state that a section of a snapshot says.
pub(crate) fn restore(
    charts: &Charts<'_>,
    section: &Section,
    memory: Memory,
    hash_seed: u64,
) -> Result<ShardState, RestoreError> {
    let image = section.image()?;
    let named = charts.of_image(&image).map_err(RestoreError::Chart)?;
    let shard = section.shard();
    ShardState::restore_remembering(image, &named, hash_seed, memory)
        .map_err(|cause| RestoreError::Image { shard, cause })
}

/// Applies the facts of a batch.
pub(crate) fn replay(
    charts: &Charts<'_>,
    state: &mut ShardState,
    batch: &Batch,
) -> Result<(), RecoveryError> {
    for fact in batch.facts() {
        if let Change::EventCreated { chart: hash, .. } = fact.change
            && state.chart(hash).is_none()
        {
            state.register_chart(hash, charts.get(fact.event_id, hash)?);
        }
        // What `apply` asserts is for facts that were decided here; these come from a file. A
        // state that a panic left half done is dropped with the error.
        let applied = catch_unwind(AssertUnwindSafe(|| state.apply(fact)));
        if applied.is_err() {
            let (shard, lsn) = (batch.shard(), fact.lsn);
            return Err(RecoveryError::FactImpossible { shard, lsn });
        }
    }
    let Digest(found) = state.digest();
    let Digest(expected) = batch.digest_after();
    if found == expected {
        return Ok(());
    }
    let (shard, lsn) = (batch.shard(), batch.last_lsn());
    Err(RecoveryError::DigestDiffers { shard, lsn, found, expected })
}
