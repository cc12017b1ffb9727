//! What happens to the jobs of some queues, for whoever keeps a picture of them elsewhere.
//!
//! News are not gathered: they are read from the log again, from where the picture stands. So they
//! cost no memory however far behind it is, and after a crash they are told again. The log keeps
//! what has not been kept elsewhere, which costs disk for as long as nobody takes it.
//!
//! ```text
//! take_news --> (through, news) --> the picture and `through`, in one transaction --> news_kept
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use cauce_flow::{
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    job::State,
    priority::Priority,
    queue::settlement::{Attempt, Outcome},
    time::Timestamp,
};
use tokio::sync::Notify;

use super::Call;

/// Which queues are followed, and from where.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// The queues.
    pub queues: BTreeSet<QueueName>,
    /// Up to where the news of each log are kept. Of a log that is not in here all is told that it
    /// still holds.
    pub kept: BTreeMap<u32, u64>,
}

/// A job store whose news can be followed.
pub trait Follow: Send + Sync + 'static {
    /// Tells its log from any other.
    fn instance(&self) -> u32;

    /// The next news that are durable, oldest first, about `max` of them; none where all is taken.
    /// What happened in one commit is told in one piece, so it may be more. They end in
    /// [`Follow::news_kept`]; until then they are told again by the next start, not by the next call.
    fn take_news(&self, max: usize) -> Call<'_, NewsBatch>;

    /// Wakes the one who waits for news.
    fn news(&self) -> Arc<Notify>;

    /// What was taken is kept up to this place.
    fn news_kept(&self, through: u64);
}

/// Some news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewsBatch {
    /// All that happened up to this place in the log has been told; it only grows.
    pub through: u64,
    /// What happened, in order.
    pub news: Vec<News>,
    /// Whether there are more to be taken at once.
    pub more: bool,
}

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The place in the log that tells of it. All of one place is told together.
    pub position: u64,
    /// When.
    pub at: Timestamp,
    /// The number of the job, which is [`JobId::number`] of its id: unique within the log.
    pub number: u64,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its queue.
    pub queue: QueueName,
    /// The account that it goes through.
    pub account: AccountName,
    /// What happened.
    pub what: What,
}

/// What happened to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It was taken.
    Taken(Box<Taken>),
    /// Its lease ended; with the attempt that was made under it, if one was.
    Settled {
        /// Where it went.
        outcome: Outcome,
        /// The attempt.
        attempt: Option<Attempt>,
    },
    /// It ended without a lease: it expired, was cancelled, was replaced, or its record is damaged
    /// (`dead`).
    Ended {
        /// Its end state.
        state: State,
    },
    /// A crash ended its lease: it waits again, or is `unknown`, or `dead` after three crashes.
    Rescued {
        /// Where it stands now.
        state: State,
    },
    /// It was put back in its line with fresh attempts.
    Replayed {
        /// When it is due.
        due_at: Timestamp,
    },
    /// Its fate became known.
    Resolved {
        /// Whether it was delivered after all.
        delivered: bool,
    },
    /// It got another priority or due time while it waited.
    Changed {
        /// Its priority now.
        priority: Priority,
        /// Its due time now.
        due_at: Timestamp,
    },
}

/// A job that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub job: JobId,
    /// What it belongs to; none also where the name is not known any more.
    pub group: Option<GroupName>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How many attempts it has.
    pub max_attempts: u8,
    /// The part's own JSON.
    pub payload: Bytes,
}
