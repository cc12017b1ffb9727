//! What can be asked of the one writer of the event log.

use cauce_flow::time::Timestamp;
use tokio::sync::oneshot;

use super::{
    record::{Erasing, RuleRecord},
    state::{Change, Prepared},
};
use crate::store::{Error, Taken};

/// What can be asked of the writer.
pub(super) enum Ask {
    /// Takes the events of a call.
    Take(Box<Prepared>, Timestamp),
    /// Sets or removes a rule.
    SetRule(RuleRecord),
    /// Follow-ups up to a place were handed on.
    Followed(u64),
    /// Makes files count, and others no more.
    Commit(Box<Change>),
    /// Remembers that a visitor is to be forgotten, and forgets what is in memory.
    Erase(Box<Erasing>),
    /// Begins a new segment.
    Roll,
    /// Removes all segments before this one, which files cover.
    Cut(u32),
    /// Nothing of the visitor is left, now that so many segments of the log are gone.
    Erased { visitor: u128, segments: u64 },
    /// Removes the oldest segments, as far as nobody needs them.
    Trim(Timestamp),
}

/// What the writer answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Done,
    Taken(Taken),
    /// A segment began.
    Rolled(u32),
    /// So many segments went.
    Removed(u64),
}

/// A call that waits for its answer.
pub(super) struct Command {
    pub(super) ask: Ask,
    pub(super) answer: oneshot::Sender<Result<Reply, Error>>,
}
