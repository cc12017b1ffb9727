//! The state of the store: a fold over the records of the log.
//!
//! The same [`fold`](State::fold) runs at start, over what the log holds, and in life, over each
//! record as it is appended; so what a restart finds is what was there.
//!
//! - `lanes`: who waits where; `counting`: how many there are
//! - `serve`: who is served next
//! - `coalescing`: jobs that replace each other
//! - `groups`: the groups that are kept; `grouping`: what is done with them
//! - `backlog`: what waits in a line
//! - `fold`: what each record changes; `coming`: how jobs come to be known; `ends`: how jobs end,
//!   and what is kept of them
//! - `lost`: jobs whose record is damaged
//! - `journal`: where a decision becomes a record
//! - `admitting`: whether a batch may come in
//! - `plan`, `taking`, `settling`, `returning`: what each call turns into: a check, and the records
//!   that say what happens
//! - `base`: the small state at the head of each segment
//! - `pruning`: what nothing refers to any more
//! - `unread`: where the news that nobody has taken begin
//! - `query`, `audit`: what can be asked

mod admitting;
mod audit;
mod backlog;
mod base;
mod belonging;
mod coalescing;
mod coming;
mod counting;
mod ends;
mod fold;
mod grouping;
mod groups;
mod journal;
mod lanes;
mod lost;
mod plan;
mod pruning;
mod query;
mod rescuing;
mod returning;
mod serve;
mod settling;
mod starts;
mod taking;
mod unread;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use cauce_flow::{
    id::{JobId, QueueName},
    job::{Line, State as JobState},
    time::Timestamp,
};

use tokio::sync::Notify;

use crate::{jobs::Followed, rollups::Gathered};

use counting::{Held, Step};
pub(super) use ends::SUPERSEDED;
pub(super) use grouping::MAX_SWEPT_A_CALL;
pub(super) use journal::Journal;
pub(super) use lanes::{Lane, LineState};
pub(super) use lost::Lost;
pub(super) use plan::{Fault, Reply, Ticket};
pub(super) use unread::Reading;

use super::{
    counters::{Counters, Ledger},
    keys::Keys,
    names::Names,
    record::{NameId, Owner},
    table::{Entry, Table},
    timers::Timers,
};

/// What is kept, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Keeping {
    pub(super) completed: usize,
    pub(super) dead_ms: i64,
    pub(super) ended_ms: i64,
    pub(super) idempotency_ms: i64,
    pub(super) max_jobs: u64,
    pub(super) max_bytes: u64,
    /// What a full queue still takes of tenants that did not fill it.
    pub(super) reserve_jobs: u64,
    pub(super) reserve_bytes: u64,
}

/// The end of a job, kept while the job is listed.
#[derive(Clone, Debug)]
pub(super) struct Finished {
    pub(super) at: i64,
    /// The reason's code; empty where there is none.
    pub(super) code: Arc<str>,
}

/// A job in hand in so many crashes is a dead letter.
pub(super) const POISON_AFTER: u8 = 3;

/// So many jobs expire in one call, so that a mass of them does not hold up others.
pub(super) const MAX_EXPIRED_A_CALL: usize = 5_000;

