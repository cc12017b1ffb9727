//! Operators pause the jobs of a group, and open it again.

use std::time::Duration;

use cauce_flow::id::{GroupName, TenantId};
use cauce_store::jobs::{GroupGate, JobStore};

use crate::{
    scenario::Sabotage,
    world::{Event, World},
};

/// A group: the place of its tenant, and its number.
pub(crate) type Group = (usize, u64);
/// So many groups has each tenant.
pub(crate) const GROUPS: u64 = 3;

pub(crate) fn group_name(group: u64) -> GroupName {
    GroupName::new(&format!("group-{group}")).expect("a good name")
}

impl World {
    pub(crate) fn shut_group(&mut self) {
        let tenant = self.chance.below(self.scenario.tenants.len() as u64) as usize;
        let group = (tenant, self.chance.below(GROUPS));
        self.set_group(group, GroupGate::Paused);
        let wait = self.about(Duration::from_secs(40));
        self.plan_outside(wait, Event::OpenGroup(group));
    }

    pub(crate) fn open_group(&mut self, group: Group) {
        if self.store.is_none() {
            return self.plan_outside(Duration::from_secs(5), Event::OpenGroup(group));
        }
        self.set_group(group, GroupGate::Open);
    }

    pub(crate) fn set_group(&mut self, group: Group, gate: GroupGate) {
        let (tenant, name) = self.named(group);
        let (whose, which, now) = (tenant.clone(), name.clone(), self.now);
        self.say(|| format!("group {group:?}: {gate:?}"));
        if self.scenario.sabotage == Sabotage::DeafToGroup {
            self.groups.insert(group, gate);
            return;
        }
        if self
            .ask(|store| store.set_group(whose, which, gate, now))
            .is_none()
        {
            self.group_again = Some((group, gate));
            return;
        }
        self.groups.insert(group, gate);
        for at in 0..self.lines.len() {
            let dispatcher = &mut self.lines[at].dispatcher;
            match gate.is_shut() {
                true => dispatcher.on_group_shut(tenant.clone(), name.clone(), now),
                false => dispatcher.on_group_open(tenant.clone(), name.clone(), now),
            }
            self.look(at);
        }
    }

    /// Whether the group of a job is paused.
    pub(crate) fn is_group_shut(&self, n: usize) -> bool {
        let told = &self.ledger.jobs[n];
        let gate = told
            .group
            .map(|group| self.groups.get(&(told.tenant, group)));
        gate.flatten().is_some_and(|gate| gate.is_shut())
    }

    /// The gates that the store remembers are those that were set.
    pub(crate) fn check_groups(&mut self) {
        for (group, set) in self.groups.clone() {
            let (tenant, name) = self.named(group);
            let Some(store) = &self.store else { return };
            let found = store.group_gate(&tenant, &name);
            let open = self.group_again.is_some_and(|(again, _)| again == group);
            if found != set && !open {
                self.ledger.blame(format!(
                    "group {group:?} is {found:?} and was set to {set:?}"
                ));
            }
        }
    }

    fn named(&self, (tenant, group): Group) -> (TenantId, GroupName) {
        (self.scenario.tenants[tenant].clone(), group_name(group))
    }
}
