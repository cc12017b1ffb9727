//! Names and lanes that nothing refers to any more.
//!
//! Groups come and go: a campaign has one, and when its last job has left the lists, nothing needs
//! its name. Queues, accounts and tenants stay, as their counters do.

use std::collections::{BTreeSet, HashSet};

use super::{super::record::NameId, State};

impl State {
    /// Forgets the names that nothing refers to, but those in `named`.
    pub(in super::super) fn prune_names(&mut self, named: &BTreeSet<NameId>) {
        self.free_lanes();
        let used = self.names_in_use();
        self.names
            .retain(|number| used.contains(&number) || named.contains(&number));
    }

    /// The numbers of the names that something refers to.
    pub(super) fn names_in_use(&self) -> HashSet<NameId> {
        let mut used = HashSet::new();
        for (queue, tenant, ..) in self.counters.iter() {
            used.extend([queue, tenant]);
        }
        for (queue, tenant) in self.gates.keys() {
            used.extend([*queue, *tenant]);
        }
        for (queue, account) in self.line_numbers.keys() {
            used.extend([*queue, *account]);
        }
        for owner in self.lost.values().filter_map(|lost| lost.owner) {
            used.extend([owner.queue, owner.account, owner.tenant]);
        }
        for (_, group) in self.groups.iter() {
            used.extend([group.told.tenant, group.told.group]);
        }
        used.extend(
            self.lanes
                .iter()
                .filter(|lane| lane.jobs > 0)
                .map(|lane| lane.group),
        );
        used
    }

    /// Gives the lanes of groups that have no job any more to the groups that come next.
    fn free_lanes(&mut self) {
        for (number, lane) in (0..).zip(&mut self.lanes) {
            if lane.group == 0 || lane.jobs > 0 {
                continue;
            }
            let key = (lane.owner, lane.group);
            if self.lane_numbers.get(&key) != Some(&number) {
                // It is free already; the group may have come back to another one.
                continue;
            }
            self.lane_numbers.remove(&key);
            lane.fifos = Default::default();
            let turn = &mut self.lines[lane.line as usize].turns[lane.turn as usize];
            turn.groups
                .iter_mut()
                .for_each(|groups| groups.remove(&number));
            self.free_lanes.push(number);
        }
    }
}
