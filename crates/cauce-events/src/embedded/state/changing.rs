//! How the files that count change.

use cauce_flow::time::Timestamp;

use super::super::manifest::{Asked, Left, Manifest, PartEntry, RunEntry};
use crate::store::Removed;

/// What a commit of files changes.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Change {
    pub(in super::super) parts: Vec<PartEntry>,
    pub(in super::super) parts_gone: Vec<u64>,
    pub(in super::super) runs: Vec<(u64, RunEntry)>,
    pub(in super::super) runs_gone: Vec<u64>,
    /// The new files cover rows up to this place.
    pub(in super::super) rows_through: Option<u64>,
    /// The new runs cover ids up to this place.
    pub(in super::super) ids_through: Option<u64>,
    /// Rows that came from the buffer.
    pub(in super::super) flushed: u64,
    /// Events that are in no file any more.
    pub(in super::super) left: Left,
    /// The wish to drop months, where it has changed.
    pub(in super::super) asked: Option<Option<Asked>>,
    /// What of visitors who are being erased goes with the files.
    pub(in super::super) removed: Vec<(u128, Removed)>,
}

impl Change {
    /// How many files go.
    pub(in super::super) fn gone(&self) -> u64 {
        (self.parts_gone.len() + self.runs_gone.len()) as u64
    }
}

impl Manifest {
    /// The manifest after a change.
    pub(in super::super) fn change(&mut self, change: &Change) {
        self.parts
            .retain(|number, _| !change.parts_gone.contains(number));
        self.runs
            .retain(|number, _| !change.runs_gone.contains(number));
        let parts = change.parts.iter().cloned();
        self.parts
            .extend(parts.map(|entry| (entry.part.number, entry)));
        self.runs.extend(change.runs.iter().copied());
        let last = self.parts.keys().chain(self.runs.keys()).max();
        self.next_file = self.next_file.max(last.map_or(0, |last| last + 1));
        self.rows_through = change.rows_through.unwrap_or(self.rows_through);
        self.ids_through = change.ids_through.unwrap_or(self.ids_through);
        self.flushed += change.flushed;
        self.left.add(change.left);
        if let Some(asked) = change.asked {
            self.asked = asked;
        }
        for (visitor, removed) in &change.removed {
            self.erasing.entry(*visitor).or_default().add(*removed);
        }
    }

    /// Whether the newest id of a run came before `limit`.
    pub(in super::super) fn runs_before(&self, limit: Timestamp) -> Vec<u64> {
        let old = self.runs.iter().filter(|(_, run)| run.newest <= limit);
        old.map(|(number, _)| *number).collect()
    }
}

impl Left {
    pub(in super::super) fn add(&mut self, more: Left) {
        self.erased += more.erased;
        self.dropped += more.dropped;
        self.lost += more.lost;
    }
}
