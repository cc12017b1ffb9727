//! What the writer, the readers and the upkeep share.

use std::{
    collections::{BTreeSet, VecDeque},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cauce_flow::{shape::month::Month, time::Timestamp};
use cauce_log::{Handle, Refused, files::Files};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, broadcast, oneshot, watch};

use super::{
    Options,
    ask::{Ask, Command, Reply},
    chores::Chores,
    digest::Secret,
    state::State,
};
use crate::{
    folder::Folder,
    rollup::Cache,
    row::Row,
    store::{Error, FlushTimes},
};

/// What the writer, the readers and the upkeep share.
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) files: Arc<dyn Files>,
    pub(super) state: Mutex<State>,
    pub(super) reader: cauce_log::Reader,
    /// Set as soon as the writer's thread runs.
    pub(super) commands: OnceLock<Handle<Command>>,
    /// Held by whoever writes rows of the buffer to files.
    pub(super) flushing: Mutex<()>,
    /// Held by whoever writes ids to files. Taken before `flushing`.
    pub(super) sealing: Mutex<()>,
    /// Held by whoever replaces files by others. Taken before `sealing`.
    pub(super) merging: Mutex<()>,
    /// The number that the next file gets.
    pub(super) next_file: AtomicU64,
    /// Pieces of files that statistics were counted from.
    pub(super) cache: Cache,
    pub(super) figures: Figures,
    pub(super) free_bytes: AtomicU64,
    /// Bytes that were written when the disk was asked last.
    pub(super) measured_at: AtomicU64,
    /// What is tried again.
    pub(super) chores: Mutex<Chores>,
    /// Files that are damaged, and therefore not merged.
    pub(super) bad_parts: Mutex<BTreeSet<u64>>,
    /// Wakes the thread that flushes.
    pub(super) flush_nudge: Condvar,
    /// Wakes the thread that merges.
    pub(super) merge_nudge: Condvar,
    pub(super) nudge_lock: Mutex<()>,
    /// The threads are to end.
    pub(super) leaving: AtomicBool,
    /// Says that follow-ups wait.
    pub(super) follow_ups: Arc<Notify>,
    pub(super) live: broadcast::Sender<Arc<[Row]>>,
    pub(super) closing: AtomicBool,
    pub(super) broken: watch::Sender<Option<String>>,
}

/// What is only told, and forgotten with the process.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) commits: AtomicU64,
    pub(super) flushes: AtomicU64,
    pub(super) corrupt: u64,
    pub(super) told: Mutex<Told>,
}

/// What is told of the last flush and the last fault.
#[derive(Default)]
pub(super) struct Told {
    pub(super) last_flush_at: Option<Timestamp>,
    /// How long the last flushes took, oldest first.
    flush_times: VecDeque<Duration>,
    /// What went wrong last, by what was being done; gone when the same succeeds.
    pub(super) faults: Vec<(&'static str, Timestamp, String)>,
}

impl Figures {
    pub(super) fn new(corrupt: u64) -> Figures {
        Figures {
            corrupt,
            ..Figures::default()
        }
    }
}

/// So many flushes are looked at when it is asked how long one takes.
const FLUSHES: usize = 256;

impl Told {
    /// The buffer was written to files.
    pub(super) fn flushed(&mut self, now: Timestamp, took: Duration) {
        self.last_flush_at = Some(now);
        if self.flush_times.len() == FLUSHES {
            self.flush_times.pop_front();
        }
        self.flush_times.push_back(took);
    }

    /// How long that takes.
    pub(super) fn flush_times(&self) -> Option<FlushTimes> {
        let mut times: Vec<Duration> = self.flush_times.iter().copied().collect();
        times.sort_unstable();
        let last = times.len().checked_sub(1)?;
        let of = |percent: usize| times[(last * percent).div_ceil(100)];
        Some(FlushTimes {
            p50: of(50),
            p95: of(95),
            p99: of(99),
        })
    }

    /// Says so in the log once, however often it fails in the same way.
    fn failed(&mut self, doing: &'static str, why: String, now: Timestamp) {
        let known = |fault: &(&str, Timestamp, String)| fault.0 == doing && fault.2 == why;
        if !self.faults.iter().any(known) {
            tracing::error!(
                why,
                "the upkeep of the event store has failed, and is tried again"
            );
        }
        self.faults.retain(|(failed, ..)| *failed != doing);
        self.faults.push((doing, now, why));
    }
}

impl Shared {
    /// What digests are keyed with.
    pub(super) fn secret(&self) -> Arc<Secret> {
        Arc::clone(&self.state.lock().secret)
    }

    /// The folder of a month.
    pub(super) fn month_dir(&self, month: Month) -> PathBuf {
        self.options.dir.join(month.to_string())
    }

    /// The same on the file layer of the store.
    pub(super) fn month(&self, month: Month) -> Folder {
        Folder::new(&self.files, self.month_dir(month))
    }

    /// The folder of known ids.
    pub(super) fn ids_dir(&self) -> PathBuf {
        ids_dir(&self.options.dir)
    }