/// Everything that the store knows without reading the log.
pub(super) struct State {
    pub(super) keeping: Keeping,
    /// Keeps the ids of two stores apart.
    pub(super) instance: u32,
    pub(super) next_number: u64,
    /// Whether the small state at the head of the first segment is known.
    based: bool,
    /// The latest time in any record.
    pub(super) clock: i64,
    pub(super) names: Names,
    lanes: Vec<Lane>,
    lane_numbers: HashMap<(Owner, NameId), u32>,
    /// Lanes that are for whoever comes next.
    free_lanes: Vec<u32>,
    lines: Vec<LineState>,
    line_numbers: HashMap<(NameId, NameId), u32>,
    /// What wakes the dispatcher of a line; asked for before the first job may have come.
    wakeups: BTreeMap<Line, Arc<Notify>>,
    pub(super) table: Table,
    /// Pending jobs and their bytes, by queue.
    pub(super) pending: HashMap<NameId, u32>,
    held: Vec<Held>,
    pub(super) counters: Ledger,
    pub(super) keys: Keys,
    /// Where the record of a job's last attempt stands.
    pub(super) chains: HashMap<u64, u64>,
    /// How many crashes a job was in hand in.
    rescues: HashMap<u64, u8>,
    lost: BTreeMap<u64, Lost>,
    /// When a replayed job expires, which its record does not know.
    pub(super) renewed: HashMap<u64, i64>,
    /// Leased jobs whose request may have left, where the destination recognises no repeats.
    leaving: HashSet<u64>,
    pub(super) finished: HashMap<u64, Finished>,
    /// Jobs whose time to live ran out while they did not wait: they expire when they wait again.
    overdue: HashSet<u64>,
    codes: BTreeMap<String, Arc<str>>,
    /// The completed jobs that are kept of each queue, by when they were completed.
    completed: HashMap<NameId, BTreeSet<(i64, u64)>>,
    /// The same of the superseded ones.
    superseded: HashMap<NameId, BTreeSet<(i64, u64)>>,
    coalescing: coalescing::Coalescing,
    /// By queue, then tenant (0 for all).
    pub(super) gates: BTreeMap<(NameId, NameId), u8>,
    groups: groups::Groups,
    due: Timers,
    expiry: Timers,
    forgetting: Timers,
    /// The sums that are not kept elsewhere yet.
    pub(super) gathered: Gathered,
    /// Up to where the sums of each log are kept; none where nobody takes them.
    kept_through: Option<BTreeMap<u32, u64>>,
    /// The news that nobody has taken yet.
    pub(super) unread: unread::Unread,
    /// Up to where the news of each log are kept elsewhere.
    news_kept: BTreeMap<u32, u64>,
    /// Lines in which jobs have come to wait since somebody last looked.
    woken: Vec<u32>,
}

impl State {
    pub(super) fn new(keeping: Keeping, instance: u32) -> State {
        State {
            keys: Keys::new(keeping.idempotency_ms),
            keeping,
            instance: instance & 0x0fff_ffff,
            next_number: 1,
            based: false,
            clock: 0,
            names: Names::default(),
            lanes: Vec::new(),
            lane_numbers: HashMap::new(),
            free_lanes: Vec::new(),
            lines: Vec::new(),
            line_numbers: HashMap::new(),
            wakeups: BTreeMap::new(),
            table: Table::default(),
            pending: HashMap::new(),
            held: Vec::new(),
            counters: Ledger::default(),
            chains: HashMap::new(),
            rescues: HashMap::new(),
            lost: BTreeMap::new(),
            renewed: HashMap::new(),
            leaving: HashSet::new(),
            finished: HashMap::new(),
            overdue: HashSet::new(),
            codes: BTreeMap::new(),
            completed: HashMap::new(),
            superseded: HashMap::new(),
            coalescing: coalescing::Coalescing::default(),
            gates: BTreeMap::new(),
            groups: groups::Groups::default(),
            due: Timers::default(),
            expiry: Timers::default(),
            forgetting: Timers::default(),
            gathered: Gathered::default(),
            kept_through: None,
            unread: unread::Unread::default(),
            news_kept: BTreeMap::new(),
            woken: Vec::new(),
        }
    }

    /// Gathers the sums of what is not kept elsewhere, from here on or from where a log says.
    pub(super) fn gather_behind(&mut self, kept_through: Option<BTreeMap<u32, u64>>) {
        self.kept_through = kept_through;
        self.start_gathering();
    }

    /// Notes the news of some queues, from here on or from where they are kept.
    pub(super) fn follow(&mut self, followed: Followed) {
        self.unread.follow(followed.queues);
        self.news_kept = followed.kept;
        self.start_gathering();
    }

    fn start_gathering(&mut self) {
        let kept = self.news_kept.get(&self.instance).copied();
        self.unread.start(kept);
        if let Some(kept) = &self.kept_through {
            self.gathered
                .start(kept.get(&self.instance).copied().unwrap_or(0));
        }
    }

    /// How many jobs are leased.
    pub(super) fn active(&self) -> u64 {
        let active = |counters: &Counters| counters.present[JobState::Active as usize];
        self.counters
            .iter()
            .map(|(.., counters)| active(counters))
            .sum()
    }

    /// The id of a job.
    pub(super) fn id(&self, number: u64, enqueued_at: i64) -> JobId {
        JobId::new(number, self.instance, Timestamp::from_millis(enqueued_at))
    }

