//! A snapshot on its way to the disk: written beside, synced piece by piece so that the journal
//! never waits behind a large one, and named when it is whole. Dropped before, it leaves nothing.

use std::path::PathBuf;

use inventory_core::ids::ShardId;
use inventory_core::limits::SHARDS;
use inventory_core::state::ShardImage;
use inventory_core::time::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use super::{
    Error, HEADER_BYTES, MAGIC, SECTION_HEADER_BYTES, SNAPSHOT_VERSION, TRAILER_BYTES,
    TRAILER_MAGIC, WHOLE_HEADER_BYTES,
};
use crate::chain::Position;
use crate::disk::{Access, File};
use crate::encoding::write_image;
use crate::files::{self, Context, rename_lasting, temporary_beside};
use crate::limits::{COPY_BYTES, SNAPSHOT_SHARD_BYTES};
use crate::machine::Machine;
use crate::segment::{checksum, seed_of};

/// A snapshot that is being written.
#[derive(Debug)]
pub struct SnapshotWriter {
    machine: Machine,
    file: Box<dyn File>,
    temporary: PathBuf,
    path: PathBuf,
    position: Position,
    seed: u64,
    next_shard: ShardId,
    sum: Summed,
    bytes: u64,
    unsynced_bytes: u64,
    /// Kept for its memory.
    buffer: Vec<u8>,
    is_named: bool,
}

/// The checksum of all that was written.
struct Summed(Xxh3);

impl std::fmt::Debug for Summed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Summed")
    }
}

impl SnapshotWriter {
    pub(super) fn create(
        machine: &Machine,
        path: PathBuf,
        position: Position,
        node_id: u128,
        created_at: Timestamp,
    ) -> Result<Self, Error> {
        let temporary = temporary_beside(machine, &path);
        let file =
            machine.disk().open(&temporary, Access::CreateNew).context("create", &temporary)?;
        let seed = seed_of(node_id);
        let mut writer = Self {
            machine: machine.clone(),
            file,
            temporary,
            path,
            seed,
            next_shard: ShardId(0),
            sum: Summed(Xxh3::with_seed(seed)),
            bytes: 0,
            unsynced_bytes: 0,
            buffer: header_of(&position, node_id, created_at, seed),
            position,
            is_named: false,
        };
        writer.write_buffer()?;
        Ok(writer)
    }

    /// Appends the next shard: they come in order, each in the state that the journal leads to.
    pub fn add(&mut self, image: &ShardImage) -> Result<(), Error> {
        let shard = image.shard;
        let is_next = shard == self.next_shard && shard.0 < SHARDS;
        let said = (self.position.last_lsn(shard), self.position.digest(shard));
        if !is_next || said != (image.last_lsn, image.digest) {
            return Err(Error::OtherState(shard));
        }
        self.buffer.clear();
        self.buffer.resize(SECTION_HEADER_BYTES, 0);
        write_image(image, &mut self.buffer);
        let image_bytes = (self.buffer.len() - SECTION_HEADER_BYTES) as u64;
        self.buffer[16..18].copy_from_slice(&shard.0.to_le_bytes());
        self.buffer[24..32].copy_from_slice(&image_bytes.to_le_bytes());
        let sum = checksum(&self.buffer, self.seed);
        self.buffer[..16].copy_from_slice(&sum.to_le_bytes());
        self.next_shard = ShardId(shard.0 + 1);
        Ok(self.write_buffer()?)
    }

    /// Makes it last under its name, in place of one that may have had the name. Returns its
    /// number and its bytes.
    pub fn finish(mut self) -> Result<(u64, u64), Error> {
        if self.next_shard.0 < SHARDS {
            return Err(Error::OtherState(self.next_shard));
        }
        let file_bytes = self.bytes + TRAILER_BYTES as u64;
        self.sum.0.update(&TRAILER_MAGIC);
        self.sum.0.update(&file_bytes.to_le_bytes());
        let sum = self.sum.0.digest128();
        let trailer = [&TRAILER_MAGIC[..], &file_bytes.to_le_bytes(), &sum.to_le_bytes()].concat();
        self.file
            .write_all(&trailer)
            .and_then(|()| self.file.sync_all())
            .context("write", &self.temporary)?;
        // A name that may not last is taken away again: nothing may be thrown away for it.
        rename_lasting(&self.machine, &self.temporary, &self.path)
            .inspect_err(|_| drop(self.machine.disk().remove(&self.path)))?;
        self.is_named = true;
        Ok((self.position.next_number(), file_bytes))
    }

    fn write_buffer(&mut self) -> Result<(), files::Error> {
        self.sum.0.update(&self.buffer);
        for piece in self.buffer.chunks(COPY_BYTES) {
            self.file.write_all(piece).context("write", &self.temporary)?;
            self.unsynced_bytes += piece.len() as u64;
            if self.unsynced_bytes >= COPY_BYTES as u64 {
                self.file.sync_data().context("sync", &self.temporary)?;
                self.unsynced_bytes = 0;
            }
        }
        self.bytes += self.buffer.len() as u64;
        Ok(())
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        if !self.is_named {
            // Best effort: the next start removes it as well.
            let _ = self.machine.disk().remove(&self.temporary);
        }
    }
}

fn header_of(position: &Position, node_id: u128, created_at: Timestamp, seed: u64) -> Vec<u8> {
    let chain = &position.0;
    let mut bytes = vec![0; WHOLE_HEADER_BYTES];
    bytes[16..24].copy_from_slice(&MAGIC);
    bytes[24..28].copy_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
    bytes[28..32].copy_from_slice(&u32::from(SHARDS).to_le_bytes());
    bytes[32..48].copy_from_slice(&node_id.to_le_bytes());
    bytes[48..56].copy_from_slice(&created_at.0.to_le_bytes());
    bytes[56..64].copy_from_slice(&chain.last_epoch.0.to_le_bytes());
    bytes[64..72].copy_from_slice(&chain.last_number.to_le_bytes());
    bytes[72..88].copy_from_slice(&chain.last_checksum.to_le_bytes());
    bytes[88..104].copy_from_slice(&chain.state_digest.0.to_le_bytes());
    let of_shards = bytes[HEADER_BYTES..].chunks_exact_mut(SNAPSHOT_SHARD_BYTES);
    for (shard, of_shard) in (0..SHARDS).map(ShardId).zip(of_shards) {
        let end = chain.end_of(shard).unwrap_or_default();
        of_shard[..8].copy_from_slice(&end.sequence.to_le_bytes());
        of_shard[8..16].copy_from_slice(&end.lsn.0.to_le_bytes());
        of_shard[16..].copy_from_slice(&end.digest.0.to_le_bytes());
    }
    let sum = checksum(&bytes, seed);
    bytes[..16].copy_from_slice(&sum.to_le_bytes());
    bytes
}
