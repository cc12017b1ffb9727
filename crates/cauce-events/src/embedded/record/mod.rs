//! The records of the event log. The state of the store is the fold over them; the files of events
//! are named in it, and a file that it does not name does not count.
//!
//! ```text
//! kind  record    says
//! 0     Base      all of the small state, at the head of a segment
//! 1     Spare     the base again, so that one damaged place does not cost it
//! 2     Events    one call: what became of its events, and those that are kept
//! 3     Files     all files that count, and up to where they cover the log
//! 4     Rule      how a tenant samples a kind
//! 5     Erasing   a visitor is to be forgotten
//! 6     Erased    nothing of the visitor is left
//! 7     Followed  follow-ups were handed on, up to a place in the log
//! 8     Moved     follow-ups that were not, copied forward so that their segment can go
//! ```

mod erasing;
mod events;
mod moved;
mod rule;

pub(super) use erasing::{Erasing, Forgotten};
pub(super) use events::{Entry, EventsHead, EventsRead, EventsWriter, Follow};
pub(super) use moved::{decode_moved, encode_moved};
pub(super) use rule::RuleRecord;

use cauce_log::codec::Malformed;

/// The kinds of records, as the log stores them.
pub(super) mod kind {
    pub(in super::super) const BASE: u8 = cauce_log::BASE;
    pub(in super::super) const SPARE: u8 = 1;
    pub(in super::super) const EVENTS: u8 = 2;
    pub(in super::super) const FILES: u8 = 3;
    pub(in super::super) const RULE: u8 = 4;
    pub(in super::super) const ERASING: u8 = 5;
    pub(in super::super) const ERASED: u8 = 6;
    pub(in super::super) const FOLLOWED: u8 = 7;
    pub(in super::super) const MOVED: u8 = 8;
}

fn malformed<E>(why: &'static str) -> impl FnOnce(E) -> Malformed {
    move |_| Malformed(why)
}

#[cfg(test)]
mod tests;
