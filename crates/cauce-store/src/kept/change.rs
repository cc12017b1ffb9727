//! What is to change in the states of a session, and how one change follows another.

use std::collections::btree_map::Entry;

use super::States;

/// What is to change in the states of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Whether what was known before is forgotten.
    pub(super) anew: bool,
    /// What is known since.
    pub(super) states: States,
}

impl Change {
    /// Lets a later change follow.
    pub(super) fn then(&mut self, later: Change) {
        if later.anew {
            *self = later;
            return;
        }
        later.over(&mut self.states);
    }

    /// Lays it over what was known.
    pub(super) fn over(self, states: &mut States) {
        if self.anew {
            states.clear();
        }
        for (kind, held) in self.states {
            match states.entry(kind) {
                Entry::Vacant(free) => drop(free.insert(held)),
                Entry::Occupied(mut kept) if held.replaces(kept.get()) => {
                    drop(kept.insert(held));
                }
                Entry::Occupied(_) => {}
            }
        }
    }
}
