//! Who waits where, and who is served next.
//!
//! ```text
//! line (queue, account)
//!   +- tenants take turns: one turn is one claim
//!        +- priorities, most urgent first, with a small share for the lower ones
//!             +- groups take turns: one turn is one job
//!                  +- due time, then arrival
//! ```

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;
use cauce_flow::{
    id::{AccountName, GroupName, QueueName, TenantId},
    job::{Line, State as JobState},
    priority::Priority,
    queue::{
        backlog::Backlog,
        fairness::{PriorityShares, TurnTaker},
    },
    time::Timestamp,
};
use tokio::sync::Notify;

use super::{
    super::{
        fifo::Fifo,
        record::{NameId, Owner},
        table::{Entry, Table},
    },
    State,
};
use crate::jobs::Gate;

/// The jobs of one owner and group.
pub(in super::super) struct Lane {
    pub(in super::super) owner: Owner,
    pub(in super::super) group: NameId,
    pub(in super::super) line: u32,
    pub(in super::super) tenant: TenantId,
    pub(in super::super) group_name: Option<GroupName>,
    fifos: [Fifo; 4],
    pub(super) waiting: [u64; 4],
}

impl Lane {
    pub(super) fn bytes(&self) -> usize {
        self.fifos.iter().map(Fifo::bytes).sum()
    }
}

/// One line: what is served through one account.
pub(in super::super) struct LineState {
    pub(in super::super) line: Line,
    pub(super) turns: BTreeMap<NameId, Turn>,
    ring: TurnTaker<NameId>,
    pub(in super::super) starts: VecDeque<(i64, u32)>,
    pub(in super::super) note: Option<Bytes>,
    pub(super) wakeup: Arc<Notify>,
    pub(super) woken: bool,
}

impl LineState {
    pub(super) fn turn_mut(&mut self, tenant: NameId) -> &mut Turn {
        self.turns.entry(tenant).or_default()
    }

    /// Remembers request starts for as long as a quota may ask for them.
    pub(super) fn remember_starts(&mut self, at: i64, requests: u32) {
        if requests > 0 {
            self.starts.push_back((at, requests));
        }
        while self
            .starts
            .front()
            .is_some_and(|(t, _)| *t < at - super::STARTS_KEPT_MS)
        {
            self.starts.pop_front();
        }
    }
}

/// Of a hundred turns, so many go to `high`, `normal` and `low` while more urgent jobs wait.
const SHARES_PERCENT: [u32; 4] = [0, 10, 5, 2];
/// Jobs that a tenant is served in one turn: a usual batch.
const TENANT_TURN: u64 = 100;
/// Jobs that a group is served in one turn.
const GROUP_TURN: u64 = 1;

/// One tenant's jobs in one line.
pub(super) struct Turn {
    shares: PriorityShares,
    groups: [TurnTaker<u32>; 4],
    pub(super) waiting: [u64; 4],
    pub(super) bytes: u64,
}

impl Default for Turn {
    fn default() -> Turn {
        Turn {
            shares: PriorityShares::new(SHARES_PERCENT),
            groups: std::array::from_fn(|_| TurnTaker::new(GROUP_TURN)),
            waiting: [0; 4],
            bytes: 0,
        }
    }
}

/// Due time of a number that waits in this lane at this priority.
fn due_in(table: &Table, lane: u32, priority: usize, number: u64) -> Option<i64> {
    table
        .get(number)
        .filter(|e| waits_in(e, lane, priority))
        .map(Entry::due_at)
}

fn waits_in(entry: &Entry, lane: u32, priority: usize) -> bool {
    entry.state() == JobState::Waiting && entry.lane == lane && entry.priority() == priority
}

impl State {
    /// The lane of an owner and group; made when it is new.
    pub(super) fn lane_number(&mut self, owner: Owner, group: NameId) -> u32 {
        if let Some(number) = self.lane_numbers.get(&(owner, group)) {
            return *number;
        }
        let number = u32::try_from(self.lanes.len()).expect("fewer than four billion lanes");
        let line = self.line_number_or_new(owner.queue, owner.account);
        let named = "only checked names are learned";
        self.lanes.push(Lane {
            owner,
            group,
            line,
            tenant: TenantId::new(self.names.text(owner.tenant)).expect(named),
            group_name: (group != 0).then(|| GroupName::new(self.names.text(group)).expect(named)),
            fifos: Default::default(),
            waiting: [0; 4],
        });
        self.lane_numbers.insert((owner, group), number);
        number
    }

