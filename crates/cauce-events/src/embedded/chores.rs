//! What could not be done at once, and is tried again: files to be named, files to be removed.

use cauce_flow::shape::month::Month;

/// Files to be named and to be removed.
#[derive(Default)]
pub(super) struct Chores {
    pub(super) unnamed: Vec<(Month, Vec<u64>)>,
    pub(super) parts_to_go: Vec<(Month, Vec<u64>)>,
    pub(super) runs_to_go: Vec<u64>,
}

impl Chores {
    pub(super) fn is_done(&self) -> bool {
        self.unnamed.is_empty() && self.parts_to_go.is_empty() && self.runs_to_go.is_empty()
    }
}
