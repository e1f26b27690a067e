//! Snapshots are made by a second recovery on a thread of its own: it restores the last one,
//! replays the segments sealed behind it, and writes what comes out. Whoever serves is not asked
//! and does not wait.
//!
//! Must always hold: every snapshot was verified by a replay before it got its name; at most
//! [`SNAPSHOT_PASS_SHARDS`] shards are in memory a second time; and whatever happens here, the
//! engine goes on.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use inventory_core::ids::ShardId;
use inventory_core::limits::SHARDS;
use inventory_core::state::{Memory, ShardState};
use persistence::charts::ChartStore;
use persistence::dir::DataDirPaths;
use persistence::file::archive::{self, Archive, Archived};
use persistence::file::sealed::{Rolls, SealedReader, segments_between};
use persistence::file::{JournalShare, Position};
use persistence::snapshot::{Known, SnapshotWriter};

use crate::directory::Directory;
use crate::limits::{
    ARCHIVE_EVERY_DEFAULT, HISTORY_RETENTION_DEFAULT, SNAPSHOT_AFTER_SEGMENTS_DEFAULT,
    SNAPSHOT_PASS_SHARDS, SNAPSHOT_PAUSE_DEFAULT,
};
use crate::recovery::{RecoveryError, hash_seed};
use crate::replay::{Charts, RestoreError, replay, restore};

/// When snapshots are made, and how long what lies behind them is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SnapshotOptions {
    /// Sealed segments behind the last snapshot that make it time for the next.
    pub after_segments: usize,
    /// The time between the end of one attempt and the next.
    pub pause: Duration,
    /// How long sealed segments are kept that no start needs; zero keeps none.
    pub history_retention: Duration,
    /// How often is looked for segments to put away, whether snapshots can be made or not.
    pub archive_every: Duration,
}

impl Default for SnapshotOptions {
    fn default() -> Self {
        Self {
            after_segments: SNAPSHOT_AFTER_SEGMENTS_DEFAULT,
            pause: SNAPSHOT_PAUSE_DEFAULT,
            history_retention: HISTORY_RETENTION_DEFAULT,
            archive_every: ARCHIVE_EVERY_DEFAULT,
        }
    }
}

/// Why a snapshot was not made.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The snapshot's own file.
    #[error(transparent)]
    Snapshot(#[from] persistence::snapshot::Error),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] persistence::file::error::Error),
    /// The file system failed.
    #[error(transparent)]
    File(#[from] persistence::files::Error),
    /// The replay did not lead where history did.
    #[error(transparent)]
    Replay(#[from] RecoveryError),
    /// The journal needs the space more.
    #[error(
        "it may need {needed_bytes} bytes with what the journal needs beside it, and the disk has \
         {free_bytes}"
    )]
    NoSpace {
        /// Bytes of the last one, and of two segments.
        needed_bytes: u64,
        /// Bytes that there are.
        free_bytes: u64,
    },
    /// Two passes over the same segments led to different places.
    #[error("the sealed segments read differently the second time; the disk may be failing")]
    PassesDiffer,
    /// A bug; its words are in the log.
    #[error("the making of the snapshot panicked")]
    Panicked,
    /// The engine is going down.
    #[error("the engine is shutting down")]
    Stopped,
}

/// A snapshot that was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Made {
    /// The first batch behind it.
    pub number: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// Makes snapshots of the data directory of a running journal.
pub struct Snapshotter {
    paths: DataDirPaths,
    store: ChartStore,
    directory: Arc<Directory>,
    rolls: Rolls,
    segment_bytes: u64,
    archive: Archive,
    options: SnapshotOptions,
    memory: Memory,
    known: Known,
    is_stopped: Arc<AtomicBool>,
}

impl Snapshotter {
    /// For the data directory of a journal. `useless` are the snapshots that its
    /// recovery could not use.
    pub fn new(
        journal: JournalShare,
        directory: Arc<Directory>,
        useless: Vec<u64>,
        options: SnapshotOptions,
    ) -> Self {
        let JournalShare { paths, lock, rolls, segment_bytes, floor } = journal;
        Self {
            archive: Archive::new(&paths, lock, options.history_retention, floor),
            known: Known::new(paths.snapshots(), useless),
            store: paths.charts(),
            paths,
            directory,
            rolls,
            segment_bytes,
            options,
            memory: Memory::default(),
            is_stopped: Arc::default(),
        }
    }

