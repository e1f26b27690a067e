//! A snapshot from the disk, verified as it comes: the header first, then each section, at the
//! end the checksum of all.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardImage;
use xxhash_rust::xxh3::Xxh3;

use super::{
    Error, HEADER_BYTES, MAGIC, SECTION_HEADER_BYTES, SNAPSHOT_VERSION, TRAILER_BYTES,
    TRAILER_MAGIC, WHOLE_HEADER_BYTES,
};
use crate::chain::{Chain, Position, ShardEnd};
use crate::disk::{Access, File};
use crate::encoding::read_image;
use crate::files::Context;
use crate::limits::{COPY_BYTES, SNAPSHOT_SHARD_BYTES};
use crate::machine::Machine;
use crate::segment::{checksum, seed_of, u16_at, u32_at, u64_at, u128_at};

/// A snapshot that is being read.
pub struct SnapshotReader {
    file: Box<dyn File>,
    path: Arc<Path>,
    seed: u64,
    position: Position,
    file_bytes: u64,
    bytes_read: u64,
    next_shard: u16,
    /// Of all that was read; `None` once something was skipped.
    sum: Option<Xxh3>,
}

/// The stored image of one shard.
#[derive(Debug)]
pub struct Section {
    shard: ShardId,
    /// The whole section.
    bytes: Vec<u8>,
    path: Arc<Path>,
    seed: u64,
    said: (Lsn, Digest),
}

impl SnapshotReader {
    pub(super) fn open(
        machine: &Machine,
        path: PathBuf,
        number: u64,
        node_id: u128,
    ) -> Result<Self, Error> {
        let mut file = machine.disk().open(&path, Access::Read).context("open", &path)?;
        let file_bytes = file.length().context("measure", &path)?;
        let mut header = vec![0; WHOLE_HEADER_BYTES];
        read_all(&mut *file, &mut header, &path)?;
        let position = position_in(&header, &path, node_id)?;
        if position.next_number() != number {
            return Err(Error::Damaged { path, what: "its header names another batch" });
        }
        let seed = seed_of(node_id);
        let mut sum = Xxh3::with_seed(seed);
        sum.update(&header);
        let bytes_read = header.len() as u64;
        let (path, next_shard, sum) = (path.into(), 0, Some(sum));
        Ok(Self { file, path, seed, position, file_bytes, bytes_read, next_shard, sum })
    }

    /// The position that it was taken at.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Bytes of the file.
    pub fn bytes_in_all(&self) -> u64 {
        self.file_bytes
    }

    /// How many of them have been read.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next section; `None` behind the last, when all of the file has verified.
    pub fn next_section(&mut self) -> Result<Option<Section>, Error> {
        if self.next_shard >= SHARDS {
            return self.check_trailer().map(|()| None);
        }
        let (mut bytes, length) = self.read_section_header()?;
        bytes.resize(SECTION_HEADER_BYTES + length, 0);
        let image = &mut bytes[SECTION_HEADER_BYTES..];
        read_all(&mut *self.file, image, &self.path)?;
        if let Some(sum) = &mut self.sum {
            sum.update(&bytes);
        }
        self.bytes_read += bytes.len() as u64;
        let shard = ShardId(self.next_shard);
        self.next_shard += 1;
        let said = (self.position.last_lsn(shard), self.position.digest(shard));
        Ok(Some(Section { shard, bytes, path: Arc::clone(&self.path), seed: self.seed, said }))
    }

    /// The next section of one of `shards`; `None` behind them. Others are skipped.
    pub fn next_section_of(&mut self, shards: &Range<u16>) -> Result<Option<Section>, Error> {
        while self.next_shard < shards.start.min(SHARDS) {
            let (_, length) = self.read_section_header()?;
            let to_next = SeekFrom::Current(i64::try_from(length).unwrap_or(i64::MAX));
            self.file.seek(to_next).context("read", &self.path)?;
            self.bytes_read += (SECTION_HEADER_BYTES + length) as u64;
            self.next_shard += 1;
            self.sum = None;
        }
        if self.next_shard < shards.end.min(SHARDS) { self.next_section() } else { Ok(None) }
    }

    /// A section's header, and the length of its image, which the file has room for.
    fn read_section_header(&mut self) -> Result<(Vec<u8>, usize), Error> {
        let mut bytes = vec![0; SECTION_HEADER_BYTES];
        read_all(&mut *self.file, &mut bytes, &self.path)?;
        let around = (SECTION_HEADER_BYTES + TRAILER_BYTES) as u64;
        let left = self.file_bytes.saturating_sub(self.bytes_read + around);
        let length = u64_at(&bytes, 24);
        if u16_at(&bytes, 16) != self.next_shard || length > left {
            return Err(self.damaged("a section does not follow the one in front of it"));
        }
        let length = usize::try_from(length);
        length.map(|length| (bytes, length)).map_err(|_| self.damaged("a section is too long"))
    }

