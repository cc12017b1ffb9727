//! The embedded backend: one segmented log in the data folder, and a compact index of its jobs in
//! memory.
//!
//! ```text
//! callers --> committer (one thread) --> log --> fsync --> answers
//!                  |
//!                  +-> state: the fold over the log; payloads stay on disk
//! readers --> state (short locks) --> log
//! compactor (one thread) --> asks the committer in small steps
//! ```

mod ask;
mod burying;
mod compactor;
mod counters;
mod fetching;
mod fifo;
mod forward;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod gathering;
mod grouping;
mod keys;
mod looking;
mod machine;
mod moving;
mod names;
mod news;
mod reading;
mod record;
mod room;
mod shared;
mod state;
mod store;
mod sums;
mod table;
mod telling;
mod timers;
mod unread;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use cauce_log::{
    Committer, Content, Durability, Log, Position, Replayed,
    files::{Files, RealFiles},
};
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use self::{
    machine::JobsMachine,
    record::{Record, kind},
    shared::Shared,
    state::{Keeping, State},
};
use crate::jobs::Followed;

/// How the embedded store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the job log.
    pub dir: PathBuf,
    /// Whether an answer waits for fsync.
    pub fsync: bool,
    /// Bytes of one segment of the log.
    pub segment_bytes: u64,
    /// Pending jobs in one queue at most.
    pub max_jobs: u64,
    /// Pending bytes in one queue at most.
    pub max_bytes: u64,
    /// What a full queue still takes of tenants that did not fill it, as a share of both limits.
    pub tenant_reserve: f64,
    /// Bytes of the disk that are kept free.
    pub min_free_bytes: u64,
    /// Completed jobs kept of each queue.
    pub completed: usize,
    /// Dead letters are kept for so long.
    pub dead_for: Duration,
    /// Expired and cancelled jobs are kept for so long.
    pub ended_for: Duration,
    /// Idempotency keys are known for so long.
    pub keys_for: Duration,
    /// Keeps the ids of two stores apart: 28 random bits, used when the store is made.
    pub instance: u32,
    /// Up to where the rollups of each log are kept; none where nobody keeps them.
    pub rollups_through: Option<BTreeMap<u32, u64>>,
    /// The queues whose news somebody takes, and up to where they are kept.
    pub followed: Option<Followed>,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] cauce_log::Error),
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
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// The embedded job store. Dropping it closes the log.
pub struct EmbeddedStore {
    shared: Arc<Shared>,
    committer: Mutex<Option<Committer<JobsMachine>>>,
    compactor: Mutex<Option<JoinHandle<()>>>,
    recovery: cauce_log::Recovery,
}

impl EmbeddedStore {
    /// Opens the log in `options.dir`, making it where there is none.
    pub fn open(options: Options) -> Result<EmbeddedStore, OpenError> {
        EmbeddedStore::open_with(options, Arc::new(RealFiles), true)
    }

    /// The same over another file layer, and without the log's own thread: for tests that let it
    /// fail, and have to fail again in the same way.
    pub fn open_on(options: Options, files: Arc<dyn Files>) -> Result<EmbeddedStore, OpenError> {
        EmbeddedStore::open_with(options, files, false)
    }