    /// A number for a new file.
    pub(super) fn take_file_number(&self) -> u64 {
        self.next_file.fetch_add(1, Ordering::Relaxed)
    }

    /// Bytes of the disk that are kept free.
    pub(super) fn floor(&self) -> u64 {
        self.options.floor_bytes()
    }

    /// Asks the writer from a thread of ours.
    pub(super) fn ask_blocking(&self, ask: Ask) -> Result<Reply, Error> {
        let (answer, reply) = oneshot::channel();
        let commands = self.commands.get().ok_or(Error::Closed)?;
        commands
            .send(Command { ask, answer })
            .map_err(|_| self.why_stopped())?;
        reply
            .blocking_recv()
            .unwrap_or_else(|_| Err(self.why_stopped()))
    }

    /// Asks the writer.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Reply, Error> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        let (answer, reply) = oneshot::channel();
        let commands = self.commands.get().ok_or(Error::Closed)?.clone();
        match commands.try_send(Command { ask, answer }) {
            Ok(()) => {}
            Err(Refused::Stopped(_)) => return Err(self.why_stopped()),
            Err(Refused::Full(command)) => {
                // The writer is behind: wait for it off the runtime's threads.
                let sent = tokio::task::spawn_blocking(move || commands.send(command)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return Err(self.why_stopped());
                }
            }
        }
        reply.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    /// The log can no longer be written: whoever watches has to end the process.
    pub(super) fn give_up(&self, error: &cauce_log::Error) {
        tracing::error!(%error, "the event log cannot be written; the process has to be restarted");
        self.broken.send_replace(Some(error.to_string()));
    }

    /// Why nothing is taken any more.
    pub(super) fn why_stopped(&self) -> Error {
        if self.closing.load(Ordering::SeqCst) {
            return Error::Closed;
        }
        let known = self.broken.borrow().clone();
        let why = known.unwrap_or_else(|| {
            // Only a panic ends the writer without a word; it has been printed.
            let why = "its writer has stopped".to_owned();
            self.broken.send_replace(Some(why.clone()));
            why
        });
        Error::Broken(why.into())
    }

    /// Looks at the disk now and then.
    pub(super) fn note_disk(&self, writer: &cauce_log::Writer) {
        /// The disk is asked once in so many commits.
        const EVERY: u64 = 64;
        /// Or in so many bytes.
        const EVERY_BYTES: u64 = 4 << 20;
        let commits = self.figures.commits.fetch_add(1, Ordering::Relaxed);
        let written = writer.written().bytes;
        let before = self.measured_at.load(Ordering::Relaxed);
        if commits.is_multiple_of(EVERY) || EVERY_BYTES <= written.wrapping_sub(before) {
            if let Ok(free) = writer.free_bytes() {
                self.free_bytes.store(free, Ordering::Relaxed);
            }
            self.measured_at.store(written, Ordering::Relaxed);
        }
    }

    /// Asks the disk itself before it refuses, so that events are taken again as soon as may be.
    pub(super) fn refuse_when_disk_is_full(&self, writer: &cauce_log::Writer) -> Result<(), Error> {
        let floor = self.floor();
        if self.free_bytes.load(Ordering::Relaxed) >= floor {
            return Ok(());
        }
        let free = writer.free_bytes().unwrap_or(0);
        self.free_bytes.store(free, Ordering::Relaxed);
        if free < floor {
            self.merge_nudge.notify_one();
            return Err(Error::DiskFull { free, floor });
        }
        Ok(())
    }

    /// Notes how something went that is done again and again.
    pub(super) fn note<T>(
        &self,
        doing: &'static str,
        done: Result<T, Error>,
        now: Timestamp,
    ) -> Result<T, Error> {
        let mut told = self.figures.told.lock();
        match &done {
            Ok(_) => told.faults.retain(|(failed, ..)| *failed != doing),
            Err(error) => told.failed(doing, error.to_string(), now),
        }
        done
    }

    /// The same of an error that came beside an answer.
    pub(super) fn note_io(&self, doing: &'static str, fault: Option<io::Error>, now: Timestamp) {
        let fault = fault.map_or(Ok(()), |error| {
            let why = error.to_string().into();
            Err(Error::Files { doing, why })
        });
        let _ = self.note(doing, fault, now);
    }

    /// The months that files count in.
    pub(super) fn months(&self) -> BTreeSet<Month> {
        let parts = Arc::clone(&self.state.lock().shown.parts);
        parts.values().map(|entry| entry.month).collect()
    }
}

/// The folder of the log.
pub(super) fn log_dir(dir: &Path) -> PathBuf {
    dir.join("log")
}

/// The folder of known ids.
pub(super) fn ids_dir(dir: &Path) -> PathBuf {
    dir.join("ids")
}

/// Where a run stands. A run that the manifest does not name is removed at start, so that no other
/// name is needed before.
pub(super) fn run_path(dir: &Path, number: u64) -> PathBuf {
    ids_dir(dir).join(format!("run-{number}.ids"))
}
