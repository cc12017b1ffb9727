//! The job store: the one seam behind which every queue lives.
//!
//! All of it is made of batches, so that a backend can turn each call into one atomic step. What
//! any backend promises is written down as a test, in [`crate::conformance`].
//!
//! ```text
//! enqueue --> (durable) --> claim --> (lease) --> settle
//!                             ^                     |
//!                             +--- retry, release --+
//! ```

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use cauce_flow::{
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    job::{LeasedJob, Line, NewJob, State},
    priority::Priority,
    queue::{
        backlog::Backlog,
        settlement::{Attempt, Settlement},
    },
    reason::Reason,
    time::Timestamp,
};
use serde::Serialize;
use tokio::sync::Notify;

/// The answer of a store, when it is durable.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Why a store did not do as asked. Nothing was changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The queue holds all it may.
    #[error("queue {queue} is full: {limit} (setting limits.{setting})")]
    Full {
        /// The queue.
        queue: QueueName,
        /// The limit that is reached, with its figure.
        limit: String,
        /// The setting that names it.
        setting: &'static str,
    },
    /// The disk is nearly full; deliveries go on and free space.
    #[error("the disk has {free} bytes free, less than the {floor} that are kept")]
    DiskFull {
        /// Bytes free.
        free: u64,
        /// Bytes that are kept free.
        floor: u64,
    },
    /// The queue is being drained and takes no new jobs.
    #[error("queue {queue} is draining and takes no new jobs")]
    Draining {
        /// The queue.
        queue: QueueName,
    },
    /// No such job, or not in a state that allows it.
    #[error("job {job} is {found}, which does not allow this")]
    State {
        /// The job.
        job: JobId,
        /// The state it is in.
        found: State,
    },
    /// There is no such job (for this tenant).
    #[error("no job {job}")]
    NotFound {
        /// The job.
        job: JobId,
    },
    /// The store can no longer write; the process has to leave.
    #[error("the store cannot write: {0}")]
    Broken(Arc<str>),
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
}

/// Durable jobs of all queues.
pub trait JobStore: Send + Sync + 'static {
    /// Takes jobs, all or none. Answers for each, in order, once they are durable.
    fn enqueue(&self, batch: Enqueue, now: Timestamp) -> Call<'_, Vec<Enqueued>>;

    /// Leases waiting jobs of a line, in order of service.
    fn claim(&self, claim: Claim, now: Timestamp) -> Call<'_, Vec<LeasedJob>>;

    /// Notes that requests start now, for the quota of the line across restarts.
    fn begin(&self, line: Line, requests: u32, at: Timestamp) -> Call<'_, ()>;

    /// Ends leases. `requests` were answered since the settlement before it, for the statistics.
    fn settle(&self, settlements: Vec<Settlement>, requests: u32, now: Timestamp) -> Call<'_, ()>;

    /// Ends the leases that a crash left behind, before the first claim. Answers how many jobs
    /// went back, became `unknown`, and became dead letters as `poison`.
    fn rescue(&self, never_twice: NeverTwice, now: Timestamp) -> Call<'_, Rescued>;

    /// Takes back unfinished jobs that are not leased. Answers how many.
    fn cancel(&self, select: Select, now: Timestamp) -> Call<'_, u64>;

    /// Puts dead letters or unknown jobs back in their line with fresh attempts.
    fn replay(&self, replay: Replay, now: Timestamp) -> Call<'_, u64>;

    /// Says what became of an unknown job: delivered after all, or dead.
    fn resolve(&self, job: JobId, scope: Scope, delivered: bool, now: Timestamp) -> Call<'_, ()>;

    /// Removes a dead letter from the list; it stays counted.
    fn forget(&self, job: JobId, scope: Scope, now: Timestamp) -> Call<'_, ()>;

    /// Changes the priority or the due time of a job that waits.
    fn change(&self, job: JobId, scope: Scope, change: Change, now: Timestamp) -> Call<'_, ()>;

    /// Opens or shuts a gate of a queue, for one tenant or for all.
    fn set_gate(
        &self,
        queue: QueueName,
        tenant: Option<TenantId>,
        gate: Gate,
        now: Timestamp,
    ) -> Call<'_, ()>;

    /// Removes end-state history older than `before`, at most `limit`. Answers how many.
    fn clean(&self, select: Select, before: Timestamp, limit: u64) -> Call<'_, u64>;

    /// Keeps a small note of the dispatcher of a line (breaker, holds) across restarts.
    fn keep_note(&self, line: Line, note: Bytes) -> Call<'_, ()>;

    /// Moves what has come due into the ready lines, expires what is too old, prunes history.
    /// Answers the next moment at which there is something to do.
    fn advance(&self, now: Timestamp) -> Call<'_, Option<Timestamp>>;

    /// What waits in a line.
    fn backlog(&self, line: &Line) -> Backlog;

    /// Wakes whoever waits for work in a line.
    fn wakeup(&self, line: &Line) -> Arc<Notify>;

    /// Wakes whoever calls [`JobStore::advance`], because there is something to do sooner than it
    /// was told.
    fn nudge(&self) -> Arc<Notify>;

    /// What flows through a queue, for one tenant or for all.
    fn gate(&self, queue: &QueueName, tenant: Option<&TenantId>) -> Gate;

    /// The latest time that anything in the store happened at.
    fn latest(&self) -> Timestamp;

    /// The request starts of a line since `since`, and its note.
    fn recall(&self, line: &Line, since: Timestamp) -> Recall;

    /// The figures of all queues that hold or held jobs.
    fn counts(&self, scope: &Scope) -> BTreeMap<QueueName, QueueCounts>;

    /// The lines that hold or held jobs.
    fn lines(&self) -> Vec<Line>;

    /// One page of jobs, newest first.
    fn list(&self, select: Select, page: Page) -> Call<'_, Listed>;

    /// One job with all that happened to it.
    fn job(&self, job: JobId, scope: Scope) -> Call<'_, JobDetail>;

    /// How many jobs of its line are served before this waiting one, at most.
    fn place(&self, job: JobId) -> Option<u64>;

    /// Dead letters by reason.
    fn dead_reasons(&self, select: Select) -> Call<'_, Vec<DeadReason>>;

    /// Recounts everything and compares it with the durable counters.
    fn audit(&self) -> Vec<Discrepancy>;

    /// The store itself in figures.
    fn vitals(&self) -> Vitals;
}

