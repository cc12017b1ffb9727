//! The embedded event store: a durable log, and the Parquet files that its rows go into.
//!
//! ```text
//! callers --> committer (one thread) --> log --> fsync --> answers
//!                  |
//!                  +-> state: counters, rules, buffer, recent ids, which files count
//! flusher (one thread) --> buffer -> files of the month
//! merger (one thread) --> files -> fewer files; ids -> runs; erasures; old segments go
//! readers --> state (short locks) --> files
//! ```
//!
//! The log is the only authority. See `docs/adr/0006-event-store.md`.

mod ask;
mod audit;
mod buffer;
mod chores;
mod counting;
mod cutting;
mod digest;
mod following;
mod health;
mod known;
mod machine;
mod manifest;
mod options;
mod query;
mod record;
mod repeats;
mod shared;
mod state;
mod store;
mod tally;
mod threads;
mod upkeep;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64},
};

use cauce_flow::time::Timestamp;
use cauce_log::{
    Committer, Content, Durability, Log, Position, Replayed, WholeBody,
    files::{Files, RealFiles},
};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{broadcast, watch};

pub use self::options::{OpenError, Options};
use self::{
    digest::{SECRET_BYTES, Secret},
    machine::EventsMachine,
    shared::{Figures, Shared, log_dir},
    state::{Change, Replay, State},
    threads::Threads,
};
use crate::rollup::Cache;

/// The embedded event store. Dropping it closes the log.
pub struct EmbeddedEvents {
    shared: Arc<Shared>,
    committer: Mutex<Option<Committer<EventsMachine>>>,
    threads: Mutex<Option<Threads>>,
    recovery: cauce_log::Recovery,
}

