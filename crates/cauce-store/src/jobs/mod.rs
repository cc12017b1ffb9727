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

pub mod ends;
mod enqueue;
mod figures;
mod group;
mod lease;
mod news;
mod select;
mod steer;
mod view;

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use cauce_flow::{
    id::{GroupName, JobId, QueueName, TenantId},
    job::{LeasedJob, Line, State},
    queue::{backlog::Backlog, settlement::Settlement},
    size::Size,
    time::Timestamp,
};
use tokio::sync::Notify;

pub use self::{
    enqueue::{DropReason, Dropped, Enqueue, Enqueued},
    figures::{Discrepancy, QueueCounts, Vitals},
    group::{GroupFigures, GroupGate, Mark, Marked},
    lease::{Claim, NeverTwice, Recall, Rescued, Start},
    news::{Follow, Followed, News, NewsBatch, Taken, What},
    select::{Page, Scope, Select},
    steer::{Change, Gate, Replay},
    view::{DeadReason, JobDetail, JobSummary, Listed},
};

/// The answer of a store, when it is durable.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Why a store did not do as asked. Nothing was changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The queue holds all it may.
    #[error("queue {queue} is full: {limit} (setting limits.{setting})")]
    Full {
        /// The place in the batch of the first job that has no room.
        entry: usize,
        /// The queue.
        queue: QueueName,
        /// Whose job it is.
        tenant: TenantId,
        /// The limit that is reached, with its figure.
        limit: String,
        /// The setting that names it.
        setting: &'static str,
    },
    /// The disk is nearly full; deliveries go on and free space.
    #[error("the disk has {} free, less than the {} that are kept", Size(*free), Size(*floor))]
    DiskFull {
        /// Bytes free.
        free: u64,
        /// Bytes that are kept free.
        floor: u64,
    },
    /// The queue is being drained and takes no new jobs.
    #[error("queue {queue} is draining and takes no new jobs")]
    Draining {
        /// The place in the batch of the first job that it does not take.
        entry: usize,
        /// The queue.
        queue: QueueName,
        /// Whose job it is.
        tenant: TenantId,
    },
    /// The group has been stopped: it takes no jobs, and its gate stays as it is.
    #[error("group {group} has been stopped")]
    Stopped {
        /// The group.
        group: GroupName,
        /// Whose it is.
        tenant: TenantId,
    },
    /// The group has been marked as far as this call goes: its jobs were taken before.
    #[error("the jobs of group {group} were taken up to {upto} before")]
    Marked {
        /// The group.
        group: GroupName,
        /// How far they were made.
        upto: u64,
    },
    /// Jobs of the group still have work before them.
    #[error("group {group} has {pending} unfinished jobs")]
    Unfinished {
        /// The group.
        group: GroupName,
        /// How many.
        pending: u64,
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
    /// The disk failed a read. What is there is as it was.
    #[error(
        "the disk could not be read: {0}; hint: try again, and look at the disk if it stays so"
    )]
    Unread(Arc<str>),
    /// The store can no longer write; the process has to leave.
    #[error("the store cannot write: {0}")]
    Broken(Arc<str>),
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
}

/// Durable jobs of all queues.
pub trait JobStore: Send + Sync + 'static {
    /// Takes jobs of any tenants and queues, all or none, in one commit. Answers for each, in order, once they are durable.
    fn enqueue(&self, batch: Enqueue, now: Timestamp) -> Call<'_, Vec<Enqueued>>;

    /// Leases waiting jobs of a line, in order of service.
    fn claim(&self, claim: Claim, now: Timestamp) -> Call<'_, Vec<LeasedJob>>;

    /// Notes what is about to leave, before it does: for the quota of the line across restarts, and
    /// for the rescue of jobs that must not be sent twice.
    fn begin(&self, start: Start, at: Timestamp) -> Call<'_, ()>;

    /// Ends leases. `requests` were answered since the settlement before it, for the statistics.
    fn settle(&self, settlements: Vec<Settlement>, requests: u32, now: Timestamp) -> Call<'_, ()>;

    /// Ends the leases that a crash left behind, before the first claim. Answers how many jobs
    /// went back, became `unknown`, and became dead letters as `poison`.
    fn rescue(&self, never_twice: NeverTwice, now: Timestamp) -> Call<'_, Rescued>;

    /// Ends the leases of one line whose loop has failed, once nothing of it runs any more. Other
    /// than after a crash of the process it is known whose fault it was: jobs that had not left
    /// count as in hand too.
    fn rescue_line(&self, line: Line, never_twice: bool, now: Timestamp) -> Call<'_, Rescued>;

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

    /// Opens, pauses or stops a group, which is kept from then on. In force when it answers: no
    /// claim gives a job of a shut group. Stopping it cancels what has not been sent and is not
    /// leased, and answers how many those were; what is leased is cancelled when it comes back from
    /// its lease undelivered. A stopped group stays stopped.
    fn set_group(
        &self,
        tenant: TenantId,
        group: GroupName,
        gate: GroupGate,
        now: Timestamp,
    ) -> Call<'_, u64>;

    /// Keeps the figures of a group no longer, and its mark and gate neither. Refused while anything
    /// of it is unfinished. Answers whether it was kept.
    fn forget_group(&self, tenant: TenantId, group: GroupName, now: Timestamp) -> Call<'_, bool>;

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

    /// What flows through a group; one that is not kept is open.
    fn group_gate(&self, tenant: &TenantId, group: &GroupName) -> GroupGate;

    /// The figures of a group; none where it is not kept.
    fn group(&self, tenant: &TenantId, group: &GroupName) -> Option<GroupFigures>;

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

    /// How many jobs of its line are served before this waiting one, at most. None where its group
    /// is shut.
    fn place(&self, job: JobId) -> Option<u64>;

    /// The older job of its key, in flight, that this job waits for, which is due.
    fn waits_for(&self, job: JobId, scope: Scope) -> Call<'_, Option<JobId>>;

    /// Dead letters by reason.
    fn dead_reasons(&self, select: Select) -> Call<'_, Vec<DeadReason>>;

    /// Recounts everything and compares it with the durable counters.
    fn audit(&self) -> Vec<Discrepancy>;

    /// The store itself in figures.
    fn vitals(&self) -> Vitals;
}
