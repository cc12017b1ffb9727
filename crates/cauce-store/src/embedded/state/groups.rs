//! Groups that are kept: their gates, marks and figures.
//!
//! What of a group is here now is counted from the jobs, as everywhere. What has ended is counted
//! as it happens, and at the end of each call the record of the group tells the sums: a record that
//! ends a job names its owner and not its group, so that the sums could not be folded once the job
//! has left the log.

use std::collections::BTreeMap;

use cauce_flow::job::State as JobState;

use super::{
    super::record::{GroupState, NameId, Tally},
    Step,
};
use crate::jobs::{GroupFigures, GroupGate, Marked};

/// The place of a lane whose group is not kept.
pub(super) const NOT_KEPT: u32 = u32::MAX;
pub(super) const STOPPED: u8 = 2;

/// The end states, in the order of [`Tally::ended`].
pub(super) const ENDS: [JobState; 5] = [
    JobState::Completed,
    JobState::Dead,
    JobState::Unknown,
    JobState::Expired,
    JobState::Cancelled,
];

/// The states in which a job has work before it.
const PENDING: [JobState; 3] = [JobState::Scheduled, JobState::Waiting, JobState::Active];

/// A group that is kept.
pub(super) struct Group {
    pub(super) told: GroupState,
    /// Jobs of it that are here, by state.
    pub(super) present: [u64; 8],
    /// Its sums have changed since they were told.
    touched: bool,
    /// Where the search for what a stop has left goes on.
    pub(super) sweep_below: u64,
}

impl Group {
    /// Jobs that a stop cancels.
    pub(super) fn unsent(&self) -> u64 {
        self.present[JobState::Scheduled as usize] + self.present[JobState::Waiting as usize]
    }

    pub(super) fn pending(&self) -> u64 {
        self.unsent() + self.present[JobState::Active as usize]
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.told.gate == STOPPED
    }

    /// What is counted beside what is found of it, by state.
    pub(super) fn compare(&self, found: &[u64; 8]) -> [(&'static str, u64, u64); 5] {
        let Tally { accepted, ended } = self.told.tally;
        let present = |state: JobState| self.present[state as usize];
        let of = |state: JobState| found[state as usize];
        let pending = accepted.wrapping_sub(ended.iter().sum());
        [
            (
                "pending = accepted - ended",
                pending,
                found[..3].iter().sum(),
            ),
            ("unknown", ended[2], of(JobState::Unknown)),
            (
                "scheduled",
                present(JobState::Scheduled),
                of(JobState::Scheduled),
            ),
            ("waiting", present(JobState::Waiting), of(JobState::Waiting)),
            ("active", present(JobState::Active), of(JobState::Active)),
        ]
    }

    fn agree(&mut self) {
        let (pending, unknown) = (self.pending(), self.present[JobState::Unknown as usize]);
        let Tally { accepted, ended } = &mut self.told.tally;
        ended[1] += ended[2].saturating_sub(unknown);
        ended[2] = unknown;
        let all: u64 = ended.iter().sum::<u64>() + pending;
        ended[1] += accepted.saturating_sub(all);
        *accepted = (*accepted).max(all);
    }

    pub(super) fn figures(&self) -> GroupFigures {
        let pending = PENDING.map(|state| (state, self.present[state as usize]));
        let ended = ENDS.into_iter().zip(self.told.tally.ended);
        GroupFigures {
            gate: gate_of(self.told.gate),
            mark: Marked {
                upto: self.told.upto,
                done: self.told.done,
            },
            accepted: self.told.tally.accepted,
            states: pending.into_iter().chain(ended).collect(),
        }
    }
}

/// All groups that are kept.
#[derive(Default)]
pub(super) struct Groups {
    /// By tenant, then group.
    numbers: BTreeMap<(NameId, NameId), u32>,
    all: Vec<Group>,
    /// Places in `all` that are for whoever comes next.
    free: Vec<u32>,
    touched: Vec<u32>,
    /// How many are stopped.
    stopped: usize,
}

impl Groups {
    /// The place of a group; [`NOT_KEPT`] where it has none.
    pub(super) fn place(&self, tenant: NameId, group: NameId) -> u32 {
        let place = self.numbers.get(&(tenant, group));
        place.copied().unwrap_or(NOT_KEPT)
    }