    pub(super) fn line_number_or_new(&mut self, queue: NameId, account: NameId) -> u32 {
        if let Some(number) = self.line_numbers.get(&(queue, account)) {
            return *number;
        }
        let number = u32::try_from(self.lines.len()).expect("fewer than four billion lines");
        let named = "only checked names are learned";
        let line = Line {
            queue: QueueName::new(self.names.text(queue)).expect(named),
            account: AccountName::new(self.names.text(account)).expect(named),
        };
        let wakeup = self.wakeup(&line);
        self.lines.push(LineState {
            line,
            turns: BTreeMap::new(),
            ring: TurnTaker::new(TENANT_TURN),
            starts: VecDeque::new(),
            note: None,
            wakeup,
            woken: false,
        });
        self.line_numbers.insert((queue, account), number);
        number
    }

    pub(in super::super) fn line_state(&self, line: u32) -> &LineState {
        &self.lines[line as usize]
    }

    pub(in super::super) fn line_states(&self) -> impl Iterator<Item = &LineState> {
        self.lines.iter()
    }

    /// Puts a waiting job at its place in its lane.
    pub(super) fn line_up(&mut self, number: u64, entry: &Entry) {
        let lane = &mut self.lanes[entry.lane as usize];
        lane.fifos[entry.priority()].push(entry.due_at(), number);
        let line = &mut self.lines[lane.line as usize];
        line.turn_mut(lane.owner.tenant).groups[entry.priority()].add(entry.lane);
        line.ring.add(lane.owner.tenant);
        if !line.woken {
            line.woken = true;
            self.woken.push(lane.line);
        }
    }

    /// What flows through a queue for a tenant (0 for all).
    pub(in super::super) fn gate(&self, queue: NameId, tenant: NameId) -> Gate {
        let own = |tenant| self.gates.get(&(queue, tenant)).copied().unwrap_or(0);
        match own(0).max(own(tenant)) {
            0 => Gate::Open,
            1 => Gate::Draining,
            _ => Gate::Paused,
        }
    }

    fn is_paused(&self, queue: NameId, tenant: NameId) -> bool {
        self.gate(queue, tenant) == Gate::Paused
    }

    /// Lets every tenant of a queue take part again, and wakes its lines, because a gate changed.
    pub(super) fn wake_queue(&mut self, queue: NameId) {
        for ((of_queue, _), number) in &self.line_numbers {
            if *of_queue != queue {
                continue;
            }
            let line = &mut self.lines[*number as usize];
            for (tenant, turn) in &line.turns {
                if turn.waiting.iter().any(|waiting| *waiting > 0) {
                    line.ring.add(*tenant);
                }
            }
            if !line.woken {
                line.woken = true;
                self.woken.push(*number);
            }
        }
    }

    /// What waits in a line.
    pub(in super::super) fn backlog(&mut self, line: u32) -> Backlog {
        let mut backlog = Backlog::default();
        let tenants: Vec<NameId> = self.lines[line as usize].turns.keys().copied().collect();
        for tenant in tenants {
            self.add_to_backlog(line, tenant, &mut backlog);
        }
        backlog
    }

    fn add_to_backlog(&mut self, line: u32, tenant: NameId, backlog: &mut Backlog) {
        let waiting = {
            let turn = &self.lines[line as usize].turns[&tenant];
            let waiting: u64 = turn.waiting.iter().sum();
            if waiting == 0 {
                return;
            }
            waiting
        };
        if self.is_paused(self.queue_of(line), tenant) {
            return;
        }
        backlog.waiting += waiting;
        backlog.bytes += self.lines[line as usize].turns[&tenant].bytes;
        for priority in Priority::ALL {
            let Some(oldest) = self.oldest(line, tenant, priority) else {
                continue;
            };
            let sooner = |known: Option<Timestamp>| known.map_or(oldest, |k| k.min(oldest));
            backlog.oldest_at = Some(sooner(backlog.oldest_at));
            if priority.is_urgent() {
                backlog.oldest_urgent_at = Some(sooner(backlog.oldest_urgent_at));
            }
        }
    }

