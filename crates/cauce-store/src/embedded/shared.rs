//! What the writer, the readers and the compactor share.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

use cauce_flow::time::Timestamp;
use cauce_log::{Handle, Position};
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, oneshot, watch};

use super::{
    ask::{Ask, Command},
    state::{Reply, State},
};
use crate::jobs::Error;

/// What the writer, the readers and the compactor share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) reader: cauce_log::Reader,
    /// Set as soon as the writer's thread runs.
    pub(super) commands: OnceLock<Handle<Command>>,
    pub(super) instance: u32,
    pub(super) min_free_bytes: AtomicU64,
    pub(super) free_bytes: AtomicU64,
    pub(super) disk_bytes: AtomicU64,
    /// Bytes that were written when the disk was asked last.
    pub(super) measured_at: AtomicU64,
    pub(super) segment_bytes: u64,
    pub(super) commits: AtomicU64,
    /// Wakes the caller of `advance`.
    pub(super) nudge: Arc<Notify>,
    /// Wakes whoever takes news.
    pub(super) news: Arc<Notify>,
    /// When that caller was told to come again.
    pub(super) told_ms: AtomicI64,
    /// Held while a segment is emptied: a segment has one compactor at a time.
    pub(super) emptying: Mutex<()>,
    pub(super) compaction: Condvar,
    pub(super) compaction_lock: Mutex<()>,
    pub(super) closing: AtomicBool,
    pub(super) broken: watch::Sender<Option<String>>,
    pub(super) quarantined: u64,
}

impl Shared {
    /// Bytes of the log on disk.
    pub(super) fn log_bytes(&self) -> u64 {
        self.reader
            .segments()
            .iter()
            .map(|segment| segment.bytes)
            .sum()
    }

    /// Bytes of the disk that are kept free.
    pub(super) fn floor(&self) -> u64 {
        self.min_free_bytes.load(Ordering::Relaxed)
    }

    /// Asks the writer from a thread of ours.
    pub(super) fn ask_blocking(&self, ask: Ask) -> Result<Reply, String> {
        let (answer, reply) = oneshot::channel();
        let commands = self.commands.get().ok_or("the store is starting")?;
        commands
            .send(Command { ask, answer })
            .map_err(|_| self.why_stopped().to_string())?;
        match reply.blocking_recv() {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(self.why_stopped().to_string()),
        }
    }

    /// The log can no longer be written: whoever watches has to end the process.
    pub(super) fn give_up(&self, error: &cauce_log::Error) {
        tracing::error!(%error, "the job log cannot be written; the process has to be restarted");
        self.broken.send_replace(Some(error.to_string()));
    }

    pub(super) fn note_disk(&self, writer: &cauce_log::Writer) {
        /// The disk is asked once in so many commits.
        const EVERY: u64 = 64;
        /// Or in so many bytes.
        const EVERY_BYTES: u64 = 4 << 20;
        let commits = self.commits.fetch_add(1, Ordering::Relaxed);
        let written = writer.written().bytes;
        let before = self.measured_at.load(Ordering::Relaxed);
        let unmeasured = EVERY_BYTES <= written.wrapping_sub(before);
        if commits.is_multiple_of(EVERY) || unmeasured {
            if let Ok(free) = writer.free_bytes() {
                self.free_bytes.store(free, Ordering::Relaxed);
            }
            let bytes = writer.segments().iter().map(|segment| segment.bytes).sum();
            self.disk_bytes.store(bytes, Ordering::Relaxed);
            self.measured_at.store(written, Ordering::Relaxed);
        }
    }

    /// Wakes the caller of `advance` where there is something to do sooner than it was told.
    pub(super) fn note_timer(&self, next: Option<Timestamp>) {
        let next_ms = next.map_or(i64::MAX, Timestamp::as_millis);
        if next_ms < self.told_ms.fetch_min(next_ms, Ordering::Relaxed) {
            self.nudge.notify_one();
        }
    }

    /// Asks the disk itself before it refuses, so that jobs are taken again as soon as may be.
    pub(super) fn refuse_when_disk_is_full(&self, writer: &cauce_log::Writer) -> Result<(), Error> {
        if self.free_bytes.load(Ordering::Relaxed) >= self.floor() {
            return Ok(());
        }
        let free = writer.free_bytes().unwrap_or(0);
        self.free_bytes.store(free, Ordering::Relaxed);
        if free < self.floor() {
            self.compaction.notify_one();
            return Err(Error::DiskFull {
                free,
                floor: self.floor(),
            });
        }
        Ok(())
    }

    /// Whether new jobs are refused for lack of room.
    pub(super) fn disk_is_full(&self) -> bool {
        self.free_bytes.load(Ordering::Relaxed) < self.floor()
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

    /// The oldest segment, if less than half of the log is needed and the log is not small.
    pub(super) fn worth_compacting(&self, slack_segments: u64) -> Option<u32> {
        let segments = self.reader.segments();
        let total: u64 = segments.iter().map(|segment| segment.bytes).sum();
        let oldest = segments.first().filter(|segment| segment.sealed)?;
        let (live, needed_from) = {
            let state = self.state.lock();
            let needed = [state.gathered.needs_from(), state.unread.needs_from()];
            (state.live_bytes(), needed.into_iter().flatten().min())
        };
        let slack_segments = if self.disk_is_full() {
            0
        } else {
            slack_segments
        };
        // What the rollups have not counted yet stays, and news that are not kept elsewhere.
        if needed_from.is_some_and(|at| Position::from_u64(at).segment() <= oldest.number) {
            return None;
        }
        (total > 2 * live + slack_segments * self.segment_bytes).then_some(oldest.number)
    }
}
