//! What happened, minute by minute and hour by hour: sums of each tenant and queue.
//!
//! The sums are folded from the same records as the jobs. They gather in memory and go to the
//! control store every few seconds, in one transaction with the place in the log up to which they
//! hold; after a crash the log tells the rest again. So each thing is counted once.
//!
//! A job store gathers them and hands them over as [`Gathers`]; [`Rollups`] keeps them and knows no
//! store by its name.

mod gather;
mod keep;

use cauce_flow::{
    id::{QueueName, TenantId},
    time::Timestamp,
};
use datasketches::tdigest::TDigestMut;

pub(crate) use gather::Gathered;
pub use gather::{Gathers, Place, Sums};
pub use keep::{KeepError, Rollups};

/// Size of the sketch of latencies: about 1 % of rank off in the middle, far less at the ends.
const COMPRESSION: u16 = 100;

/// Sums of one tenant and queue over one step of time.
#[derive(Clone, Debug, Default)]
pub struct Rollup {
    /// Events that came in.
    pub received: u64,
    /// Events withheld for lack of consent.
    pub withheld: u64,
    /// Events with a known key.
    pub duplicates: u64,
    /// Faulty events.
    pub rejected: u64,
    /// Jobs taken.
    pub queued: u64,
    /// Jobs delivered.
    pub sent: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Jobs that became dead letters.
    pub dead: u64,
    /// Jobs that expired.
    pub expired: u64,
    /// Attempts that were not the first of their job.
    pub retried: u64,
    /// Requests that were answered, or failed.
    pub requests: u64,
    /// The newest failure.
    pub last_error: Option<String>,
    /// Milliseconds from taken to delivered.
    latency: Option<TDigestMut>,
}

impl Rollup {
    /// Adds what happened later in the same place.
    pub fn merge(&mut self, later: &Rollup) {
        for (sum, more) in self.figures_mut().into_iter().zip(later.figures()) {
            *sum += more;
        }
        if later.last_error.is_some() {
            self.last_error.clone_from(&later.last_error);
        }
        match (&mut self.latency, &later.latency) {
            (Some(own), Some(more)) => own.merge(more),
            (own @ None, more) => own.clone_from(more),
            (Some(_), None) => {}
        }
    }

    /// A quantile of the latency of delivered jobs; none where none was delivered. The rank is off
    /// by about 1 % in the middle and by far less at the ends.
    pub fn latency_ms(&self, quantile: f64) -> Option<f64> {
        self.latency.clone()?.quantile(quantile).ok().flatten()
    }

    /// Notes that a job was delivered `ms` after it was taken.
    pub(crate) fn add_latency(&mut self, ms: u64) {
        let sketch = self.latency.get_or_insert_with(new_sketch);
        sketch.update(ms as f64);
    }

    fn figures(&self) -> [u64; 11] {
        [
            self.received,
            self.withheld,
            self.duplicates,
            self.rejected,
            self.queued,
            self.sent,
            self.failed,
            self.dead,
            self.expired,
            self.retried,
            self.requests,
        ]
    }

    fn figures_mut(&mut self) -> [&mut u64; 11] {
        [
            &mut self.received,
            &mut self.withheld,
            &mut self.duplicates,
            &mut self.rejected,
            &mut self.queued,
            &mut self.sent,
            &mut self.failed,
            &mut self.dead,
            &mut self.expired,
            &mut self.retried,
            &mut self.requests,
        ]
    }
}

fn new_sketch() -> TDigestMut {
    TDigestMut::new(COMPRESSION).expect("the compression is within the sketch's limits")
}

/// The length of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// One minute; kept for a week.
    Minute,
    /// One hour; kept for 25 months.
    Hour,
}

impl Step {
    /// Its length in milliseconds.
    pub const fn ms(self) -> i64 {
        match self {
            Step::Minute => 60_000,
            Step::Hour => 3_600_000,
        }
    }

    /// The start of the step that holds a moment.
    pub fn start(self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.ms()) * self.ms()
    }
}

/// Where a [`Rollup`] belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The start of its step.
    pub start: Timestamp,
    /// Where.
    pub queue: QueueName,
    /// Whose.
    pub tenant: TenantId,
}

/// Which rollups to read.
#[derive(Clone, Debug)]
pub struct Span {
    /// Steps of this length.
    pub step: Step,
    /// Steps that begin here or later.
    pub from: Timestamp,
    /// Steps that begin before this.
    pub to: Timestamp,
    /// Of this tenant alone.
    pub tenant: Option<TenantId>,
}