    /// When the oldest waiting job of a line became due, for one tenant or for all.
    pub(super) fn oldest_in(&mut self, line: u32, own: Option<NameId>) -> Option<Timestamp> {
        let tenants: Vec<NameId> = self.lines[line as usize]
            .turns
            .keys()
            .copied()
            .filter(|tenant| own.is_none_or(|own| own == *tenant))
            .collect();
        tenants
            .into_iter()
            .flat_map(|tenant| Priority::ALL.map(|priority| (tenant, priority)))
            .filter_map(|(tenant, priority)| self.oldest(line, tenant, priority))
            .min()
    }

    fn oldest(&mut self, line: u32, tenant: NameId, priority: Priority) -> Option<Timestamp> {
        let at = priority.index();
        let turn = &self.lines[line as usize].turns[&tenant];
        if turn.waiting[at] == 0 {
            return None;
        }
        let lanes: Vec<u32> = turn.groups[at].keys().copied().collect();
        let (table, all) = (&self.table, &mut self.lanes);
        lanes
            .into_iter()
            .filter_map(|lane| {
                let fifo = &mut all[lane as usize].fifos[at];
                fifo.peek(|number| due_in(table, lane, at, number))
            })
            .map(|(due_at, _)| Timestamp::from_millis(due_at))
            .min()
    }

    /// Takes the jobs that are served next, in order. They are `active` from here on; the record
    /// that the caller makes of it says so to whoever folds the log again.
    pub(super) fn select(&mut self, line: u32, max_jobs: usize, max_bytes: usize) -> Vec<u64> {
        let mut chosen = Vec::with_capacity(max_jobs.min(1_024));
        let mut bytes = 0usize;
        let queue = self.queue_of(line);
        while chosen.len() < max_jobs && bytes < max_bytes {
            let Some(tenant) = self.lines[line as usize].ring.turn().copied() else {
                break;
            };
            let next = if self.is_paused(queue, tenant) {
                None
            } else {
                self.take_next(line, tenant)
            };
            let Some((number, size)) = next else {
                self.lines[line as usize].ring.remove(&tenant);
                continue;
            };
            if !chosen.is_empty() && bytes + size > max_bytes {
                self.put_back(number);
                break;
            }
            self.lines[line as usize].ring.charge(1);
            bytes += size;
            chosen.push(number);
        }
        chosen
    }

    fn queue_of(&self, line: u32) -> NameId {
        let name = self.lines[line as usize].line.queue.as_str();
        self.names
            .number(name)
            .expect("a line is made of learned names")
    }

    /// Takes a tenant's next job off its lane.
    fn take_next(&mut self, line: u32, tenant: NameId) -> Option<(u64, usize)> {
        loop {
            let turn = self.lines[line as usize].turns.get_mut(&tenant)?;
            let waits = turn.waiting.map(|count| count > 0);
            let at = turn.shares.pick(waits)?.index();
            let lane = *turn.groups[at].turn()?;
            let (table, lanes) = (&self.table, &mut self.lanes);
            let popped =
                lanes[lane as usize].fifos[at].pop(|number| due_in(table, lane, at, number));
            let Some(number) = popped else {
                turn.groups[at].remove(&lane);
                continue;
            };
            turn.groups[at].charge(1);
            let entry = *self.table.get(number)?;
            self.count(&entry, JobState::Waiting, super::Step::Out);
            self.table.update(number, JobState::Active, |_| {});
            self.count(&entry, JobState::Active, super::Step::In);
            return Some((number, entry.bytes as usize));
        }
    }

    /// Gives a job back that was taken and is not wanted after all.
    fn put_back(&mut self, number: u64) {
        if let Some(entry) = self.table.get(number).copied() {
            self.place(number, entry, JobState::Waiting);
        }
    }

    /// How many jobs of the same owner are served before this waiting one, at most.
    pub(in super::super) fn place_of(&self, number: u64) -> Option<u64> {
        let entry = self
            .table
            .get(number)
            .filter(|e| e.state() == JobState::Waiting)?;
        let lane = self.lane(entry);
        let turn = self.lines[lane.line as usize]
            .turns
            .get(&lane.owner.tenant)?;
        let before: u64 = turn.waiting[..entry.priority()].iter().sum();
        let fifo = &lane.fifos[entry.priority()];
        let rank = (entry.due_at(), number);
        let due = |other| due_in(&self.table, entry.lane, entry.priority(), other);
        Some(before + fifo.ahead_of(rank, due))
    }
}