    /// Reads what is left of a file of which nothing was skipped, in small pieces, and verifies
    /// all of it. False if it was told to stop before.
    pub(super) fn verify(mut self, is_stopped: &dyn Fn() -> bool) -> Result<bool, Error> {
        let mut piece = vec![0; COPY_BYTES];
        loop {
            let left = self.file_bytes.saturating_sub(self.bytes_read + TRAILER_BYTES as u64);
            if left == 0 {
                break;
            }
            if is_stopped() {
                return Ok(false);
            }
            let piece = &mut piece[..left.min(COPY_BYTES as u64) as usize];
            read_all(&mut *self.file, piece, &self.path)?;
            if let Some(sum) = &mut self.sum {
                sum.update(piece);
            }
            self.bytes_read += piece.len() as u64;
        }
        self.check_trailer()?;
        self.forget_cached();
        Ok(true)
    }

    /// Sees that what is read next comes from the disk: what memory has of the file proves nothing
    /// of that, and others need the memory more. Best effort: where the file system cannot, it is
    /// still verified that the file was what it should be.
    pub(super) fn forget_cached(&self) {
        self.file.forget_cached();
    }

    fn check_trailer(&mut self) -> Result<(), Error> {
        let mut trailer = [0; TRAILER_BYTES];
        read_all(&mut *self.file, &mut trailer, &self.path)?;
        self.bytes_read += TRAILER_BYTES as u64;
        let is_whole = trailer[..8] == TRAILER_MAGIC
            && u64_at(&trailer, 8) == self.file_bytes
            && self.bytes_read == self.file_bytes;
        let sum = self.sum.take().map(|mut sum| {
            sum.update(&trailer[..16]);
            sum.digest128()
        });
        if !is_whole || sum.is_some_and(|sum| sum != u128_at(&trailer, 16)) {
            return Err(self.damaged("its sections do not add up to its checksum"));
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> Error {
        Error::Damaged { path: self.path.to_path_buf(), what }
    }
}

impl Section {
    /// Which shard it is of.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// Verifies and reads the image.
    pub fn image(&self) -> Result<ShardImage, Error> {
        let damaged = |what| Error::Damaged { path: self.path.to_path_buf(), what };
        if checksum(&self.bytes, self.seed) != u128_at(&self.bytes, 0) {
            return Err(damaged("a section does not verify"));
        }
        let image = read_image(&self.bytes[SECTION_HEADER_BYTES..])
            .map_err(|cause| Error::Undecodable { path: self.path.to_path_buf(), cause })?;
        let found = (image.shard, image.last_lsn, image.digest);
        if found != (self.shard, self.said.0, self.said.1) {
            return Err(damaged("a section is not in the state that the header says"));
        }
        Ok(image)
    }
}

fn position_in(header: &[u8], path: &Path, node_id: u128) -> Result<Position, Error> {
    let path = || path.to_owned();
    let damaged = |what| Error::Damaged { path: path(), what };
    let found_node_id = u128_at(header, 32);
    let is_whole = |seed| header[16..24] == MAGIC && checksum(header, seed) == u128_at(header, 0);
    let version = u32_at(header, 24);
    if !is_whole(seed_of(node_id)) {
        let is_foreign = version == SNAPSHOT_VERSION && is_whole(seed_of(found_node_id));
        let foreign = Error::Foreign { path: path(), node_id: found_node_id };
        return Err(if is_foreign { foreign } else { damaged("its header does not verify") });
    }
    if version != SNAPSHOT_VERSION {
        return Err(Error::NewerVersion { path: path(), version });
    }
    // The seed is less than the whole id: another node's may be the same.
    if found_node_id != node_id {
        return Err(Error::Foreign { path: path(), node_id: found_node_id });
    }
    let ends = header[HEADER_BYTES..].chunks_exact(SNAPSHOT_SHARD_BYTES).map(|of_shard| ShardEnd {
        sequence: u64_at(of_shard, 0),
        lsn: Lsn(u64_at(of_shard, 8)),
        digest: Digest(u128_at(of_shard, 16)),
    });
    let last = (u64_at(header, 64), u128_at(header, 72), Epoch(u64_at(header, 56)));
    let chain = Chain::restored(last, ends.collect());
    let chain = chain.filter(|chain| {
        u32_at(header, 28) == u32::from(SHARDS) && chain.state_digest.0 == u128_at(header, 88)
    });
    chain.map(Position).ok_or_else(|| damaged("its header contradicts itself"))
}

/// A file that ends too early is damaged.
fn read_all(file: &mut dyn File, bytes: &mut [u8], path: &Path) -> Result<(), Error> {
    match file.read_exact(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(Error::Damaged { path: path.to_owned(), what: "it ends too early" })
        }
        result => Ok(result.context("read", path)?),
    }
}
