//! The event store in figures.

use std::time::Duration;

use cauce_flow::time::Timestamp;

/// What was received and what became of it. Always
/// `received = stored + sampled_out + merged + duplicates + withheld + rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events handed in.
    pub received: u64,
    /// Rows that were made.
    pub stored: u64,
    /// Left out by the sampler.
    pub sampled_out: u64,
    /// Added to the count of an equal event.
    pub merged: u64,
    /// Known by their ids.
    pub duplicates: u64,
    /// Left out for want of consent, or because their visitor was erased.
    pub withheld: u64,
    /// Bad entries of calls that were taken in part.
    pub rejected: u64,
}

impl Counters {
    /// Whether every received event is accounted for.
    pub fn holds(&self) -> bool {
        self.received == self.accounted()
    }

    /// The events of which is known what became of them.
    pub fn accounted(&self) -> u64 {
        let ends = self.stored + self.sampled_out + self.merged;
        ends + self.duplicates + self.withheld + self.rejected
    }
}

/// The buffer between log and files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferFigures {
    /// Rows in it.
    pub current_size: u64,
    /// Events received since the store was made.
    pub total_received: u64,
    /// Rows written to files since the store was made.
    pub total_flushed: u64,
    /// Events left out by the sampler since the store was made.
    pub total_discarded: u64,
    /// When it was last written to files.
    pub last_flush_at: Option<Timestamp>,
    /// How often, since the process started.
    pub flush_count: u64,
    /// How long that took; none before the first time.
    pub flush_times: Option<FlushTimes>,
}

/// How long it takes to write the buffer to files: half, 95 and 99 of 100 of the last times took no
/// longer than this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlushTimes {
    /// The median.
    pub p50: Duration,
    /// 95 %.
    pub p95: Duration,
    /// 99 %.
    pub p99: Duration,
}

/// One month of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// `tracking_events_YYYY_MM`.
    pub name: String,
    /// Rows in its files.
    pub rows: u64,
    /// Its files.
    pub files: u64,
    /// Bytes of its files, with what is kept beside them for statistics.
    pub bytes: u64,
}

/// How the store is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The buffer.
    pub buffer: BufferFigures,
    /// The months, oldest first.
    pub partitions: Vec<Partition>,
    /// What last went wrong, and when; cleared when the same succeeds.
    pub last_error: Option<(Timestamp, String)>,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// Events that were forgotten early by whoever adds up equal ones, because there were too many:
    /// later equal ones got rows of their own. Since the process started.
    pub crowded_out: u64,
    /// Damaged places of the log that were set aside at the start.
    pub corrupt: u64,
}
