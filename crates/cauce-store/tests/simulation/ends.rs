//! What has to hold when all is over: every job is somewhere, counted, and explained.

use std::collections::{BTreeMap, BTreeSet};

use cauce_flow::{id::JobId, job::State};
use cauce_store::jobs::{JobDetail, JobStore, Page, Scope, Select};

use crate::{
    checks::{Call, End, number_in, payload},
    world::World,
};

impl World {
    pub(crate) fn check_all(&mut self) {
        self.check_rates();
        let found = self.all_jobs();
        self.check_counts(&found);
        let mut seen = BTreeSet::new();
        for detail in &found {
            if let Some(n) = self.check_job(detail) {
                seen.insert(n);
            }
        }
        self.check_acknowledged(&found, &seen);
        let audit = self.store.as_ref().map(JobStore::audit).unwrap_or_default();
        if !audit.is_empty() {
            self.ledger
                .blame(format!("the counters are wrong: {audit:?}"));
        }
    }

    fn all_jobs(&mut self) -> Vec<JobDetail> {
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = Page { limit: 500, before };
            let Some(listed) = self.ask(|store| store.list(Select::all(Scope::All), page)) else {
                return found;
            };
            for summary in listed.jobs {
                found.extend(self.ask(|store| store.job(summary.id, Scope::All)));
            }
            before = listed.next;
            if before.is_none() {
                return found;
            }
        }
    }

    /// One job that the store holds. Answers which one it is.
    fn check_job(&mut self, detail: &JobDetail) -> Option<usize> {
        let id = detail.summary.id;
        let Some(n) = number_in(&detail.payload).filter(|n| *n < self.ledger.jobs.len()) else {
            self.ledger
                .blame(format!("{id} was handed in by nobody: {detail:?}"));
            return None;
        };
        let told = self.ledger.jobs[n].clone();
        let summary = &detail.summary;
        let same = payload(n, told.bytes) == detail.payload
            && self.scenario.lines[told.line].line == summary.line
            && self.scenario.tenants[told.tenant] == summary.tenant
            && told.id.is_none_or(|known| known == id);
        if !same {
            self.ledger
                .blame(format!("job {n} is not what was handed in: {summary:?}"));
        }
        if self.ledger.calls[told.call] == Call::Refused {
            self.ledger
                .blame(format!("job {n} is there, though its call was refused"));
        }
        let plan = &self.scenario.lines[told.line];
        let never_twice = plan.delivery == cauce_flow::dispatch::disposition::Delivery::NeverTwice;
        self.ledger.check_end(n, &end_of(detail), never_twice);
        Some(n)
    }

    /// What was acknowledged is there, and a call is there as a whole or not at all.
    fn check_acknowledged(&mut self, found: &[JobDetail], seen: &BTreeSet<usize>) {
        let ids: BTreeSet<JobId> = found.iter().map(|detail| detail.summary.id).collect();
        let strangers = std::mem::take(&mut self.ledger.strangers);
        let forgotten: BTreeSet<usize> = (0..self.ledger.jobs.len())
            .filter(|n| {
                self.may_be_forgotten() && self.ledger.jobs[*n].done == Some(State::Completed)
            })
            .collect();
        let past = |id: &JobId| {
            self.ledger
                .by_id
                .get(id)
                .is_some_and(|n| forgotten.contains(n))
        };
        let lost: Vec<&JobId> = strangers
            .iter()
            .filter(|id| !ids.contains(id) && !past(id))
            .collect();
        for id in lost {
            self.ledger
                .blame(format!("{id} was acknowledged and is lost"));
        }
        let mut calls: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for n in 0..self.ledger.jobs.len() {
            let told = &self.ledger.jobs[n];
            let seen = seen.contains(&n) || forgotten.contains(&n);
            // Whether one that a newer state replaced was ever there is not known for long.
            let replaced = self.may_be_forgotten() && self.ledger.is_followed(n, false);
            let taken = seen || replaced || told.id.is_some_and(|id| ids.contains(&id));
            let promised = self.ledger.calls[told.call] == Call::Taken && !told.duplicate;
            let of_call = calls.entry(told.call).or_default();
            of_call.0 += usize::from(seen);
            of_call.1 += usize::from(!seen && !replaced && !self.may_be_duplicate(n));
            if promised && !taken {
                self.ledger
                    .blame(format!("job {n} was acknowledged and is lost"));
            }
        }
        for (call, (there, missing)) in calls {
            let whole = there == 0 || missing == 0;
            if self.ledger.calls[call] == Call::Maybe && !whole {
                self.ledger.blame(format!(
                    "of call {call}, {there} are there and {missing} not"
                ));
            }
        }
    }

    /// Whether another job may have been taken in place of this one.
    fn may_be_duplicate(&self, n: usize) -> bool {
        self.ledger
            .keys
            .values()
            .any(|same| same.len() > 1 && same.contains(&n))
    }

    /// The totals are those of the jobs that are there.
    fn check_counts(&mut self, found: &[JobDetail]) {
        let Some(store) = &self.store else { return };
        let counts = store.counts(&Scope::All);
        for (at, plan) in self.scenario.lines.iter().enumerate() {
            let of_queue = found
                .iter()
                .filter(|d| d.summary.line.queue == plan.line.queue);
            let mut states: BTreeMap<State, u64> = BTreeMap::new();
            of_queue.for_each(|d| *states.entry(d.summary.state).or_default() += 1);
            let counted = counts.get(&plan.line.queue).cloned().unwrap_or_default();
            let forgets = self.scenario.completed < self.ledger.jobs.len();
            let same = State::ALL.iter().all(|state| {
                let (counted, there) = (counted.state(*state), states.get(state).copied());
                // Of these, and of those that newer ones replaced, the history is short.
                let more = forgets && matches!(state, State::Completed | State::Cancelled);
                counted == there.unwrap_or(0) || (more && counted > there.unwrap_or(0))
            });
            let of_queue = found
                .iter()
                .filter(|d| d.summary.line.queue == plan.line.queue);
            let superseded = of_queue.filter(|d| end_of(d).is_superseded()).count() as u64;
            let told = counted.superseded;
            let same = same && (told == superseded || forgets && told > superseded);
            if !same || counted.accepted != counted.states.values().sum::<u64>() {
                self.ledger.blame(format!(
                    "queue {at} counts {counted:?}, there are {states:?}"
                ));
                return;
            }
        }
    }
}

fn end_of(detail: &JobDetail) -> End {
    let summary = &detail.summary;
    End {
        state: summary.state,
        attempt: summary.attempt,
        finished_at: summary.finished_at,
        code: summary
            .last_error
            .as_ref()
            .map(|reason| reason.code.clone()),
    }
}
