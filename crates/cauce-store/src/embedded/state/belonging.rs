//! Which jobs belong to the groups that are kept, and what follows from what a record tells of one.

use cauce_flow::id::{GroupName, TenantId};

use super::{
    super::{
        record::{GroupState, NameId, Tally},
        table::Entry,
    },
    State,
    groups::{ENDS, Group, NOT_KEPT, gate_of},
};
use crate::jobs::{GroupFigures, GroupGate};

impl State {
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
            let present = self.present_in(told.tenant, told.group);
            place = self.groups.add(*told, present);
            for lane in self.lanes_of(told.tenant, told.group) {
                self.lanes[lane as usize].kept = place;
            }
        }
        let before = self.groups.tell(place, *told);
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
}