    pub(super) fn get(&self, place: u32) -> Option<&Group> {
        self.all.get(place as usize)
    }

    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Group> {
        self.all.get_mut(place as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// One more than the last place.
    pub(super) fn places(&self) -> usize {
        self.all.len()
    }

    /// Whether the jobs of the group at a place do not go out.
    pub(super) fn is_shut(&self, place: u32) -> bool {
        self.get(place).is_some_and(|group| group.told.gate != 0)
    }

    /// Whether any group is stopped.
    pub(super) fn any_stopped(&self) -> bool {
        self.stopped > 0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Group)> {
        let group = |place: &u32| (*place, &self.all[*place as usize]);
        self.numbers.values().map(group)
    }

    /// Keeps a group, which is open until it is told of.
    pub(super) fn add(&mut self, told: GroupState, present: [u64; 8]) -> u32 {
        let group = Group {
            told: GroupState { gate: 0, ..told },
            present,
            touched: false,
            sweep_below: u64::MAX >> 1,
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.all[place as usize] = group;
                place
            }
            None => {
                self.all.push(group);
                u32::try_from(self.all.len() - 1).expect("fewer than four billion groups")
            }
        };
        self.numbers.insert((told.tenant, told.group), place);
        place
    }

    /// Takes in what is told of a group. Answers the gate that it had.
    pub(super) fn tell(&mut self, place: u32, told: GroupState) -> u8 {
        let Some(group) = self.all.get_mut(place as usize) else {
            return told.gate;
        };
        let before = std::mem::replace(&mut group.told, told).gate;
        self.stopped += usize::from(told.gate == STOPPED);
        self.stopped -= usize::from(before == STOPPED);
        before
    }

    /// Keeps a group no longer.
    pub(super) fn remove(&mut self, place: u32) {
        let Some(group) = self.all.get_mut(place as usize) else {
            return;
        };
        group.touched = false;
        self.stopped -= usize::from(group.told.gate == STOPPED);
        self.numbers.remove(&(group.told.tenant, group.told.group));
        self.touched.retain(|touched| *touched != place);
        self.free.push(place);
    }

    /// Makes the sums agree with what is here, after damage that no record explains.
    pub(super) fn agree(&mut self) {
        for place in self.numbers.values().copied().collect::<Vec<_>>() {
            self.all[place as usize].agree();
            self.touch(place);
        }
    }

    fn touch(&mut self, place: u32) {
        let Some(group) = self.all.get_mut(place as usize) else {
            return;
        };
        if !group.touched {
            group.touched = true;
            self.touched.push(place);
        }
    }

    /// The groups whose sums have changed since this was asked last.
    pub(super) fn take_touched(&mut self) -> Vec<GroupState> {
        let touched = std::mem::take(&mut self.touched);
        let told = touched.into_iter().map(|place| {
            let group = &mut self.all[place as usize];
            group.touched = false;
            group.told
        });
        told.collect()
    }

    /// Counts a job of a group in or out of what is here.
    pub(super) fn count(&mut self, place: u32, state: JobState, by: Step) {
        if let Some(group) = self.all.get_mut(place as usize) {
            by.apply(&mut group.present[state as usize], 1);
        }
    }

    /// A job was taken into a group.
    pub(super) fn accept(&mut self, place: u32) {
        if let Some(group) = self.all.get_mut(place as usize) {
            group.told.tally.accepted += 1;
            self.touch(place);
        }
    }

    /// A job of a group reached an end state, or left one.
    pub(super) fn end(&mut self, place: u32, state: JobState, by: Step) {
        let Some(end) = ENDS.iter().position(|end| *end == state) else {
            return;
        };
        if let Some(group) = self.all.get_mut(place as usize) {
            let count = &mut group.told.tally.ended[end];
            match by {
                Step::In => *count += 1,
                Step::Out => *count = count.saturating_sub(1),
            }
            self.touch(place);
        }
    }
}

/// A gate by its number in a record.
pub(super) fn gate_of(number: u8) -> GroupGate {
    match number {
        0 => GroupGate::Open,
        1 => GroupGate::Paused,
        _ => GroupGate::Stopped,
    }
}

/// The number of a gate in a record.
pub(super) fn gate_number(gate: GroupGate) -> u8 {
    match gate {
        GroupGate::Open => 0,
        GroupGate::Paused => 1,
        GroupGate::Stopped => STOPPED,
    }
}
