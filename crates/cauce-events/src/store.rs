//! The event store as the engine sees it. All of it is made of batches.
//!
//! ```text
//! take --> log (durable: the answer) --> buffer --> Parquet by month --> merged files
//!               \________ counters, rules, erasures: in the same commit
//! ```

mod figures;
mod following;
mod intake;
mod query;
mod stats;

use std::{future::Future, pin::Pin, sync::Arc};

use cauce_flow::{
    event::{EventKind, VisitorId},
    id::TenantId,
    shape::sampler::Rule,
    size::Size,
    time::Timestamp,
};
use tokio::sync::{Notify, broadcast};

pub use self::{
    figures::{BufferFigures, Counters, FlushTimes, Health, Partition},
    following::FollowUp,
    intake::{Intake, Shaped, Taken},
    query::{Filter, Page, Paged},
    stats::{Interval, KindStats, Point, Stats, StatsQuery, Top, Uniques},
};
use crate::row::Row;

/// The answer of a store, when it is durable.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Is shown rows in pieces, and answers whether it wants more.
pub type Visit = Box<dyn FnMut(&[Row]) -> bool + Send>;

/// Why a store did not do as asked. Nothing was changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The buffer holds all it may, because the files are written more slowly than events come.
    #[error(
        "the buffer holds {events} events, which is all it may (setting tracking.buffer.max_waiting)"
    )]
    BufferFull {
        /// Events in it.
        events: usize,
    },
    /// The ids of events are written to disk more slowly than events come.
    #[error("{ids} ids of events wait to be written, which is all that may; hint: try again soon")]
    IdsWaiting {
        /// Ids in memory.
        ids: usize,
    },
    /// The disk is nearly full.
    #[error(
        "the disk has {} free, less than the {} that are kept (setting limits.min_free)",
        Size(*free),
        Size(*floor)
    )]
    DiskFull {
        /// Bytes free.
        free: u64,
        /// Bytes that are kept free.
        floor: u64,
    },
    /// The files could not be read or written.
    #[error("{doing}: {why}")]
    Files {
        /// What was being done.
        doing: &'static str,
        /// What went wrong, fit to be shown.
        why: Arc<str>,
    },
    /// The store can no longer write; the process has to leave.
    #[error("the event store cannot write: {0}")]
    Broken(Arc<str>),
    /// The store is closing.
    #[error("the event store is closing")]
    Closed,
    /// A time series of too many points.
    #[error(
        "the time series would have {points} points, more than {max_points}; \
         hint: ask for a longer interval or a shorter range"
    )]
    TooManyPoints {
        /// How many there would be.
        points: u64,
        /// How many there may be.
        max_points: u64,
    },
    /// The place where a list is to go on is none that a list has ended at.
    #[error("the cursor is none that a list of events has answered")]
    Cursor,
}

/// That a visitor was erased. There is one for each visitor, whose figures grow where the visitor came
/// again and was erased again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Names it.
    pub id: u128,
    /// When it was last asked for. What happened before is refused.
    pub at: Timestamp,
    /// Whether nothing of the visitor is left.
    pub done: bool,
    /// How much was removed.
    pub removed: Removed,
}

/// How much was removed of a visitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Rows in files and in the buffer.
    pub rows: u64,
    /// Files that were written anew without them.
    pub files: u64,
    /// Segments of the log that went.
    pub segments: u64,
    /// Known ids of the visitor's events that were forgotten.
    pub ids: u64,
}

/// Durable tracking events of all tenants.
pub trait EventStore: Send + Sync + 'static {
    /// Takes the events of one call, all or none. Answers once they are durable.
    fn take(&self, intake: Intake, now: Timestamp) -> Call<'_, Taken>;

    /// Statistics over a range of time.
    fn stats(&self, query: StatsQuery) -> Call<'_, Stats>;

    /// One page of stored events, oldest first.
    fn list(&self, filter: Filter, page: Page) -> Call<'_, Paged>;

    /// Shows all stored events of a filter to `visit`, in pieces, until it answers `false`. Events
    /// come in no order across pieces. Runs on a thread that may block.
    fn scan(&self, filter: Filter, visit: Visit) -> Call<'_, ()>;

    /// Removes everything that is known of a visitor, from files, buffer, log and known ids. Events
    /// of the visitor that happened before `now` are refused from here on, and rows are shown to
    /// nobody any more, also where a fault or a crash leaves the work to be completed later. `id` names
    /// the receipt of a visitor who has none yet.
    fn erase(
        &self,
        tenant: TenantId,
        visitor: VisitorId,
        id: u128,
        now: Timestamp,
    ) -> Call<'_, Erased>;

    /// The receipt of a visitor who was erased, as long as events from before that may come.
    fn erased(&self, tenant: &TenantId, visitor: VisitorId) -> Option<Erased>;

    /// Sets how a tenant's events of a kind are sampled; `None` puts the default back.
    fn set_rule(
        &self,
        tenant: TenantId,
        kind: EventKind,
        rule: Option<Rule>,
        now: Timestamp,
    ) -> Call<'_, ()>;

    /// The rules that a tenant has set.
    fn rules(&self, tenant: &TenantId) -> Vec<(EventKind, Rule)>;

    /// Writes what is in the buffer to files now.
    fn flush(&self, now: Timestamp) -> Call<'_, ()>;

    /// Makes the partition of the next month; drops those that end before `keep_from`, at most one
    /// unless `keep_from` was asked for before. Answers the names of what was dropped.
    fn maintain(&self, keep_from: Timestamp, now: Timestamp) -> Call<'_, Vec<String>>;

    /// The oldest follow-ups that were not handed on, in order: at least one where there are any,
    /// about `max` at most. After a crash some may come again; they are told by their events.
    fn follow_ups(&self, max: usize) -> Call<'_, Vec<FollowUp>>;

    /// Follow-ups up to this position were handed on, and need not be kept any more.
    fn followed(&self, through: u64) -> Call<'_, ()>;

    /// Tells that follow-ups have come.
    fn follow_up_wakeup(&self) -> Arc<Notify>;

    /// New events as they become durable, each as a row of its own, repeats left out. Who reads too
    /// slowly is told how much was missed.
    fn live(&self) -> broadcast::Receiver<Arc<[Row]>>;

    /// What was received and what became of it, for one tenant or summed up over all.
    fn counters(&self, tenant: Option<&TenantId>) -> Counters;

    /// Every tenant that has handed events in.
    fn tenants(&self) -> Vec<TenantId>;

    /// Recounts what can be recounted and compares; each difference in words.
    fn audit(&self) -> Vec<String>;

    /// The store in figures.
    fn health(&self) -> Health;
}
