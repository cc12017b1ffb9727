//! How a run lies on disk.
//!
//! ```text
//! header  magic 4 | version u32 | ids u64 | newest i64 | bytes of the filter u64 | xxh3-64 of these
//! blocks  136 ids of 30 bytes | xxh3-64 of them
//! fences  the upper 64 bits of the first digest of each block | xxh3-64 of them
//! filter  see `cauce_flow::shape::deduplicator::Filter`
//! id      digest u128, big-endian | print of the visitor u64 | received at, u48
//! ```

use std::io;

use cauce_flow::{shape::deduplicator::Entry, time::Timestamp};
use cauce_log::files::File;
use xxhash_rust::xxh3::xxh3_64;

use crate::sink::read_exact;

const MAGIC: [u8; 4] = *b"cidr";
const VERSION: u32 = 1;
pub(super) const HEAD_BYTES: usize = 40;
pub(super) const IDS_A_BLOCK: usize = 136;
pub(super) const SUM_BYTES: usize = 8;
const ID_BYTES: usize = 30;
const BLOCK_BYTES: usize = IDS_A_BLOCK * ID_BYTES + SUM_BYTES;

/// The header.
pub(super) struct Head {
    pub(super) ids: u64,
    pub(super) newest: Timestamp,
    pub(super) filter_bytes: u64,
}

impl Head {
    pub(super) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut head = [0; HEAD_BYTES];
        head[..4].copy_from_slice(&MAGIC);
        head[4..8].copy_from_slice(&VERSION.to_le_bytes());
        head[8..16].copy_from_slice(&self.ids.to_le_bytes());
        head[16..24].copy_from_slice(&self.newest.as_millis().to_le_bytes());
        head[24..32].copy_from_slice(&self.filter_bytes.to_le_bytes());
        let sum = xxh3_64(&head[..32]);
        head[32..].copy_from_slice(&sum.to_le_bytes());
        head
    }

    pub(super) fn decode(head: &[u8]) -> io::Result<Head> {
        let word = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("8 bytes"));
        let known = head[..4] == MAGIC && head[4..8] == VERSION.to_le_bytes();
        if !known || xxh3_64(&head[..32]) != word(32) {
            return Err(damaged("its header is damaged, or of another version"));
        }
        Ok(Head {
            ids: word(8),
            newest: Timestamp::from_millis(word(16).cast_signed()),
            filter_bytes: word(24),
        })
    }
}

/// How many blocks so many ids take.
pub(super) fn blocks(ids: u64) -> u64 {
    ids.div_ceil(IDS_A_BLOCK as u64)
}

/// Where the fences begin.
pub(super) fn fences_at(ids: u64) -> u64 {
    HEAD_BYTES as u64 + ids * ID_BYTES as u64 + blocks(ids) * SUM_BYTES as u64
}

/// The ids of one block of a file that holds so many.
pub(super) fn read_block(file: &dyn File, ids: u64, block: u64) -> io::Result<Vec<Entry>> {
    let here = (ids - block * IDS_A_BLOCK as u64).min(IDS_A_BLOCK as u64) as usize;
    let at = HEAD_BYTES as u64 + block * BLOCK_BYTES as u64;
    let bytes = read_summed(file, here * ID_BYTES, at)?;
    let (ids, _) = bytes.as_chunks::<ID_BYTES>();
    Ok(ids.iter().map(take_id).collect())
}

/// Reads bytes and the sum that stands behind them.
pub(super) fn read_summed(file: &dyn File, bytes: usize, at: u64) -> io::Result<Vec<u8>> {
    let mut read = read_exact(file, bytes + SUM_BYTES, at)?;
    let sum = read.split_off(bytes);
    match sum == xxh3_64(&read).to_le_bytes() {
        true => Ok(read),
        false => Err(damaged("a piece of it is damaged")),
    }
}

pub(super) fn put_id(out: &mut Vec<u8>, id: &Entry) {
    out.extend_from_slice(&id.digest.to_be_bytes());
    out.extend_from_slice(&id.visitor_print.to_le_bytes());
    out.extend_from_slice(&id.received_at.as_millis().to_le_bytes()[..6]);
}

fn take_id(bytes: &[u8; ID_BYTES]) -> Entry {
    let mut at = [0; 8];
    at[..6].copy_from_slice(&bytes[24..]);
    Entry {
        digest: u128::from_be_bytes(bytes[..16].try_into().expect("16 bytes")),
        visitor_print: u64::from_le_bytes(bytes[16..24].try_into().expect("8 bytes")),
        received_at: Timestamp::from_millis(i64::from_le_bytes(at)),
    }
}

pub(super) fn damaged(why: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_string())
}