/// Jobs to be taken, and the fate of the events they came from.
#[derive(Clone, Debug, Default)]
pub struct Enqueue {
    /// The jobs.
    pub jobs: Vec<NewJob>,
    /// Events that did not become jobs, counted in the same commit.
    pub dropped: Vec<Dropped>,
}

impl Enqueue {
    /// Whether there is nothing to be kept or counted.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.dropped.is_empty()
    }
}

/// Events of one tenant that did not become jobs of a queue.
#[derive(Clone, Debug)]
pub struct Dropped {
    /// Whose they were.
    pub tenant: TenantId,
    /// The queue they were meant for.
    pub queue: QueueName,
    /// Why.
    pub why: DropReason,
    /// How many.
    pub count: u64,
}

/// Why an event did not become a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// Consent was denied.
    Withheld,
    /// It was faulty.
    Rejected,
}

/// What became of one job that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enqueued {
    /// Its id, or that of the first job with its idempotency key.
    pub id: JobId,
    /// Whether there was such a first job.
    pub duplicate: bool,
}

/// A wish for work.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The line.
    pub line: Line,
    /// Jobs at most.
    pub max_jobs: usize,
    /// Bytes of payload at most; one job is given even if it is larger.
    pub max_bytes: usize,
    /// Request starts to note with the lease, for the quota.
    pub requests: u32,
}

/// Tells which queues must not send a job again by themselves.
pub type NeverTwice = Box<dyn Fn(&Line) -> bool + Send>;

/// What a rescue did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rescued {
    /// Jobs that wait again.
    pub released: u64,
    /// Jobs whose fate is not known.
    pub unknown: u64,
    /// Jobs that were in hand in three crashes.
    pub poison: u64,
}

/// Whose jobs may be seen: one tenant's, or everybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// One tenant's.
    Tenant(TenantId),
}

impl Scope {
    /// Whether the scope covers a tenant.
    pub fn covers(&self, tenant: &TenantId) -> bool {
        match self {
            Scope::All => true,
            Scope::Tenant(own) => own == tenant,
        }
    }
}

/// Selects jobs. Empty filters select all.
#[derive(Clone, Debug)]
pub struct Select {
    /// Whose.
    pub scope: Scope,
    /// These jobs alone.
    pub ids: Option<Vec<JobId>>,
    /// Of this queue.
    pub queue: Option<QueueName>,
    /// In one of these states.
    pub states: Vec<State>,
    /// Of this group.
    pub group: Option<GroupName>,
    /// Of this account.
    pub account: Option<AccountName>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// With this text in the last error (its code or its sentence).
    pub text: Option<String>,
}

impl Select {
    /// Everything in the scope.
    pub fn all(scope: Scope) -> Select {
        Select {
            scope,
            ids: None,
            queue: None,
            states: Vec::new(),
            group: None,
            account: None,
            priority: None,
            text: None,
        }
    }
}