/// Tells the time to the threads of a store.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl EmbeddedEvents {
    /// Opens the store in `options.dir`, making it where there is none. Its threads flush, merge and
    /// tidy up by this clock.
    pub fn open(options: Options, clock: Clock) -> Result<EmbeddedEvents, OpenError> {
        EmbeddedEvents::open_with_clock_on(options, Arc::new(RealFiles), clock)
    }

    /// The same over another file layer.
    pub fn open_with_clock_on(
        options: Options,
        files: Arc<dyn Files>,
        clock: Clock,
    ) -> Result<EmbeddedEvents, OpenError> {
        let store = EmbeddedEvents::open_with(options, files, true)?;
        let threads = Threads::spawn(&store.shared, clock).map_err(OpenError::Thread)?;
        *store.threads.lock() = Some(threads);
        Ok(store)
    }

    /// The same without threads beside the writer: whoever opens it calls [`tick`](EmbeddedEvents::tick).
    pub fn open_on(options: Options, files: Arc<dyn Files>) -> Result<EmbeddedEvents, OpenError> {
        EmbeddedEvents::open_with(options, files, false)
    }

    fn open_with(
        options: Options,
        files: Arc<dyn Files>,
        background: bool,
    ) -> Result<EmbeddedEvents, OpenError> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(OpenError::Random)?;
        let mut replay = Replay::new(State::new(Secret(secret), options.limits()));
        let mut fault = None;
        let mut show = |position: Position, record: Replayed<'_>| {
            let folded = replay.fold(record.kind, position, record.digest);
            if let Err(why) = folded {
                fault.get_or_insert((position, record.kind, why));
            }
        };
        let log = log_dir(&options.dir);
        let (log_options, digest) = (log_options(&options, background), Arc::new(WholeBody));
        let (writer, reader, recovery) =
            Log::open(&log, log_options, Arc::clone(&files), digest, &mut show)?;
        if let Some((position, of_kind, why)) = fault {
            return Err(OpenError::Record {
                position: position.to_string(),
                of_kind,
                fault: why.to_string(),
            });
        }
        if recovery.segments > 0 && !replay.based {
            return Err(OpenError::NoBase { dir: log });
        }
        let found = options.recover(&files, &replay.state.manifest, &recovery)?;
        let mut state = replay.state;
        state.shown = found.shown;
        let lost = lost(found.lost_parts, found.lost_runs);
        let shared = Arc::new(Shared {
            files,
            reader,
            commands: OnceLock::new(),
            flushing: Mutex::new(()),
            sealing: Mutex::new(()),
            merging: Mutex::new(()),
            next_file: AtomicU64::new(found.next_file),
            chores: Mutex::default(),
            bad_parts: Mutex::default(),
            cache: Cache::new(options.max_cache_bytes),
            figures: Figures::new(recovery.corrupt.len() as u64 + lost.gone()),
            free_bytes: AtomicU64::new(writer.free_bytes().unwrap_or(u64::MAX)),
            measured_at: AtomicU64::new(0),
            flush_nudge: Condvar::new(),
            merge_nudge: Condvar::new(),
            nudge_lock: Mutex::new(()),
            leaving: AtomicBool::new(false),
            follow_ups: Arc::default(),
            live: broadcast::Sender::new(MAX_LIVE_BATCHES),
            closing: AtomicBool::new(false),
            broken: watch::Sender::new(None),
            state: Mutex::new(state),
            options,
        });
        let machine = EventsMachine::new(Arc::clone(&shared));
        let committer =
            Committer::spawn(machine, writer, MAX_QUEUED_COMMANDS).map_err(OpenError::Thread)?;
        let _ = shared.commands.set(committer.handle());
        let store = EmbeddedEvents {
            shared,
            committer: Mutex::new(Some(committer)),
            threads: Mutex::new(None),
            recovery,
        };
        store.forget_lost(lost);
        Ok(store)
    }

    /// Files that are not there any more are counted as lost, once. Nobody waits for it: it is said
    /// again at the next start if this one ends too soon.
    fn forget_lost(&self, lost: Change) {
        if lost.gone() == 0 {
            return;
        }
        self.shared.state.lock().shown.left.add(lost.left);
        let (answer, _) = tokio::sync::oneshot::channel();
        let ask = ask::Ask::Commit(Box::new(lost));
        if let Some(commands) = self.shared.commands.get() {
            let _ = commands.send(ask::Command { ask, answer });
        }
    }

    /// Does what is due: flushes, merges, tidies up. Blocks: not for the threads of an async runtime.
    pub fn tick(&self, now: Timestamp) -> Result<(), crate::store::Error> {
        upkeep::empty(&self.shared, now)?;
        while upkeep::round(&self.shared, now)? {}
        Ok(())
    }

    /// Writes what is in the buffer to files. Blocks, as [`tick`](EmbeddedEvents::tick) does.
    pub fn flush_now(&self, now: Timestamp) -> Result<(), crate::store::Error> {
        upkeep::flush(&self.shared, now)
    }

    /// What was found when the log was opened.
    pub fn recovery(&self) -> &cauce_log::Recovery {
        &self.recovery
    }

    /// Tells when the store can no longer write, and why.
    pub fn broken(&self) -> watch::Receiver<Option<String>> {
        self.shared.broken.subscribe()
    }

    /// Ends the threads and closes the log. What is in the buffer stays in the log. Later calls are
    /// refused.
    pub fn close(&self) {
        if let Some(threads) = self.threads.lock().take() {
            threads.stop(&self.shared);
        }
        self.shared
            .closing
            .store(true, std::sync::atomic::Ordering::SeqCst);
        if let Some(committer) = self.committer.lock().take() {
            // Why it could not stop well was said when it failed, also if that was by a panic; a
            // second one here would abort the process.
            let stop = std::panic::AssertUnwindSafe(|| committer.stop());
            let _ = std::panic::catch_unwind(stop);
        }
    }
}

impl Drop for EmbeddedEvents {
    fn drop(&mut self) {
        self.close();
    }
}

/// What this log holds; a folder with anything else is refused.
pub(crate) const CONTENT: Content = Content {
    name: *b"events  ",
    version: 1,
};
/// The largest record: files of many years, or the events of one very large call.
const MAX_RECORD_BYTES: u32 = 64 << 20;
/// Calls that may wait for the writer; past it, callers wait to hand theirs in.
const MAX_QUEUED_COMMANDS: usize = 1_024;
/// Batches of new events that a slow watcher may be behind.
const MAX_LIVE_BATCHES: usize = 256;

fn log_options(options: &Options, background: bool) -> cauce_log::Options {
    cauce_log::Options {
        segment_bytes: options.segment_bytes,
        max_record_bytes: MAX_RECORD_BYTES,
        durability: if options.fsync {
            Durability::Fsync
        } else {
            Durability::Os
        },
        content: CONTENT,
        background,
        // Few segments are kept, and all of their records are wanted again.
        sidecars: false,
    }
}

fn lost(parts: Vec<manifest::PartEntry>, runs: Vec<u64>) -> Change {
    Change {
        left: manifest::Left {
            lost: parts.iter().map(|entry| entry.part.events).sum(),
            ..manifest::Left::default()
        },
        parts_gone: parts.iter().map(|entry| entry.part.number).collect(),
        runs_gone: runs,
        ..Change::default()
    }
}

#[cfg(test)]
mod tests;
