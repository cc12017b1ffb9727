//! Who waits where.
//!
//! ```text
//! line (queue, account)
//!   +- tenants take turns: one turn is one batch
//!        +- priorities, most urgent first, with a small share for the lower ones
//!             +- groups take turns: one turn is one job
//!                  +- due time, then arrival
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use cauce_flow::{
    id::{AccountName, GroupName, QueueName, TenantId},
    job::{Line, State as JobState},
    queue::fairness::{PriorityShares, TurnTaker},
};
use tokio::sync::Notify;

use super::{
    super::{
        fifo::{Fifo, Rank},
        record::{NameId, Owner},
        table::{Entry, Table},
    },
    Held, State, Step,
    groups::NOT_KEPT,
    starts::Starts,
};
use crate::jobs::Gate;

/// The jobs of one owner and group.
pub(in super::super) struct Lane {
    pub(in super::super) owner: Owner,
    pub(in super::super) group: NameId,
    pub(in super::super) line: u32,
    /// The place of its tenant in its line.
    pub(super) turn: u32,
    /// The place of its tenant's counters.
    pub(super) counters: u32,
    /// The place of what its queue holds.
    pub(super) held: u32,
    pub(in super::super) tenant: TenantId,
    pub(in super::super) group_name: Option<GroupName>,
    pub(super) fifos: [Fifo; 4],
    /// Jobs of it that are known, in whatever state.
    pub(super) jobs: u64,
    /// Bytes of those that wait.
    pub(super) waiting_bytes: u64,
    /// The place of its group, where that is kept.
    pub(super) kept: u32,
    /// Its group is shut: nobody counts on what waits here.
    pub(super) shut: bool,
}

impl Lane {
    pub(super) fn bytes(&self) -> usize {
        self.fifos.iter().map(Fifo::bytes).sum()
    }

    /// The first in order at a priority.
    pub(super) fn first(&mut self, priority: usize, table: &Table) -> Option<Rank> {
        let due_of = |number| table.get(number).map_or(0, Entry::due_at);
        self.fifos[priority].peek(due_of)
    }
}

/// One line: what is served through one account.
pub(in super::super) struct LineState {
    pub(in super::super) line: Line,
    pub(super) queue: NameId,
    pub(super) turns: Vec<Turn>,
    turn_numbers: BTreeMap<NameId, u32>,
    /// The tenants that have something waiting, by their places in `turns`.
    pub(super) ring: TurnTaker<u32>,
    pub(super) waiting: u64,
    pub(super) bytes: u64,
    pub(in super::super) starts: Starts,
    pub(in super::super) note: Option<Bytes>,
    pub(super) wakeup: Arc<Notify>,
    pub(super) woken: bool,
}

impl LineState {
    fn turn_number(&mut self, tenant: NameId) -> u32 {
        let next = u32::try_from(self.turns.len()).expect("fewer than four billion tenants");
        let number = *self.turn_numbers.entry(tenant).or_insert(next);
        if number == next {
            self.turns.push(Turn::new(tenant));
        }
        number
    }

    /// Counts waiting jobs in or out.
    pub(super) fn count(
        &mut self,
        turn: u32,
        priority: usize,
        (jobs, bytes): (u64, u64),
        by: Step,
    ) {
        let turn = &mut self.turns[turn as usize];
        by.apply(&mut turn.waiting[priority], jobs);
        by.apply(&mut turn.bytes, bytes);
        by.apply(&mut self.waiting, jobs);
        by.apply(&mut self.bytes, bytes);
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
    pub(super) tenant: NameId,
    pub(super) shares: PriorityShares,
    /// The lanes that have something waiting, at each priority.
    pub(super) groups: [TurnTaker<u32>; 4],
    pub(super) waiting: [u64; 4],
    pub(super) bytes: u64,
}

impl Turn {
    fn new(tenant: NameId) -> Turn {
        Turn {
            tenant,
            shares: PriorityShares::new(SHARES_PERCENT),
            groups: std::array::from_fn(|_| TurnTaker::new(GROUP_TURN)),
            waiting: [0; 4],
            bytes: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting == [0; 4]
    }
}

impl State {
    /// The lane of an owner and group; made when it is new.
    pub(super) fn lane_number(&mut self, owner: Owner, group: NameId) -> u32 {
        if let Some(number) = self.lane_numbers.get(&(owner, group)) {
            return *number;
        }
        self.names.note(owner.tenant);
        self.names.note(group);
        let line = self.line_number_or_new(owner.queue, owner.account);
        let next_held = u32::try_from(self.held.len()).expect("fewer than four billion queues");
        let held = *self.pending.entry(owner.queue).or_insert(next_held);
        if held == next_held {
            self.held.push(Held::default());
        }
        let named = "names are checked, and what is missing has one that is";
        let kept = match group {
            0 => NOT_KEPT,
            group => self.groups.place(owner.tenant, group),
        };
        let lane = Lane {
            owner,
            group,
            line,
            turn: self.lines[line as usize].turn_number(owner.tenant),
            counters: self.counters.place(owner.queue, owner.tenant),
            held,
            tenant: TenantId::new(&self.names.text(owner.tenant)).expect(named),
            group_name: (group != 0).then(|| GroupName::new(&self.names.text(group)).expect(named)),
            fifos: Default::default(),
            jobs: 0,
            waiting_bytes: 0,
            kept,
            shut: self.groups.is_shut(kept),
        };
        let number = self.add_lane(lane);
        self.lane_numbers.insert((owner, group), number);
        number
    }

