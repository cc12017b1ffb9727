//! Recognises events that were received before, by their ids, for as long as a client may resend.
//!
//! ```text
//! insert --> recent ids, in memory --poll_sealed--> sorted run, on disk, with a filter in memory
//!            (exact, bounded)                       (exact: the filter only spares a look)
//! ```
//!
//! What is kept of an id is a keyed digest of 128 bits, so that two ids are never taken for each
//! other, and a fingerprint of its visitor, so that an erasure finds it. Here is what needs no disk;
//! the runs are the store's.

mod filter;
mod recent;

pub use self::{
    filter::{BLOCK_BYTES, BadFilter, Blocks, Filter, HEADER_BYTES},
    recent::{Config, Entry, Recent, Sealed, Seen},
};