    fn open_with(
        options: Options,
        files: Arc<dyn Files>,
        background: bool,
    ) -> Result<EmbeddedStore, OpenError> {
        let mut state = State::new(keeping(&options), options.instance);
        state.gather_behind(options.rollups_through.clone());
        state.follow(options.followed.clone().unwrap_or_default());
        let log_options = cauce_log::Options {
            segment_bytes: options.segment_bytes,
            durability: if options.fsync {
                Durability::Fsync
            } else {
                Durability::Os
            },
            content: CONTENT,
            background,
            ..cauce_log::Options::default()
        };
        let mut fault = None;
        let digest = Arc::new(moving::JobsDigest);
        let mut replay = |position: Position, record: Replayed<'_>| {
            refold(&mut state, position, record, &mut fault);
        };
        let (mut writer, reader, recovery) =
            Log::open(&options.dir, log_options, files, digest, &mut replay)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        state.catch_up();
        state.unread.opened();
        state.counters.opened();
        let shared = Arc::new(Shared {
            instance: state.instance,
            state: Mutex::new(state),
            reader,
            commands: OnceLock::new(),
            min_free_bytes: AtomicU64::new(floor_bytes(&options)),
            free_bytes: AtomicU64::new(writer.free_bytes().unwrap_or(u64::MAX)),
            disk_bytes: AtomicU64::new(0),
            measured_at: AtomicU64::new(0),
            segment_bytes: options.segment_bytes,
            commits: AtomicU64::new(0),
            nudge: Arc::default(),
            news: Arc::default(),
            told_ms: AtomicI64::new(i64::MAX),
            emptying: Mutex::new(()),
            compaction: Condvar::new(),
            compaction_lock: Mutex::new(()),
            closing: AtomicBool::new(false),
            broken: watch::Sender::new(None),
            quarantined: recovery.corrupt.iter().filter(|place| !place.known).count() as u64,
        });
        burying::bury_lost(&shared, &mut writer, &recovery)?;
        let machine = JobsMachine::new(Arc::clone(&shared));
        let committer =
            Committer::spawn(machine, writer, MAX_QUEUED_COMMANDS).map_err(OpenError::Thread)?;
        let _ = shared.commands.set(committer.handle());
        let compactor = spawn_compactor(Arc::clone(&shared)).map_err(OpenError::Thread)?;
        Ok(EmbeddedStore {
            shared,
            committer: Mutex::new(Some(committer)),
            compactor: Mutex::new(Some(compactor)),
            recovery,
        })
    }

    /// Follows other limits and history from here on; the rest of the options stays as it was. What
    /// is kept for a shorter time goes when it would have gone before.
    pub fn follow(&self, options: &Options) {
        let floor = floor_bytes(options);
        self.shared.min_free_bytes.store(floor, Ordering::Relaxed);
        let keeping = keeping(options);
        let mut state = self.shared.state.lock();
        state.keys.keep_for(keeping.idempotency_ms);
        state.keeping = keeping;
    }

    /// What was found when the log was opened.
    pub fn recovery(&self) -> &cauce_log::Recovery {
        &self.recovery
    }

    /// Tells when the store can no longer write, and why.
    pub fn broken(&self) -> watch::Receiver<Option<String>> {
        self.shared.broken.subscribe()
    }

    /// Frees what finished jobs hold, as long as that pays. Answers how many bytes that were.
    /// Done by itself while the store is open, only less eagerly. Blocks: not for the threads of an
    /// async runtime.
    pub fn compact(&self) -> Result<u64, String> {
        let bytes = || {
            self.shared
                .reader
                .segments()
                .iter()
                .map(|segment| segment.bytes)
                .sum()
        };
        let before: u64 = bytes();
        // What is copied forward goes into newer segments. Where their bases are large beside them,
        // it would pay for ever to go on with those.
        let segments = || self.shared.reader.segments();
        let newest = segments().last().map_or(0, |segment| segment.number);
        let is_old = || {
            segments()
                .first()
                .is_some_and(|segment| segment.number <= newest)
        };
        while is_old() && compactor::run_once(&self.shared, 0)? {}
        Ok(before.saturating_sub(bytes()))
    }

    /// Writes what is left and closes the log. Later calls are refused.
    pub fn close(&self) {
        {
            // Under the lock, so that the compactor is either waiting or sees it.
            let _guard = self.shared.compaction_lock.lock();
            self.shared.closing.store(true, Ordering::SeqCst);
            self.shared.compaction.notify_one();
        }
        if let Some(compactor) = self.compactor.lock().take() {
            let _ = compactor.join();
        }
        if let Some(committer) = self.committer.lock().take() {
            // Why it could not stop well was said when it failed, also if that was by a panic; a
            // second one here would abort the process.
            let stop = std::panic::AssertUnwindSafe(|| committer.stop());
            let _ = std::panic::catch_unwind(stop);
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.close();
    }
}

