//! How the embedded event store is opened.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cauce_flow::{
    shape::{aggregator, deduplicator},
    time::Timestamp,
};
use cauce_log::{Recovery, files::Files};

use super::{
    manifest::Manifest,
    state::Limits,
    upkeep::{self, Found},
};
use crate::fault::Fault;

/// How the embedded event store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the log, the months and the known ids.
    pub dir: PathBuf,
    /// Whether an answer waits for fsync.
    pub fsync: bool,
    /// Bytes of one segment of the log. Two are set aside on the disk, also of an empty store.
    pub segment_bytes: u64,
    /// Bytes of log from which on segments go that only serve to recognise equal events after a
    /// crash.
    pub max_log_bytes: u64,
    /// Rows in the buffer from which on it is written to files.
    pub max_events: usize,
    /// How long a row waits in the buffer at most.
    pub flush_interval: Duration,
    /// How long the buffer gathers at least, unless a quarter of what it may hold waits: under load,
    /// files of many rows cost far less than many files.
    pub flush_pause: Duration,
    /// Rows that the buffer may hold. Past it events are refused for a moment.
    pub max_waiting: usize,
    /// Bytes of the disk that are kept free.
    pub min_free_bytes: u64,
    /// For how long the id of an event is known.
    pub known_for: Duration,
    /// Ids in memory, in one table of four at most.
    pub max_known_in_memory: usize,
    /// Bytes of memory for filters of ids on disk.
    pub max_filter_bytes: usize,
    /// Bytes of memory for what statistics are counted from.
    pub max_cache_bytes: usize,
    /// Whether equal events are added up.
    pub aggregate: bool,
    /// Events that are remembered for that.
    pub max_firsts: usize,
}

impl Options {
    /// The defaults, in this folder.
    pub fn at(dir: impl Into<PathBuf>) -> Options {
        let aggregator = aggregator::Config::default();
        let deduplicator = deduplicator::Config::default();
        Options {
            dir: dir.into(),
            fsync: true,
            segment_bytes: 16 << 20,
            max_log_bytes: 128 << 20,
            max_events: 500,
            flush_interval: Duration::from_secs(5),
            flush_pause: Duration::from_secs(1),
            max_waiting: 200_000,
            min_free_bytes: 0,
            known_for: deduplicator.window,
            max_known_in_memory: deduplicator.max_table,
            max_filter_bytes: 64 << 20,
            max_cache_bytes: 64 << 20,
            aggregate: aggregator.enabled,
            max_firsts: aggregator.max_firsts,
        }
    }

    /// Ids that came at this time or before are not known any more.
    pub(super) fn known_since(&self, now: Timestamp) -> Timestamp {
        now - self.known_for
    }

    /// What is kept free: what is set, and whatever that is, room for one more segment, with what
    /// the log allocates beyond its size, so that files can be written when events are refused.
    pub(super) fn floor_bytes(&self) -> u64 {
        let segment = self.segment_bytes + self.segment_bytes / 16;
        self.min_free_bytes.max(segment)
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            aggregator: aggregator::Config {
                enabled: self.aggregate,
                max_firsts: self.max_firsts,
                ..aggregator::Config::default()
            },
            recent: deduplicator::Config {
                window: self.known_for,
                max_table: self.max_known_in_memory,
                max_ids: 4 * self.max_known_in_memory,
                ..deduplicator::Config::default()
            },
        }
    }

    /// Brings the files into the state that the log tells of.
    pub(super) fn recover(
        &self,
        files: &Arc<dyn Files>,
        manifest: &Manifest,
        recovery: &Recovery,
    ) -> Result<Found, OpenError> {
        let damaged = !recovery.corrupt.is_empty() || !recovery.gaps.is_empty();
        let how = (damaged, self.max_filter_bytes);
        if recovery.segments == 0 && upkeep::has_parts(&**files, &self.dir)? {
            return Err(OpenError::NoLog {
                dir: self.dir.clone(),
            });
        }
        Ok(upkeep::recover(files, &self.dir, manifest, how)?)
    }
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] cauce_log::Error),
    /// Files cannot be listed, named or removed.
    #[error(transparent)]
    Files(#[from] Fault),
    /// A record cannot be understood, though its checksum is right.
    #[error(
        "record {position} of kind {of_kind} cannot be understood ({fault}); was it written by a newer version?"
    )]
    Record {
        /// Where it stands.
        position: String,
        /// Its kind.
        of_kind: u8,
        /// What is wrong with it.
        fault: String,
    },
    /// There are files of events and no log, which alone says which of them count.
    #[error(
        "{} holds files of events and no log; hint: restore the folder log from a backup, or move the files away",
        dir.display()
    )]
    NoLog {
        /// The folder.
        dir: PathBuf,
    },
    /// The beginnings of all segments are damaged, and with them all that tells which files count.
    #[error(
        "the log in {} does not say any more which files count; hint: restore the folder from a backup",
        dir.display()
    )]
    NoBase {
        /// The folder of the log.
        dir: PathBuf,
    },
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
}
