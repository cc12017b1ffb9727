//! Writes runs, from memory or from other runs.

use std::{
    io::{self, Write as _},
    path::Path,
};

use cauce_flow::{
    shape::deduplicator::{Entry, Filter},
    time::Timestamp,
};
use cauce_log::files::{File, Files, write_full};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    super::manifest::RunEntry,
    layout::{self, HEAD_BYTES, Head, IDS_A_BLOCK, put_id},
};
use crate::sink::Sink;

/// Ids, sorted by digest.
pub(in super::super) type Ids<'a> = &'a mut dyn Iterator<Item = io::Result<Entry>>;

/// Writes ids as a run; of an id that comes twice the first one. Answers none where there are no
/// ids, and leaves no file then.
pub(in super::super) fn write(
    files: &dyn Files,
    path: &Path,
    ids: Ids<'_>,
) -> io::Result<Option<RunEntry>> {
    let mut writer = Writer::begin(Sink::create(files, path)?)?;
    for id in ids {
        writer.push(&id?)?;
    }
    let done = writer.end()?;
    if done.is_none() {
        files.remove(path)?;
    }
    Ok(done)
}

struct Writer {
    out: Sink,
    block: Vec<u8>,
    fences: Vec<u8>,
    ids: u64,
    last: Option<u128>,
    newest: Timestamp,
}

impl Writer {
    fn begin(mut out: Sink) -> io::Result<Writer> {
        out.write_all(&[0; HEAD_BYTES])?;
        Ok(Writer {
            out,
            block: Vec::new(),
            fences: Vec::new(),
            ids: 0,
            last: None,
            newest: Timestamp::EPOCH,
        })
    }

    fn push(&mut self, id: &Entry) -> io::Result<()> {
        if self.last.replace(id.digest) == Some(id.digest) {
            return Ok(());
        }
        if self.ids.is_multiple_of(IDS_A_BLOCK as u64) {
            self.end_block()?;
            let fence = (id.digest >> 64) as u64;
            self.fences.extend_from_slice(&fence.to_le_bytes());
        }
        put_id(&mut self.block, id);
        self.ids += 1;
        self.newest = self.newest.max(id.received_at);
        Ok(())
    }

    fn end_block(&mut self) -> io::Result<()> {
        if !self.block.is_empty() {
            put_summed(&mut self.out, &self.block)?;
            self.block.clear();
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<Option<RunEntry>> {
        let (ids, newest) = (self.ids, self.newest);
        if ids == 0 {
            return Ok(None);
        }
        self.end_block()?;
        put_summed(&mut self.out, &self.fences)?;
        let file = self.out.readable()?;
        let filter = filter(&*file, ids)?.to_bytes();
        self.out.write_all(&filter)?;
        let filter_bytes = filter.len() as u64;
        let head = Head {
            ids,
            newest,
            filter_bytes,
        };
        write_full(&*file, &head.encode(), 0)?;
        self.out.finish()?;
        Ok(Some(RunEntry { ids, newest }))
    }
}

/// The filter of a run whose blocks are written. They are read back, since a run may be larger than
/// the memory.
fn filter(file: &dyn File, ids: u64) -> io::Result<Filter> {
    let mut fault = None;
    let digests = (0..layout::blocks(ids)).flat_map(|block| {
        let ids = layout::read_block(file, ids, block);
        ids.unwrap_or_else(|error| {
            fault = Some(error);
            Vec::new()
        })
    });
    let exact = Exact {
        left: ids as usize,
        digests: digests.map(|id| id.digest),
    };
    let filter = Filter::build(exact);
    fault.map_or(Ok(filter), Err)
}

/// Digests of which is known how many they are.
struct Exact<I> {
    left: usize,
    digests: I,
}

impl<I: Iterator<Item = u128>> Iterator for Exact<I> {
    type Item = u128;

    fn next(&mut self) -> Option<u128> {
        self.left = self.left.saturating_sub(1);
        self.digests.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator<Item = u128>> ExactSizeIterator for Exact<I> {}

fn put_summed(out: &mut Sink, bytes: &[u8]) -> io::Result<()> {
    out.write_all(bytes)?;
    out.write_all(&xxh3_64(bytes).to_le_bytes())
}