/// Whether threads beside the writer work by themselves. The unit tests ask for that work instead,
/// so that a failure can be replayed from its seed.
const BACKGROUND: bool = cfg!(not(test));

/// What this log holds; a folder with anything else is refused.
pub(crate) const CONTENT: Content = Content {
    name: *b"jobs    ",
    version: 2,
};

/// What is kept free: what is set, and whatever that is, room for one more segment, with what the
/// log allocates beyond its size, so that the disk always has one in reserve when new jobs are
/// refused.
fn floor_bytes(options: &Options) -> u64 {
    options
        .min_free_bytes
        .max(options.segment_bytes + options.segment_bytes / 16)
}

/// Calls that may wait for the writer; past it, callers wait to hand theirs in.
const MAX_QUEUED_COMMANDS: usize = 4_096;

fn keeping(options: &Options) -> Keeping {
    let ms = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let share = |limit: u64| (limit as f64 * options.tenant_reserve) as u64;
    Keeping {
        completed: options.completed,
        dead_ms: ms(options.dead_for),
        ended_ms: ms(options.ended_for),
        idempotency_ms: ms(options.keys_for),
        max_jobs: options.max_jobs,
        max_bytes: options.max_bytes,
        reserve_jobs: share(options.max_jobs),
        reserve_bytes: share(options.max_bytes),
    }
}

/// Takes in a record that the log tells again.
fn refold(
    state: &mut State,
    position: Position,
    replayed: Replayed<'_>,
    fault: &mut Option<OpenError>,
) {
    match Record::decode(replayed.kind, replayed.digest) {
        Ok(record) => state.fold(position.as_u64(), replayed.body_bytes, &record),
        Err(found) if fault.is_none() => {
            *fault = Some(OpenError::Record {
                position: format!("{position:?}"),
                of_kind: replayed.kind,
                fault: found.to_string(),
            });
        }
        Err(_) => {}
    }
}

/// Bytes of the disk that holds `dir`; 0 where it cannot be told.
pub fn disk_bytes(dir: &std::path::Path) -> u64 {
    fs4::total_space(dir).unwrap_or(0)
}

fn spawn_compactor(shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    /// The compactor looks by itself so often, and whenever a segment is full.
    const LOOK_EVERY: Duration = Duration::from_secs(5);
    std::thread::Builder::new()
        .name("job-compactor".to_owned())
        .spawn(move || {
            let mut bytes_before = u64::MAX;
            while !shared.closing.load(Ordering::SeqCst) {
                let looked = match BACKGROUND {
                    true => compactor::run_once(&shared, compactor::SLACK_SEGMENTS),
                    false => Ok(false),
                };
                match looked {
                    // Where bases outweigh jobs, a pass may make as much as it frees: no hurry.
                    Ok(true) if shared.log_bytes() < bytes_before => {
                        bytes_before = shared.log_bytes();
                        continue;
                    }
                    Ok(_) => bytes_before = u64::MAX,
                    Err(error) if shared.closing.load(Ordering::SeqCst) => {
                        tracing::debug!(error, "compaction stopped with the store");
                    }
                    Err(error) => tracing::error!(error, "the job log could not be compacted"),
                }
                let mut guard = shared.compaction_lock.lock();
                if !shared.closing.load(Ordering::SeqCst) {
                    shared.compaction.wait_for(&mut guard, LOOK_EVERY);
                }
            }
        })
}

const _: () = assert!(
    kind::BASE == cauce_log::BASE,
    "the log writes the base by itself"
);

#[cfg(test)]
mod tests;
