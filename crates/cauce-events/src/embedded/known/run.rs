//! Reads a run: sorted ids in a file that is never changed, with a filter before it.
//!
//! A question costs a look into the filter, and one read of a block where that lets it through. The
//! fences are in memory: 8 bytes for 136 ids.

use std::{io, path::Path, sync::Arc};

use cauce_flow::{
    shape::deduplicator::{
        BLOCK_BYTES as FILTER_BLOCK, Blocks, Entry, Filter, HEADER_BYTES as FILTER_HEAD,
    },
    time::Timestamp,
};
use cauce_log::files::{File, Files};

use super::layout::{self, HEAD_BYTES, Head, SUM_BYTES, damaged, read_summed};
use crate::sink::read_exact;

/// A run that answers.
pub(in super::super) struct Run {
    number: u64,
    file: Arc<dyn File>,
    ids: u64,
    fences: Vec<u64>,
    filter: Guard,
}

/// The filter of a run: in memory, or on disk where memory is short.
enum Guard {
    Memory(Filter),
    Disk { blocks: Blocks, at: u64 },
}

impl Run {
    /// Opens a run. Its filter is taken into memory where that may be.
    pub(in super::super) fn open(
        files: &dyn Files,
        path: &Path,
        (number, max_filter_bytes): (u64, usize),
    ) -> io::Result<Run> {
        let file = files.open_read(path)?;
        let head = Head::decode(&read_exact(&*file, HEAD_BYTES, 0)?)?;
        let Head {
            ids, filter_bytes, ..
        } = head;
        let blocks = layout::blocks(ids);
        let fences_at = layout::fences_at(ids);
        let fences = read_summed(&*file, blocks as usize * 8, fences_at)?;
        let fences: Vec<u64> = fences
            .as_chunks::<8>()
            .0
            .iter()
            .map(|fence| u64::from_le_bytes(*fence))
            .collect();
        let at = fences_at + blocks * 8 + SUM_BYTES as u64;
        let filter = Guard::open(&*file, at, filter_bytes, max_filter_bytes)?;
        Ok(Run {
            number,
            file,
            ids,
            fences,
            filter,
        })
    }

    pub(in super::super) fn number(&self) -> u64 {
        self.number
    }

    /// Ids in it.
    pub(in super::super) fn ids(&self) -> u64 {
        self.ids
    }

    /// Bytes of its filter and its fences in memory.
    pub(in super::super) fn memory_bytes(&self) -> usize {
        let filter = match &self.filter {
            Guard::Memory(filter) => filter.size(),
            Guard::Disk { .. } => 0,
        };
        filter + self.fences.len() * 8
    }

    /// Whether the run may hold an id, as far as memory tells. `false` is certain.
    pub(in super::super) fn may_hold(&self, digest: u128) -> bool {
        match &self.filter {
            Guard::Memory(filter) => filter.may_hold(digest),
            Guard::Disk { .. } => self.ids > 0,
        }
    }

    /// When an id in this run was received. Reads the disk.
    pub(in super::super) fn find(&self, digest: u128) -> io::Result<Option<Timestamp>> {
        if let Guard::Disk { blocks, at } = self.filter {
            let block = read_exact(&*self.file, FILTER_BLOCK, at + blocks.offset(digest))?;
            let block = block.try_into().expect("as long as was asked for");
            if !Blocks::may_hold(&block, digest) {
                return Ok(None);
            }
        }
        let upper = (digest >> 64) as u64;
        // Neighbouring blocks may share the upper half of a digest.
        let last = self.fences.partition_point(|fence| *fence <= upper);
        let first = self
            .fences
            .partition_point(|fence| *fence < upper)
            .saturating_sub(1);
        for block in first..last {
            let ids = self.block(block as u64)?;
            if let Ok(place) = ids.binary_search_by_key(&digest, |id| id.digest) {
                return Ok(Some(ids[place].received_at));
            }
        }
        Ok(None)
    }

    /// How many blocks it has.
    pub(super) fn blocks(&self) -> u64 {
        self.fences.len() as u64
    }

    /// The ids of one block.
    pub(super) fn block(&self, block: u64) -> io::Result<Vec<Entry>> {
        layout::read_block(&*self.file, self.ids, block)
    }
}

impl Guard {
    fn open(file: &dyn File, at: u64, bytes: u64, max_bytes: usize) -> io::Result<Guard> {
        if bytes > max_bytes as u64 {
            let head = read_exact(file, FILTER_HEAD, at)?;
            let head = head.try_into().expect("as long as was asked for");
            let blocks = Blocks::from_header(&head).map_err(damaged)?;
            return Ok(Guard::Disk { blocks, at });
        }
        let filter = read_exact(file, bytes as usize, at)?;
        Filter::from_bytes(&filter)
            .map(Guard::Memory)
            .map_err(damaged)
    }
}
