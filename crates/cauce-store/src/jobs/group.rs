//! What belongs together: the jobs of a campaign, say. A group has a gate of its own, figures of its
//! own, and a mark of how far whoever makes its jobs has come.
//!
//! A group is kept from its first mark, or from the first time its gate is set, until it is
//! forgotten. Jobs may be in a group that is not kept: it is open and has no figures.

use std::collections::BTreeMap;

use cauce_flow::{
    id::{GroupName, TenantId},
    job::State,
};
use serde::Serialize;

/// What flows through a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupGate {
    /// Its jobs go out.
    #[default]
    Open,
    /// No new attempt starts.
    Paused,
    /// Nothing of it goes out any more, and nothing comes in: what had not been sent is cancelled.
    /// It stays so.
    Stopped,
}

impl GroupGate {
    /// Whether no new attempt of its jobs starts.
    pub const fn is_shut(self) -> bool {
        matches!(self, GroupGate::Paused | GroupGate::Stopped)
    }

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            GroupGate::Open => "open",
            GroupGate::Paused => "paused",
            GroupGate::Stopped => "stopped",
        }
    }
}

/// How far the jobs of a group have been made: kept in the same commit as the jobs, so that after a
/// crash whoever makes them goes on right behind those that were taken, however long it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Whose group it is.
    pub tenant: TenantId,
    /// The group.
    pub group: GroupName,
    /// The last entry of the source that the jobs of this call come from.
    pub upto: u64,
    /// Whether the source ends there. A group that is done is not marked again.
    pub done: bool,
}

/// The mark of a group, as it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The last entry of the source whose jobs were taken; 0 before the first.
    pub upto: u64,
    /// Whether the source ends there.
    pub done: bool,
}

/// The figures of a group. All of them are kept, in the same commit as what they count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFigures {
    /// What flows through it.
    pub gate: GroupGate,
    /// How far its jobs have been made.
    pub mark: Marked,
    /// Jobs taken, ever.
    pub accepted: u64,
    /// Jobs in each state; for end states, ever.
    pub states: BTreeMap<State, u64>,
}

impl GroupFigures {
    /// Jobs in a state.
    pub fn state(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or(0)
    }

    /// Jobs that still have work before them.
    pub fn pending(&self) -> u64 {
        let pending = State::ALL.iter().filter(|state| state.is_pending());
        pending.map(|state| self.state(*state)).sum()
    }
}
