//! Follow-ups that were copied forward.

use super::events::{Follow, put_follow, take_follow};
use cauce_log::codec::{Decoder, Encode, Malformed};

/// Appends the body of a record of them.
pub(in super::super) fn encode_moved(moved: &[Follow<'_>], out: &mut Vec<u8>) {
    out.put_u64(moved.len() as u64);
    moved.iter().for_each(|follow| put_follow(out, *follow));
}

/// Reads it.
pub(in super::super) fn decode_moved(body: &[u8]) -> Result<Vec<Follow<'_>>, Malformed> {
    let mut from = Decoder::new(body);
    let count = from.count()?;
    (0..count).map(|_| take_follow(&mut from)).collect()
}
