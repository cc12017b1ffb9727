//! Groups that are kept: their gates, marks and figures.
//!
//! What of a group is here now is counted from the jobs, as everywhere. What has ended is counted
//! as it happens, and at the end of each call the record of the group tells the sums: a record that
//! ends a job names its owner and not its group, so that the sums could not be folded once the job
//! has left the log.

use std::collections::BTreeMap;

use cauce_flow::{
    id::{GroupName, TenantId},
    job::State as JobState,
};

use super::{
    super::{
        record::{GroupState, NameId, Tally},
        table::Entry,
    },
    State, Step,
};
use crate::jobs::{GroupFigures, GroupGate, Marked};

/// The place of a lane whose group is not kept.
pub(super) const NOT_KEPT: u32 = u32::MAX;
pub(super) const STOPPED: u8 = 2;

/// The end states, in the order of [`Tally::ended`].
const ENDS: [JobState; 5] = [
    JobState::Completed,
    JobState::Dead,
    JobState::Unknown,
    JobState::Expired,
    JobState::Cancelled,
];

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

    fn figures(&self) -> GroupFigures {
        let pending = State::PENDING.map(|state| (state, self.present[state as usize]));
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

    fn add(&mut self, told: GroupState) -> u32 {
        let group = Group {
            told,
            present: [0; 8],
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

    fn remove(&mut self, place: u32) {
        let Some(group) = self.all.get_mut(place as usize) else {
            return;
        };
        group.touched = false;
        self.stopped -= usize::from(group.told.gate == STOPPED);
        self.numbers.remove(&(group.told.tenant, group.told.group));
        self.touched.retain(|touched| *touched != place);
        self.free.push(place);
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

impl State {
    const PENDING: [JobState; 3] = [JobState::Scheduled, JobState::Waiting, JobState::Active];

    /// What flows through a group.
    pub(in super::super) fn group_gate(&self, tenant: &TenantId, group: &GroupName) -> GroupGate {
        let place = self.group_place(tenant, group);
        let group = self.groups.get(place);
        group.map_or(GroupGate::Open, |group| gate_of(group.told.gate))
    }

    /// The figures of a group that is kept.
    pub(in super::super) fn group_figures(
        &self,
        tenant: &TenantId,
        group: &GroupName,
    ) -> Option<GroupFigures> {
        let place = self.group_place(tenant, group);
        self.groups.get(place).map(Group::figures)
    }

    /// How many groups are kept.
    pub(in super::super) fn kept_groups(&self) -> usize {
        self.groups.len()
    }

    /// Jobs of a stopped group that are still to be cancelled.
    pub(in super::super) fn unswept(&self, tenant: &TenantId, group: &GroupName) -> u64 {
        let place = self.group_place(tenant, group);
        let stopped = self.groups.get(place).filter(|group| group.is_stopped());
        stopped.map_or(0, Group::unsent)
    }

    pub(super) fn group_place(&self, tenant: &TenantId, group: &GroupName) -> u32 {
        if self.groups.len() == 0 {
            return NOT_KEPT;
        }
        let tenant = self.names.number(tenant.as_str());
        let group = self.names.number(group.as_str());
        let known = tenant.zip(group);
        known.map_or(NOT_KEPT, |(tenant, group)| self.groups.place(tenant, group))
    }

    /// Whether a job belongs to a stopped group.
    pub(super) fn is_stopped(&self, entry: &Entry) -> bool {
        self.groups.any_stopped()
            && (self.groups.get(self.lane(entry).kept)).is_some_and(Group::is_stopped)
    }

    /// A group as it stands, as if it were kept from now on where it is not.
    pub(super) fn group_state(&self, tenant: NameId, group: NameId) -> GroupState {
        let place = self.groups.place(tenant, group);
        if let Some(group) = self.groups.get(place) {
            return group.told;
        }
        let present = self.present_in(tenant, group);
        let mut tally = Tally {
            accepted: present.iter().sum(),
            ..Tally::default()
        };
        for (count, end) in tally.ended.iter_mut().zip(ENDS) {
            *count = present[end as usize];
        }
        GroupState {
            tenant,
            group,
            gate: 0,
            upto: 0,
            done: false,
            forgotten: false,
            tally,
        }
    }

    /// Takes in what a record, or a base, tells of a group.
    pub(super) fn fold_group(&mut self, told: &GroupState) {
        self.names.note(told.tenant);
        self.names.note(told.group);
        let mut place = self.groups.place(told.tenant, told.group);
        if told.forgotten {
            return self.forget_group(place);
        }
        if place == NOT_KEPT {
            place = self.groups.add(*told);
            let present = self.present_in(told.tenant, told.group);
            let group = &mut self.groups.all[place as usize];
            group.present = present;
            group.told.gate = 0;
            for lane in self.lanes_of(told.tenant, told.group) {
                self.lanes[lane as usize].kept = place;
            }
        }
        let group = &mut self.groups.all[place as usize];
        let before = std::mem::replace(&mut group.told, *told).gate;
        self.groups.stopped += usize::from(told.gate == STOPPED);
        self.groups.stopped -= usize::from(before == STOPPED);
        if (before == 0) != (told.gate == 0) {
            for lane in self.lanes_of(told.tenant, told.group) {
                self.set_shut(lane, told.gate != 0);
            }
        }
    }

    fn forget_group(&mut self, place: u32) {
        let Some(group) = self.groups.get(place) else {
            return;
        };
        let GroupState { tenant, group, .. } = group.told;
        for lane in self.lanes_of(tenant, group) {
            self.set_shut(lane, false);
            self.lanes[lane as usize].kept = NOT_KEPT;
        }
        self.groups.remove(place);
    }

    fn lanes_of(&self, tenant: NameId, group: NameId) -> Vec<u32> {
        let of_group = self
            .lane_numbers
            .iter()
            .filter(|((owner, own), _)| *own == group && owner.tenant == tenant);
        let mut lanes: Vec<u32> = of_group.map(|(_, number)| *number).collect();
        // In the same order in every run.
        lanes.sort_unstable();
        lanes
    }

    /// Jobs of a group that are here, by state.
    fn present_in(&self, tenant: NameId, group: NameId) -> [u64; 8] {
        let mut present = [0; 8];
        let lanes = self.lanes_of(tenant, group);
        if lanes
            .iter()
            .all(|lane| self.lanes[*lane as usize].jobs == 0)
        {
            return present;
        }
        self.table.visit_down(u64::MAX, u8::MAX, |_, entry| {
            if lanes.contains(&entry.lane) {
                present[entry.state() as usize] += 1;
            }
            true
        });
        present
    }

    /// Makes the sums of groups agree with what is here, after damage that no record explains.
    pub(super) fn agree_groups(&mut self) {
        for place in self.groups.numbers.values().copied().collect::<Vec<_>>() {
            let group = &mut self.groups.all[place as usize];
            let (pending, unknown) = (group.pending(), group.present[JobState::Unknown as usize]);
            let Tally { accepted, ended } = &mut group.told.tally;
            let [_, dead, counted_unknown, ..] = ended;
            *dead += counted_unknown.saturating_sub(unknown);
            *counted_unknown = unknown;
            let all: u64 = ended.iter().sum::<u64>() + pending;
            ended[1] += accepted.saturating_sub(all);
            *accepted = (*accepted).max(all);
            self.groups.touch(place);
        }
    }
}

/// A gate by its number in a record.
fn gate_of(number: u8) -> GroupGate {
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
