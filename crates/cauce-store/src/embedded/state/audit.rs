//! Recounts what is here and compares it with what was counted: the conservation law.

use cauce_flow::job::State as JobState;

use super::{
    super::{counters::Counters, record::NameId},
    State,
};
use crate::jobs::Discrepancy;

impl State {
    /// Recounts everything that is here and compares it with the counters.
    pub(in super::super) fn audit(&self) -> Vec<Discrepancy> {
        let found = self.found_by_owner();
        let compared = self
            .counters
            .iter()
            .flat_map(|(queue, tenant, place, counters)| {
                let of_owner = compare(counters, &found[place as usize]).into_iter();
                of_owner.map(move |compared| (queue, tenant, compared))
            });
        let of_queues = compared
            .filter(|(_, _, (_, counted, found))| counted != found)
            .filter_map(|(queue, tenant, compared)| self.discrepancy(queue, tenant, compared));
        of_queues.chain(self.audit_groups()).collect()
    }

    fn audit_groups(&self) -> Vec<Discrepancy> {
        let mut found = vec![[0u64; 8]; self.groups.places()];
        self.table.visit_down(u64::MAX, u8::MAX, |_, entry| {
            if let Some(found) = found.get_mut(self.lane(entry).kept as usize) {
                found[entry.state() as usize] += 1;
            }
            true
        });
        let compared = self.groups.iter().flat_map(|(place, group)| {
            let compared = group.compare(&found[place as usize]);
            compared.map(|compared| (group.told, compared))
        });
        compared
            .filter(|(_, (_, counted, found))| counted != found)
            .filter_map(|(told, (what, counted, found))| {
                Some(Discrepancy {
                    tenant: self.names.text(told.tenant).parse().ok()?,
                    queue: None,
                    group: Some(self.names.text(told.group).parse().ok()?),
                    what,
                    counted,
                    found,
                })
            })
            .collect()
    }

    /// Makes the counters agree with what is here, after damage that no record explains: jobs that
    /// should be here count as dead from here on. Where they agree, as they do when the log is read
    /// from behind the damage, nothing changes.
    pub(super) fn agree(&mut self) {
        let found = self.found_by_owner();
        for (place, found) in (0..).zip(found) {
            self.counters.at(place).agree(&found);
        }
        self.groups.agree();
    }

    /// Jobs in the table by state, for each place in the ledger.
    fn found_by_owner(&self) -> Vec<[u64; 8]> {
        let mut by_lane = vec![[0u64; 8]; self.lanes.len()];
        self.table.visit_down(u64::MAX, u8::MAX, |_, entry| {
            by_lane[entry.lane as usize][entry.state() as usize] += 1;
            true
        });
        let mut by_owner = vec![[0u64; 8]; self.counters.len()];
        for (lane, states) in self.lanes.iter().zip(by_lane) {
            let sums = by_owner[lane.counters as usize].iter_mut();
            sums.zip(states).for_each(|(sum, more)| *sum += more);
        }
        by_owner
    }

    fn discrepancy(
        &self,
        queue: NameId,
        tenant: NameId,
        (what, counted, found): (&'static str, u64, u64),
    ) -> Option<Discrepancy> {
        Some(Discrepancy {
            tenant: self.names.text(tenant).parse().ok()?,
            queue: Some(self.names.text(queue).parse().ok()?),
            group: None,
            what,
            counted,
            found,
        })
    }
}

fn compare(counters: &Counters, found: &[u64; 8]) -> [(&'static str, u64, u64); 7] {
    let of = |state: JobState| found[state as usize];
    let pending = (0..3).map(|state| found[state]).sum();
    let events = counters.accepted + counters.duplicates + counters.withheld + counters.rejected;
    let present = |state: JobState| counters.present[state as usize];
    [
        ("pending = accepted - ended", counters.pending(), pending),
        ("unknown", counters.unknown, of(JobState::Unknown)),
        (
            "received = stored + duplicates + withheld + rejected",
            counters.received,
            events,
        ),
        (
            "scheduled",
            present(JobState::Scheduled),
            of(JobState::Scheduled),
        ),
        ("waiting", present(JobState::Waiting), of(JobState::Waiting)),
        ("active", present(JobState::Active), of(JobState::Active)),
        ("dead listed", present(JobState::Dead), of(JobState::Dead)),
    ]
}