    fn add_lane(&mut self, lane: Lane) -> u32 {
        if let Some(free) = self.free_lanes.pop() {
            self.lanes[free as usize] = lane;
            return free;
        }
        self.lanes.push(lane);
        u32::try_from(self.lanes.len() - 1).expect("fewer than four billion lanes")
    }

    pub(super) fn line_number_or_new(&mut self, queue: NameId, account: NameId) -> u32 {
        if let Some(number) = self.line_numbers.get(&(queue, account)) {
            return *number;
        }
        let number = u32::try_from(self.lines.len()).expect("fewer than four billion lines");
        self.names.note(queue);
        self.names.note(account);
        let named = "names are checked, and what is missing has one that is";
        let line = Line {
            queue: QueueName::new(&self.names.text(queue)).expect(named),
            account: AccountName::new(&self.names.text(account)).expect(named),
        };
        let wakeup = self.wakeup(&line);
        self.lines.push(LineState {
            line,
            queue,
            turns: Vec::new(),
            turn_numbers: BTreeMap::new(),
            ring: TurnTaker::new(TENANT_TURN),
            waiting: 0,
            bytes: 0,
            starts: Starts::default(),
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
        if lane.shut {
            return;
        }
        let (line, turn) = (lane.line, lane.turn);
        let state = &mut self.lines[line as usize];
        state.turns[turn as usize].groups[entry.priority()].add(entry.lane);
        state.ring.add(turn);
        self.wake_line(line);
    }

    fn wake_line(&mut self, line: u32) {
        let state = &mut self.lines[line as usize];
        if !state.woken {
            state.woken = true;
            self.woken.push(line);
        }
    }

    /// Shuts a lane, so that nothing of it counts as waiting in its line, or opens it again.
    pub(super) fn set_shut(&mut self, number: u32, shut: bool) {
        let lane = &mut self.lanes[number as usize];
        if lane.shut == shut {
            return;
        }
        lane.shut = shut;
        let (line, turn, bytes) = (lane.line, lane.turn, lane.waiting_bytes);
        let waiting = lane.fifos.each_ref().map(Fifo::len);
        let state = &mut self.lines[line as usize];
        let by = if shut { Step::Out } else { Step::In };
        state.count(turn, 0, (0, bytes), by);
        for (priority, jobs) in waiting.into_iter().enumerate() {
            state.count(turn, priority, (jobs, 0), by);
            let groups = &mut state.turns[turn as usize].groups[priority];
            if shut {
                // Also where nothing waits: it may still take part until its turn comes.
                groups.remove(&number);
            } else if jobs > 0 {
                groups.add(number);
            }
        }
        if !shut && waiting != [0; 4] {
            state.ring.add(turn);
            self.wake_line(line);
        }
    }

    /// Takes a job out of its lane, if it waits there.
    pub(super) fn leave_line(&mut self, number: u64, entry: &Entry) {
        if entry.state() == JobState::Waiting {
            let lane = &mut self.lanes[entry.lane as usize];
            let stood = lane.fifos[entry.priority()].remove(entry.due_at(), number);
            assert!(stood, "a waiting job stands in its lane");
        }
    }

    /// What flows through a queue for a tenant (0 for all).
    pub(in super::super) fn gate(&self, queue: NameId, tenant: NameId) -> Gate {
        match self.own_gate(queue, 0).max(self.own_gate(queue, tenant)) {
            0 => Gate::Open,
            1 => Gate::Draining,
            _ => Gate::Paused,
        }
    }

    fn own_gate(&self, queue: NameId, tenant: NameId) -> u8 {
        self.gates.get(&(queue, tenant)).copied().unwrap_or(0)
    }

    pub(super) fn is_paused(&self, queue: NameId, tenant: NameId) -> bool {
        !self.gates.is_empty() && self.gate(queue, tenant) == Gate::Paused
    }

    /// Whether a queue takes no new jobs of a tenant, paused besides or not.
    pub(super) fn is_draining(&self, queue: NameId, tenant: NameId) -> bool {
        const DRAINING: u8 = 1;
        !self.gates.is_empty()
            && (self.own_gate(queue, 0) == DRAINING || self.own_gate(queue, tenant) == DRAINING)
    }

    /// Lets every tenant of a queue take part again, and wakes its lines, because a gate changed.
    pub(super) fn wake_queue(&mut self, queue: NameId) {
        for (number, line) in (0..).zip(&mut self.lines) {
            if line.queue != queue {
                continue;
            }
            for (place, turn) in (0..).zip(&line.turns) {
                if !turn.is_empty() {
                    line.ring.add(place);
                }
            }
            if !line.woken {
                line.woken = true;
                self.woken.push(number);
            }
        }
    }
}
