//! What is in the journal and not in the database yet.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use super::{Error, Name, States, change::Change, journal::Journal};

/// From so many bytes on, what is in the journal is saved at once.
const FULL_BYTES: u64 = 8 << 20;
/// A change that finds more than this unsaved is refused.
const MAX_UNSAVED_BYTES: u64 = 64 << 20;

/// Changes of sessions, in no order: of each session there is one.
pub(super) type Changes = HashMap<Name, Change>;

/// What is in the journal and not in the database yet.
pub(super) struct Unsaved {
    changes: Changes,
    journal: Journal,
    /// Journals of what was taken and is not known to be saved.
    taken: Vec<PathBuf>,
    taken_bytes: u64,
    closed: bool,
}

impl Unsaved {
    /// Reads what a process that ended early has left.
    pub(super) fn open(dir: &Path) -> io::Result<Unsaved> {
        let mut changes = Changes::new();
        let (journal, taken) = Journal::open(dir, |name, change| {
            changes.entry(name).or_default().then(change);
        })?;
        Ok(Unsaved {
            changes,
            journal,
            taken,
            taken_bytes: 0,
            closed: false,
        })
    }

    /// Takes a change, in memory and in the journal. Answers whether the saver is to be told: of the
    /// first change since it has saved, and of one that makes the journal full.
    pub(super) fn take_in(&mut self, name: Name, change: Change) -> Result<bool, Error> {
        if self.closed {
            return Err(Error::Closed);
        }
        if self.taken_bytes + self.journal.bytes() > MAX_UNSAVED_BYTES {
            return Err(Error::Busy);
        }
        let was_full = self.is_full();
        let noted = self.journal.append(&name, &change);
        noted.map_err(|error| Error::Journal(error.to_string().into()))?;
        let is_first = self.changes.is_empty();
        self.changes.entry(name).or_default().then(change);
        Ok(is_first || self.is_full() && !was_full)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.journal.bytes() >= FULL_BYTES
    }

    /// What the database does not know yet of a session, laid over what it knows.
    pub(super) fn lay_over(&self, name: &Name, states: &mut States) {
        if let Some(change) = self.changes.get(name) {
            change.clone().over(states);
        }
    }

    /// Takes all changes, to be saved; later ones go into another journal.
    pub(super) fn take(&mut self) -> io::Result<BTreeMap<Name, Change>> {
        let bytes = self.journal.bytes();
        self.taken.extend(self.journal.begin_next()?);
        self.taken_bytes += bytes;
        Ok(std::mem::take(&mut self.changes).into_iter().collect())
    }

    /// What was taken is in the database.
    pub(super) fn saved(&mut self) {
        self.taken_bytes = 0;
        // The oldest goes first, so that a crash in between leaves the newest.
        self.taken
            .retain(|journal| fs::remove_file(journal).is_err());
    }

    /// What was taken could not be saved, and is to be tried again.
    pub(super) fn give_back(&mut self, taken: BTreeMap<Name, Change>) {
        for (name, mut change) in taken {
            if let Some(later) = self.changes.remove(&name) {
                change.then(later);
            }
            self.changes.insert(name, change);
        }
    }

    /// Takes nothing more.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }
}