    /// The same for shards with another memory.
    #[must_use]
    pub fn remembering(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// Whether enough is sealed behind the last snapshot to make another.
    pub fn is_due(&self) -> Result<bool, SnapshotError> {
        let newest = self.known.usable()?.first().copied().unwrap_or(1);
        let sealed = segments_between(&self.paths, newest, self.rolls.active_segment())?;
        Ok(sealed >= self.options.after_segments.max(1))
    }

    /// Makes a snapshot in front of the segment that is written now.
    pub fn make(&mut self) -> Result<Made, SnapshotError> {
        let started = self.since_boot();
        let made = catch_unwind(AssertUnwindSafe(|| self.make_from_newest()));
        let (number, bytes) = made.unwrap_or(Err(SnapshotError::Panicked))?;
        self.known.made(number)?;
        Ok(Made { number, bytes, took: self.since_boot().saturating_sub(started) })
    }

    /// Compresses and removes the segments that no start needs any more.
    pub fn archive(&mut self) -> Result<Archived, archive::Failed> {
        let now = self.paths.machine().wall_clock();
        let is_stopped = || self.is_stopped.load(Ordering::Relaxed);
        self.archive.look_after(&mut self.known, now.0, &is_stopped)
    }

    /// The time of the machine that the data directory is on.
    pub(crate) fn since_boot(&self) -> Duration {
        self.paths.machine().since_boot()
    }

    /// When snapshots are to be made.
    pub(crate) fn options(&self) -> SnapshotOptions {
        self.options
    }

    /// Tells which segments are sealed.
    pub(crate) fn rolls(&self) -> &Rolls {
        &self.rolls
    }

    /// Set, it ends what is under way soon: what is half done is left out.
    pub(crate) fn is_stopped(&self) -> &Arc<AtomicBool> {
        &self.is_stopped
    }

    fn make_from_newest(&mut self) -> Result<(u64, u64), SnapshotError> {
        for number in self.known.usable()? {
            match self.make_from(Some(number)) {
                Err(Attempt::BaseUseless(cause)) => self.known.set_useless(number, &cause),
                Err(Attempt::Failed(error)) => return Err(error),
                Ok(made) => return Ok(made),
            }
        }
        self.make_from(None).map_err(|attempt| match attempt {
            Attempt::Failed(error) => error,
            Attempt::BaseUseless(_) => SnapshotError::PassesDiffer,
        })
    }

    /// Makes a snapshot from another one, or from the beginning of the journal: some of the
    /// shards at a time.
    fn make_from(&self, base: Option<u64>) -> Result<(u64, u64), Attempt> {
        self.check_space(base)?;
        let until = self.rolls.active_segment();
        let charts = Charts::new(&self.store, Some(&self.directory));
        let mut writer: Option<(SnapshotWriter, Position)> = None;
        for first in (0..SHARDS).step_by(usize::from(SNAPSHOT_PASS_SHARDS)) {
            let shards = first..first + SNAPSHOT_PASS_SHARDS;
            let (begin, mut states) = self.base(base, &shards, &charts)?;
            let end = self.replay(&begin, until, &shards, &mut states, &charts)?;
            let (writer, _) = match &mut writer {
                Some((_, position)) if *position != end => {
                    return Err(SnapshotError::PassesDiffer.into());
                }
                Some(writer) => writer,
                // Only now the header is known.
                None => writer.insert((self.paths.snapshots().create(&end)?, end)),
            };
            for state in states {
                self.check_stopped()?;
                writer.add(&state.image())?;
            }
        }
        match writer {
            Some((writer, _)) => Ok(writer.finish()?),
            None => Err(SnapshotError::PassesDiffer.into()),
        }
    }

    /// Some of the shards as a snapshot says, or without history.
    fn base(
        &self,
        base: Option<u64>,
        shards: &Range<u16>,
        charts: &Charts<'_>,
    ) -> Result<(Position, Vec<ShardState>), Attempt> {
        let seed = hash_seed();
        let Some(number) = base else {
            let empty = |shard| ShardState::remembering(ShardId(shard), seed, self.memory);
            return Ok((Position::first(), shards.clone().map(empty).collect()));
        };
        let mut reader =
            self.paths.snapshots().open(number).map_err(|error| useless(error.into()))?;
        let mut states = Vec::new();
        while let Some(section) =
            reader.next_section_of(shards).map_err(|error| useless(error.into()))?
        {
            self.check_stopped()?;
            states.push(restore(charts, &section, self.memory, seed).map_err(useless)?);
        }
        Ok((reader.position().clone(), states))
    }

    /// Applies what was sealed behind a position.
    fn replay(
        &self,
        begin: &Position,
        until: u64,
        shards: &Range<u16>,
        states: &mut [ShardState],
        charts: &Charts<'_>,
    ) -> Result<Position, SnapshotError> {
        let mut sealed = SealedReader::open(&self.paths, begin, until, shards.clone())?;
        while let Some(batch) = sealed.next_batch()? {
            self.check_stopped()?;
            let state = &mut states[usize::from(batch.shard().0 - shards.start)];
            replay(charts, state, &batch)?;
        }
        Ok(sealed.position())
    }

    /// Whether there is space for another one, and for the journal's next segment and its reserve
    /// at the same time.
    fn check_space(&self, base: Option<u64>) -> Result<(), SnapshotError> {
        let snapshots = self.paths.snapshots();
        let last_bytes = base.map_or(0, |number| snapshots.bytes_of(number));
        let needed_bytes = last_bytes.saturating_add(2 * self.segment_bytes);
        let free_bytes = snapshots.free_bytes()?;
        if free_bytes < needed_bytes {
            return Err(SnapshotError::NoSpace { needed_bytes, free_bytes });
        }
        Ok(())
    }

    fn check_stopped(&self) -> Result<(), SnapshotError> {
        if self.is_stopped.load(Ordering::Relaxed) { Err(SnapshotError::Stopped) } else { Ok(()) }
    }
}

/// Why an attempt from one snapshot failed.
enum Attempt {
    /// Another one may do.
    BaseUseless(RestoreError),
    /// No other one would.
    Failed(SnapshotError),
}

impl<E: Into<SnapshotError>> From<E> for Attempt {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn useless(error: RestoreError) -> Attempt {
    match error {
        RestoreError::Chart(error) => Attempt::Failed(error.into()),
        RestoreError::Snapshot(persistence::snapshot::Error::File(error)) => {
            Attempt::Failed(error.into())
        }
        error @ (RestoreError::Snapshot(_) | RestoreError::Image { .. }) => {
            Attempt::BaseUseless(error)
        }
    }
}
