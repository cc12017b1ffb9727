//! What is done with groups: gates, marks, stops; and the sums that each call ends with.

use cauce_flow::{
    id::{GroupName, TenantId},
    job::State as JobState,
    time::Timestamp,
};

use super::{
    super::{
        record::{GroupState, Record},
        table::Entry,
    },
    groups::{NOT_KEPT, STOPPED, gate_number},
    journal::Journal,
    plan::{Fault, Planned, Reply},
};
use crate::jobs::{Error, GroupGate, Mark};

/// So many jobs of a stopped group are cancelled in one commit.
pub(in super::super) const MAX_SWEPT_A_CALL: usize = 5_000;
/// So many jobs are looked at for that.
const MAX_LOOKED_AT: usize = 100_000;

impl Journal<'_> {
    /// Opens, pauses or stops a group.
    pub(in super::super) fn set_group(
        &mut self,
        tenant: &TenantId,
        group: &GroupName,
        gate: GroupGate,
        now: Timestamp,
    ) -> Planned {
        self.state.tick(now.as_millis());
        let known = self.named_group(tenant, group)?;
        let number = gate_number(gate);
        if known.gate == STOPPED && number != STOPPED {
            return Err(stopped(tenant, group));
        }
        let gate = number;
        self.say(&Record::Group(GroupState { gate, ..known }))?;
        match gate {
            STOPPED => self.sweep_group(self.state.groups.place(known.tenant, known.group), now),
            _ => Ok(Reply::Count(0)),
        }
    }

    /// Notes how far the jobs of a group are made.
    pub(super) fn mark(&mut self, mark: &Mark) -> Result<(), Fault> {
        let known = self.named_group(&mark.tenant, &mark.group)?;
        let (upto, done) = (mark.upto, mark.done);
        self.say(&Record::Group(GroupState {
            upto,
            done,
            ..known
        }))?;
        Ok(())
    }

    /// Keeps a group no longer.
    pub(in super::super) fn forget_group(
        &mut self,
        tenant: &TenantId,
        group: &GroupName,
    ) -> Planned {
        let place = self.state.group_place(tenant, group);
        let Some(kept) = self.state.groups.get(place) else {
            return Ok(Reply::Count(0));
        };
        let (pending, told) = (kept.pending(), kept.told);
        if pending > 0 {
            let group = group.clone();
            return Err(Error::Unfinished { group, pending }.into());
        }
        let forgotten = true;
        self.say(&Record::Group(GroupState { forgotten, ..told }))?;
        Ok(Reply::Count(1))
    }

    /// Cancels some of what stopped groups have not sent. Answers how many.
    pub(in super::super) fn sweep(&mut self, now: Timestamp) -> Planned {
        match self.state.unswept_group() {
            NOT_KEPT => Ok(Reply::Count(0)),
            place => self.sweep_group(place, now),
        }
    }

    fn sweep_group(&mut self, place: u32, now: Timestamp) -> Planned {
        let unsent = self.state.find_unsent(place);
        self.end_jobs(unsent, JobState::Cancelled, false, now)
    }

    /// Cancels those of the jobs that have come back from their leases into a stopped group.
    pub(super) fn cancel_stopped(
        &mut self,
        mut numbers: Vec<u64>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if !self.state.groups.any_stopped() {
            return Ok(());
        }
        let (table, state) = (&self.state.table, &self.state);
        let stopped = |entry: &Entry| state.is_stopped(entry);
        numbers.retain(|number| table.get(*number).is_some_and(stopped));
        if !numbers.is_empty() {
            self.end_jobs(numbers, JobState::Cancelled, false, now)?;
        }
        Ok(())
    }

    /// Tells the sums of the groups that a call has changed.
    pub(in super::super) fn tell_groups(&mut self) -> Result<(), cauce_log::Error> {
        for told in self.state.groups.take_touched() {
            self.say(&Record::Group(told))?;
        }
        Ok(())
    }

    fn named_group(
        &mut self,
        tenant: &TenantId,
        group: &GroupName,
    ) -> Result<GroupState, cauce_log::Error> {
        let tenant = self.name(tenant.as_str())?;
        let group = self.name(group.as_str())?;
        Ok(self.state.group_state(tenant, group))
    }
}

fn stopped(tenant: &TenantId, group: &GroupName) -> Fault {
    let (tenant, group) = (tenant.clone(), group.clone());
    Error::Stopped { group, tenant }.into()
}

impl super::State {
    /// Whether a stopped group has something to be cancelled.
    pub(in super::super) fn sweeps(&self) -> bool {
        self.unswept_group() != NOT_KEPT
    }

    /// A stopped group that has something to be cancelled; [`NOT_KEPT`] for none.
    pub(super) fn unswept_group(&self) -> u32 {
        if !self.groups.any_stopped() {
            return NOT_KEPT;
        }
        let unswept =
            |(_, group): &(u32, &super::groups::Group)| group.is_stopped() && group.unsent() > 0;
        let found = self.groups.iter().find(unswept);
        found.map_or(NOT_KEPT, |(place, _)| place)
    }

    /// Some jobs of a group that are neither leased nor ended, newest first. The next call goes on
    /// where this one ends.
    fn find_unsent(&mut self, place: u32) -> Vec<u64> {
        const UNSENT: u8 = 1 << JobState::Scheduled as u8 | 1 << JobState::Waiting as u8;
        let Some(below) = self.groups.get(place).map(|group| group.sweep_below) else {
            return Vec::new();
        };
        let (mut found, mut looked, mut next) = (Vec::new(), 0, u64::MAX >> 1);
        self.table.visit_down(below, UNSENT, |number, entry| {
            looked += 1;
            if found.len() == MAX_SWEPT_A_CALL || looked > MAX_LOOKED_AT {
                next = number + 1;
                return false;
            }
            if self.lane(entry).kept == place {
                found.push(number);
            }
            true
        });
        if let Some(group) = self.groups.get_mut(place) {
            group.sweep_below = next;
        }
        found
    }

    /// Refuses a mark that says nothing new. `bare` tells that no jobs come with it.
    pub(super) fn admit_mark(&self, mark: Option<&Mark>, bare: bool) -> Result<(), Error> {
        let Some(mark) = mark else {
            return Ok(());
        };
        let place = self.group_place(&mark.tenant, &mark.group);
        let Some(kept) = self.groups.get(place).map(|group| group.told) else {
            return Ok(());
        };
        let group = mark.group.clone();
        if kept.gate == STOPPED {
            let tenant = mark.tenant.clone();
            return Err(Error::Stopped { group, tenant });
        }
        let ends = mark.upto == kept.upto && mark.done && bare;
        if kept.done || (mark.upto <= kept.upto && !ends) {
            let upto = kept.upto;
            return Err(Error::Marked { group, upto });
        }
        Ok(())
    }
}