/// Dead letters or unknown jobs to be put back.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Which; only `dead` and `unknown` ones are touched.
    pub select: Select,
    /// Count only.
    pub dry_run: bool,
    /// At most so many become due in a second; none for all at once.
    pub per_second: Option<u32>,
}

/// A change to a job that waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Its new priority.
    pub priority: Option<Priority>,
    /// Its new due time.
    pub due_at: Option<Timestamp>,
}

/// What flows through a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// Jobs come in and go out.
    Open,
    /// Jobs come in; no new attempt starts.
    Paused,
    /// No new jobs come in; what is there is finished.
    Draining,
}

/// What a dispatcher has to know again after a restart.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// When requests started, oldest first, with how many.
    pub starts: Vec<(Timestamp, u32)>,
    /// The note that was kept.
    pub note: Option<Bytes>,
}

/// The figures of one queue. All but `oldest_at` are durable counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueCounts {
    /// Jobs taken, ever.
    pub accepted: u64,
    /// Jobs in each state; for end states, ever.
    pub states: BTreeMap<State, u64>,
    /// Waiting jobs by priority, most urgent first.
    pub waiting_by_priority: [u64; 4],
    /// Of the scheduled ones, those that have been tried.
    pub delayed: u64,
    /// Attempts that were not the first of their job, ever.
    pub retried: u64,
    /// Dead letters in the list.
    pub dead_listed: u64,
    /// Events that came in for the queue, ever.
    pub received: u64,
    /// Of these, those with a key that was known.
    pub duplicates: u64,
    /// Of these, those withheld for lack of consent.
    pub withheld: u64,
    /// Of these, those refused as faulty.
    pub rejected: u64,
    /// Payload bytes of pending jobs.
    pub pending_bytes: u64,
    /// When the oldest waiting job became due.
    pub oldest_at: Option<Timestamp>,
    /// What flows: for the tenant of the scope, or for all.
    pub gate: Option<Gate>,
    /// Tenants whose gate is shut by itself.
    pub gated_tenants: BTreeMap<TenantId, Gate>,
}

impl QueueCounts {
    /// Jobs that still have work before them.
    pub fn pending(&self) -> u64 {
        [State::Scheduled, State::Waiting, State::Active]
            .iter()
            .map(|s| self.state(*s))
            .sum()
    }

    /// Jobs in a state.
    pub fn state(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or(0)
    }
}

/// A place in a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Jobs at most.
    pub limit: usize,
    /// Only those before this one, in the order of the list.
    pub before: Option<JobId>,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The jobs.
    pub jobs: Vec<JobSummary>,
    /// Where the next page begins; none at the end.
    pub next: Option<JobId>,
}

/// A job as a list shows it.
#[derive(Clone, Debug)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// Where it stands.
    pub line: Line,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it belongs to.
    pub group: Option<GroupName>,
    /// Its state.
    pub state: State,
    /// How urgent it is.
    pub priority: Priority,
    /// Attempts made.
    pub attempt: u8,
    /// Attempts it has.
    pub max_attempts: u8,
    /// When it was taken.
    pub enqueued_at: Timestamp,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it reached its end state.
    pub finished_at: Option<Timestamp>,
    /// Its last failure.
    pub last_error: Option<Reason>,
}

/// A job with all that is known of it.
#[derive(Clone, Debug)]
pub struct JobDetail {
    /// As a list shows it.
    pub summary: JobSummary,
    /// Every attempt, oldest first.
    pub attempts: Vec<Attempt>,
    /// The destination's own id of it.
    pub provider_id: Option<String>,
    /// The part's own JSON.
    pub payload: Bytes,
}

/// Dead letters that share a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadReason {
    /// The reason's code.
    pub code: String,
    /// The sentence of the newest of them.
    pub detail: String,
    /// The queue.
    pub queue: QueueName,
    /// How many.
    pub count: u64,
    /// When the newest of them died.
    pub newest_at: Timestamp,
}

/// A counter that disagrees with what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// Whose.
    pub tenant: TenantId,
    /// Where.
    pub queue: QueueName,
    /// What was compared.
    pub what: &'static str,
    /// The durable counter.
    pub counted: u64,
    /// What was found.
    pub found: u64,
}

/// The store itself in figures.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// The backend's name.
    pub backend: &'static str,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Of these, bytes that are still needed.
    pub live_bytes: u64,
    /// Bytes free on the disk.
    pub free_bytes: u64,
    /// Bytes of memory that the index of jobs takes.
    pub index_bytes: u64,
    /// Durable commits so far.
    pub commits: u64,
    /// Corrupt records that were set aside since the store was opened.
    pub quarantined: u64,
    /// Why the store cannot write, if so.
    pub broken: Option<String>,
}