    pub(super) fn lane(&self, entry: &Entry) -> &Lane {
        &self.lanes[entry.lane as usize]
    }

    pub(super) fn counters_of(&mut self, queue: NameId, tenant: NameId) -> &mut Counters {
        self.counters.of(queue, tenant)
    }

    /// Wakes whoever waits for work in the lines that jobs have come to wait in.
    pub(super) fn wake(&mut self) {
        for line in self.woken.drain(..) {
            let state = &mut self.lines[line as usize];
            state.woken = false;
            state.wakeup.notify_one();
        }
    }

    /// What wakes whoever waits for work in a line.
    pub(super) fn wakeup(&mut self, line: &Line) -> Arc<Notify> {
        Arc::clone(self.wakeups.entry(line.clone()).or_default())
    }

    /// When there is something to do by itself next.
    pub(super) fn next_timer(&self) -> Option<Timestamp> {
        [&self.due, &self.expiry, &self.forgetting]
            .into_iter()
            .filter_map(Timers::next_ms)
            .min()
            .map(Timestamp::from_millis)
    }

    /// Bytes of memory that the index of jobs takes.
    pub(super) fn index_bytes(&self) -> usize {
        let fifos: usize = self.lanes.iter().map(Lane::bytes).sum();
        let timers = self.due.bytes() + self.expiry.bytes();
        self.table.bytes() + fifos + timers + self.coalescing.bytes()
    }

    /// The number of a line, if any job ever stood in it.
    pub(super) fn line_number(&self, line: &Line) -> Option<u32> {
        let queue = self.names.number(line.queue.as_str())?;
        let account = self.names.number(line.account.as_str())?;
        self.line_numbers.get(&(queue, account)).copied()
    }

    fn queue_name(&self, queue: NameId) -> QueueName {
        QueueName::new(&self.names.text(queue))
            .expect("names are checked, and what is missing has one that is")
    }

    /// Puts a job into the table in `state`, wherever it was before.
    fn place(&mut self, number: u64, entry: Entry, state: JobState) {
        let blocked = state == JobState::Waiting && self.is_blocked(number);
        let state = match blocked {
            true => JobState::Scheduled,
            false => state,
        };
        if let Some(before) = self.table.get(number).copied() {
            self.count(&before, before.state(), Step::Out);
            self.leave_line(number, &before);
            self.leave_end(&before);
        }
        self.table.insert(number, entry, state);
        self.count(&entry, state, Step::In);
        if state != JobState::Active {
            self.leaving.remove(&number);
        }
        if matches!(state, JobState::Scheduled | JobState::Waiting) && self.overdue.remove(&number)
        {
            self.expiry.set(self.clock, number);
        }
        match state {
            JobState::Waiting => self.line_up(number, &entry),
            // It waits for no time, but for another job to end.
            JobState::Scheduled if blocked => {}
            JobState::Scheduled => self.due.set(entry.due_at(), number),
            JobState::Active
            | JobState::Completed
            | JobState::Dead
            | JobState::Unknown
            | JobState::Expired
            | JobState::Cancelled => {}
        }
        self.follow_key(number, state, blocked);
    }

    /// Takes a job out of the table and out of every count of what is there.
    fn take_out(&mut self, number: u64) -> Option<Entry> {
        let entry = self.table.remove(number)?;
        self.count(&entry, entry.state(), Step::Out);
        self.leave_line(number, &entry);
        self.forget_key(number);
        Some(entry)
    }

    /// Forgets all that is kept of a job.
    fn drop_job(&mut self, number: u64) {
        let entry = self.take_out(number);
        self.chains.remove(&number);
        self.rescues.remove(&number);
        self.renewed.remove(&number);
        self.leaving.remove(&number);
        self.overdue.remove(&number);
        let end = self.finished.remove(&number);
        if let (Some(entry), Some(end)) = (entry, end) {
            let queue = self.lane(&entry).owner.queue;
            for lists in [&mut self.completed, &mut self.superseded] {
                if let Some(kept) = lists.get_mut(&queue) {
                    kept.remove(&(end.at, number));
                }
            }
        }
    }

    /// Where a pending job with this due time stands.
    fn pending_state(&self, due_at: i64) -> JobState {
        if due_at <= self.clock {
            JobState::Waiting
        } else {
            JobState::Scheduled
        }
    }
}

#[cfg(test)]
mod digest;
