//! What can be asked of the state without reading the log.

use std::collections::BTreeMap;

use cauce_flow::{id::QueueName, job::State as JobState, time::Timestamp};

use super::{
    super::{counters::Counters, record::NameId, table::Entry},
    State,
};
use crate::jobs::{Gate, QueueCounts, Scope, Select};

/// A selection, with its names as numbers. None of them fits where a name was never used.
pub(in super::super) struct Filter {
    states: u8,
    queue: Option<NameId>,
    tenant: Option<NameId>,
    account: Option<NameId>,
    group: Option<NameId>,
    priority: Option<usize>,
    impossible: bool,
}

impl Filter {
    /// A job that is here fits all but the text.
    pub(in super::super) fn fits(&self, state: &State, entry: &Entry) -> bool {
        let lane = state.lane(entry);
        let owner = lane.owner;
        let is = |wanted: Option<NameId>, found| wanted.is_none_or(|wanted| wanted == found);
        !self.impossible
            && is(self.queue, owner.queue)
            && is(self.tenant, owner.tenant)
            && is(self.account, owner.account)
            && is(self.group, lane.group)
            && self
                .priority
                .is_none_or(|priority| priority == entry.priority())
            && self.states & (1 << entry.state() as u8) != 0
    }
}

impl State {
    /// The filter that a selection means; `allowed` are the states that the call may touch.
    pub(in super::super) fn filter(&self, select: &Select, allowed: &[JobState]) -> Filter {
        let mut impossible = false;
        let mut number = |name: Option<&str>| {
            let name = name?;
            let found = self.names.number(name);
            impossible |= found.is_none();
            found
        };
        let tenant = match &select.scope {
            Scope::All => None,
            Scope::Tenant(tenant) => number(Some(tenant.as_str())),
        };
        let queue = number(select.queue.as_ref().map(|name| name.as_str()));
        let account = number(select.account.as_ref().map(|name| name.as_str()));
        let group = number(select.group.as_ref().map(|name| name.as_str()));
        let wanted = |state: &&JobState| select.states.is_empty() || select.states.contains(state);
        let states = allowed
            .iter()
            .filter(wanted)
            .fold(0, |bits, s| bits | 1 << *s as u8);
        let priority = select.priority.map(|priority| priority.index());
        Filter {
            states,
            queue,
            tenant,
            account,
            group,
            priority,
            impossible,
        }
    }

    /// Some jobs that fit, newest first, below `below`; and where to go on, if not at the end.
    /// `max_steps` bounds how many jobs are looked at.
    pub(in super::super) fn find(
        &self,
        filter: &Filter,
        below: u64,
        max_found: usize,
        max_steps: usize,
    ) -> (Vec<u64>, Option<u64>) {
        let mut found = Vec::new();
        let mut go_on = None;
        let mut steps = 0;
        self.table
            .visit_down(below, filter.states, |number, entry| {
                steps += 1;
                if found.len() == max_found || steps > max_steps {
                    go_on = Some(number + 1);
                    return false;
                }
                if filter.fits(self, entry) {
                    found.push(number);
                }
                true
            });
        (found, go_on)
    }

    /// The figures of all queues of a scope.
    pub(in super::super) fn counts(&mut self, scope: &Scope) -> BTreeMap<QueueName, QueueCounts> {
        let own = match scope {
            Scope::All => None,
            Scope::Tenant(tenant) => match self.names.number(tenant.as_str()) {
                Some(number) => Some(number),
                None => return BTreeMap::new(),
            },
        };
        let mut queues: BTreeMap<QueueName, QueueCounts> = BTreeMap::new();
        for (queue, tenant, _, counters) in self.counters.iter() {
            if own.is_none_or(|own| own == tenant) {
                add(queues.entry(self.queue_name(queue)).or_default(), counters);
            }
        }
        for (name, counts) in &mut queues {
            let queue = self.names.number(name.as_str()).unwrap_or(0);
            self.add_gates(queue, own, counts);
            counts.oldest_at = self.oldest_waiting(queue, own);
        }
        queues
    }

    fn add_gates(&self, queue: NameId, own: Option<NameId>, counts: &mut QueueCounts) {
        counts.gate = Some(self.gate(queue, own.unwrap_or(0)));
        if own.is_some() {
            return;
        }
        let of_queue = self.gates.range((queue, 1)..=(queue, NameId::MAX));
        counts.gated_tenants = of_queue
            .filter_map(|((_, tenant), gate)| {
                let name = self.names.text(*tenant).parse().ok()?;
                Some((
                    name,
                    if *gate == 1 {
                        Gate::Draining
                    } else {
                        Gate::Paused
                    },
                ))
            })
            .collect();
    }

    /// When the oldest waiting job of a queue became due.
    fn oldest_waiting(&mut self, queue: NameId, own: Option<NameId>) -> Option<Timestamp> {
        let of_queue = |line: &u32| self.lines[*line as usize].queue == queue;
        let lines: Vec<u32> = (0..self.lines.len() as u32).filter(of_queue).collect();
        lines
            .into_iter()
            .filter_map(|line| self.oldest_in(line, own))
            .min()
    }
}

fn add(to: &mut QueueCounts, counters: &Counters) {
    to.accepted += counters.accepted;
    let ended = [
        (JobState::Completed, counters.completed),
        (JobState::Dead, counters.dead),
        (JobState::Unknown, counters.unknown),
        (JobState::Expired, counters.expired),
        (JobState::Cancelled, counters.cancelled),
    ];
    let pending = [JobState::Scheduled, JobState::Waiting, JobState::Active]
        .map(|state| (state, counters.present[state as usize]));
    for (state, _) in ended {
        *to.reached.entry(state).or_default() += counters.reached[state as usize];
    }
    for (state, count) in ended.into_iter().chain(pending) {
        *to.states.entry(state).or_default() += count;
    }
    for (sum, waiting) in to
        .waiting_by_priority
        .iter_mut()
        .zip(counters.waiting_by_priority)
    {
        *sum += waiting;
    }
    to.superseded += counters.superseded;
    to.delayed += counters.delayed;
    to.retried += counters.retried;
    to.dead_listed += counters.present[JobState::Dead as usize];
    to.received += counters.received;
    to.duplicates += counters.duplicates;
    to.withheld += counters.withheld;
    to.rejected += counters.rejected;
    to.pending_bytes += counters.pending_bytes;
}
