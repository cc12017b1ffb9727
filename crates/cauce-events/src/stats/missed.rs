//! What can come between a question and its answer.

use crate::{fault::Fault, rollup::Unusable};

/// Why there is no answer yet.
pub(super) enum Missed {
    /// The rollup of this source cannot be used.
    Rollup(usize, String),
    /// A part cannot be read.
    Fault(Fault),
}

impl Missed {
    pub(super) fn damaged(source: usize) -> Missed {
        Missed::Rollup(source, Unusable::Damaged.to_string())
    }
}
