//! The files that readers are shown.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    super::{
        known::Run,
        manifest::{Left, PartEntry},
    },
    Change,
};

/// The files that readers are shown. Whoever has taken a copy goes on with it.
#[derive(Clone, Default)]
pub(in super::super) struct Shown {
    pub(in super::super) parts: Arc<BTreeMap<u64, PartEntry>>,
    pub(in super::super) runs: Arc<BTreeMap<u64, Arc<Run>>>,
    /// Counts how often ids have come into runs from memory.
    pub(in super::super) runs_version: u64,
    /// Events that are in no file any more.
    pub(in super::super) left: Left,
}

impl Shown {
    /// Shows the files of a change in the place of those that it replaces.
    pub(in super::super) fn publish(&mut self, change: &Change, new_runs: Vec<Arc<Run>>) {
        let parts = Arc::make_mut(&mut self.parts);
        parts.retain(|number, _| !change.parts_gone.contains(number));
        let new_parts = change.parts.iter().cloned();
        parts.extend(new_parts.map(|entry| (entry.part.number, entry)));
        let runs = Arc::make_mut(&mut self.runs);
        runs.retain(|number, _| !change.runs_gone.contains(number));
        runs.extend(new_runs.into_iter().map(|run| (run.number(), run)));
        self.runs_version += u64::from(change.ids_through.is_some());
        self.left.add(change.left);
    }
}
