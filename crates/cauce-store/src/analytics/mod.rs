//! Analytics: events about messages, conversations and conversions, and what they add up to.
//!
//! What is counted lives in one SQLite file, `analytics.db`: raw events for a while, and sums by
//! minute, quarter-hour and day for longer. Both change in one transaction, so no crash can part
//! them; a repeat of an event is known by its id.
//!
//! ```text
//! calls of applications --> staged ----+
//!                                      +--> events --> stories --> sums --> figures, series
//! messages.db, what became of them ----+   (30 days)              (25 months)
//! ```
//!
//! What an event means is said in [`cauce_observe::analytics`]; here it is kept. `staged` has what is
//! on disk and not counted yet, `take` writes events, `stories` tells conversations and people on by
//! the `rules` of the file, `sums` adds up in `packs`, `read` and `figures` answer.
//!
//! Phone numbers and names of conversations are kept as keyed hashes alone.

mod aside;
mod ask;
mod erase;
mod facts;
mod figures;
mod marks;
mod names;
mod packed;
mod packs;
mod prune;
mod read;
mod rebuild;
mod rules;
mod schema;
mod staged;
mod stories;
mod sums;
mod take;
mod tracked;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cauce_flow::{id::JobId, time::Timestamp};
use cauce_observe::analytics::{Idle, Window, hours::Hours};
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, Transaction};
use tokio::sync::Notify;

use self::{
    facts::GoneBefore,
    prune::Places,
    rules::Rules,
    staged::{Staged, TooLate, folded_through, note_folded, note_settled},
    take::{Done, Taking},
    tracked::{Hidden, of_message},
};
pub use self::{
    figures::{CampaignView, Figures, Metric},
    rebuild::Rebuilt,
    tracked::{EventId, Tracked, Who, own_variant, place_of_own_variant},
};
use crate::{
    OpenError, PERSONAL_KEY_FILE,
    database::{Database, Failure},
    personal::Personal,
};

/// The name of the file in the data folder.
pub const FILE: &str = "analytics.db";

/// Why analytics did not do as asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, or is newer than this program.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The key of personal data cannot be used.
    #[error("cannot use {path}: {why}; hint: put the file back")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Too much waits to be written.
    #[error("analytics has too many writes waiting")]
    Busy,
    /// SQLite could not do it.
    #[error("analytics failed: {0}")]
    Database(Arc<str>),
    /// It is closed.
    #[error("analytics is closed")]
    Closed,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Busy => Error::Busy,
            Failure::Sqlite(why) => Error::Database(why),
            Failure::Closed => Error::Closed,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Database(error.to_string().into())
    }
}

/// How analytics counts, and how long it keeps what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Raw events are kept for so long.
    pub events_kept: Duration,
    /// Sums are kept for so long.
    pub sums_kept: Duration,
    /// A conversation in which nothing happens for longer is over.
    pub conversation_idle: Duration,
    /// A conversion is owed to a campaign that has reached the person at most so long before.
    pub attribution_window: Duration,
    /// When answers are due; none where they always are.
    pub business_hours: Option<Arc<Hours>>,
}

const DAY: Duration = Duration::from_secs(86_400);
/// Events that are counted in one transaction. Few, so that whatever else this machine does is not held
/// up by it; many, which costs less for each, where many wait.
const FEW_AT_ONCE: u32 = 16;
const MANY_AT_ONCE: u32 = 500;
const MANY: i64 = 1_000;
/// Events that may be on disk and not counted.
const MAX_STAGED: i64 = 20_000;

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            events_kept: 30 * DAY,
            sums_kept: 762 * DAY,
            conversation_idle: DAY,
            attribution_window: 7 * DAY,
            business_hours: None,
        }
    }
}

impl Settings {
    fn rules(&self) -> Rules {
        let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4);
        Rules {
            idle: Idle(ms(self.conversation_idle)),
            window: Window(ms(self.attribution_window)),
            hours: self.business_hours.clone(),
        }
    }
}

/// A handle to analytics. Clones share it.
#[derive(Clone)]
pub struct Analytics {
    database: Database,
    personal: Personal,
    settings: Arc<RwLock<Settings>>,
    /// The rules that the file is counted by.
    rules: Arc<RwLock<Rules>>,
    staged: Staged,
    /// Before when events and sums are gone, as far as is known here.
    gone: Arc<Mutex<GoneBefore>>,
    /// Where the next go of pruning looks.
    places: Arc<Mutex<Places>>,
    too_late: Arc<AtomicU64>,
}

impl Analytics {
    /// Opens the analytics of a data folder, makes the file where it is missing, and brings an
    /// older one up to date.
    pub fn open(data_dir: &Path, settings: Settings) -> Result<Analytics, Error> {
        let personal = Personal::of(data_dir).map_err(|why| Error::Key {
            path: data_dir.join(PERSONAL_KEY_FILE),
            why,
        })?;
        let rules = settings.rules();
        let prepare = |connection: &mut Connection| {
            // What is taken away is written over, so that nothing is left of who was erased.
            connection.pragma_update(None, "secure_delete", "ON")?;
            let tx = connection.transaction()?;
            let found = (
                rules.in_force(&tx)?,
                GoneBefore::read(&tx)?,
                folded_through(&tx)?,
            );
            tx.commit()?;
            Ok::<_, Error>(found)
        };
        let path = data_dir.join(FILE);
        let (database, (rules, gone, through)) = Database::open(&path, schema::STEPS, prepare)?;
        Ok(Analytics {
            database,
            personal,
            settings: Arc::new(RwLock::new(settings)),
            rules: Arc::new(RwLock::new(rules)),
            staged: Staged::open(data_dir, through)?,
            gone: Arc::new(Mutex::new(gone)),
            places: Arc::default(),
            too_late: Arc::default(),
        })
    }

    /// Keeps by other settings from here on. What decides how it counts comes into force when the
    /// sums are made anew.
    pub fn follow(&self, settings: Settings) {
        *self.settings.write() = settings;
    }

    /// Whether it counts by other rules than its settings say, until the sums are made anew.
    pub fn counts_by_other_rules(&self) -> bool {
        *self.rules.read() != self.settings.read().rules()
    }

    /// Whether it tells how long answers took in business hours.
    pub fn has_business_hours(&self) -> bool {
        self.rules.read().hours.is_some()
    }

    /// How it counts and keeps.
    pub fn settings(&self) -> Settings {
        self.settings.read().clone()
    }

    /// Events before this are not taken any more: not all that they depend on is kept.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        let kept = now - self.settings.read().events_kept;
        kept.max(Timestamp::from_millis(self.gone.lock().events))
    }

    /// Takes events; answers for each, in order, whether it is new, once all are on disk. They are in
    /// the figures that anybody is told from then on.
    pub async fn track(&self, events: Vec<Tracked>) -> Result<Vec<bool>, Error> {
        // Where events come faster than they are counted, who tracks them waits for that.
        if self.staged.newest() - self.staged.through() > MAX_STAGED {
            self.fold().await?;
        }
        let too_late = TooLate {
            before_ms: self.gone.lock().events,
            count: Arc::clone(&self.too_late),
        };
        self.staged.stage(self.hide(events), too_late).await
    }

    /// Wakes whoever folds, because there may be something to fold.
    pub fn has_to_fold(&self) -> Arc<Notify> {
        self.staged.arrived()
    }

    /// Counts all that is tracked by now.
    pub async fn fold(&self) -> Result<(), Error> {
        let newest = self.staged.newest();
        while self.staged.through() < newest && self.fold_some().await? {}
        Ok(())
    }

    /// Counts some of what is tracked; answers whether there was any.
    async fn fold_some(&self) -> Result<bool, Error> {
        let _turn = self.staged.turn().await;
        let waiting = self.staged.newest() - self.staged.through();
        let at_once = if waiting < MANY {
            FEW_AT_ONCE
        } else {
            MANY_AT_ONCE
        };
        let events = self.staged.to_count(at_once).await?;
        let Some(through) = events.last().map(|(number, _)| *number) else {
            return Ok(false);
        };
        let (rules, too_late) = (self.rules.read().clone(), Arc::clone(&self.too_late));
        let work = move |tx: &Transaction<'_>| {
            // Whoever began to count these may have been stopped before it was noted here.
            let folded = folded_through(tx)?;
            let mut new = events.iter().filter(|(number, _)| *number > folded);
            let done = Taking::run(tx, &rules, |taking| {
                new.try_for_each(|(_, event)| taking.take(event).map(drop))
            });
            counted(done?, &too_late);
            note_folded(tx, through)?;
            Ok::<_, Error>(())
        };
        self.database.write_soon(work).await?;
        self.staged.counted(through);
        Ok(true)
    }

    /// Has what was folded put on disk, and forgets what is staged of it.
    pub async fn settle(&self) -> Result<(), Error> {
        if !self.staged.is_unsettled() {
            return Ok(());
        }
        let work = |tx: &Transaction<'_>| {
            let through = folded_through(tx)?;
            note_settled(tx, through)?;
            Ok::<_, Error>(through)
        };
        let through = self.database.write(work).await?;
        self.staged.settled(through).await
    }

    fn hide(&self, events: Vec<Tracked>) -> Vec<Hidden> {
        let events = events.into_iter();
        events
            .map(|event| Hidden::of(event, &self.personal))
            .collect()
    }

    /// Sets what is known of messages of ours: these events are all there are of each. Takes what
    /// came in beside them. All in one commit; what is known already changes nothing.
    pub async fn count(
        &self,
        messages: Vec<(JobId, Vec<Tracked>)>,
        inbound: Vec<Tracked>,
    ) -> Result<(), Error> {
        let (rules, too_late) = (self.rules.read().clone(), Arc::clone(&self.too_late));
        let messages: Vec<(Vec<u8>, Vec<Hidden>)> = messages
            .into_iter()
            .map(|(job, events)| (of_message(job), self.hide(events)))
            .collect();
        let inbound = self.hide(inbound);
        let work = move |tx: &Transaction<'_>| {
            let done = Taking::run(tx, &rules, |taking| {
                for (prefix, events) in &messages {
                    taking.set(prefix, events)?;
                }
                inbound
                    .iter()
                    .try_for_each(|one| taking.take(one).map(drop))
            });
            counted(done?, &too_late);
            Ok::<_, Error>(())
        };
        self.database.write(work).await
    }

    /// Copies everything of a data folder, as of one moment, into another, for its owner alone; where
    /// nothing is kept, nothing.
    pub async fn copy(data_dir: &Path, to: &Path) -> Result<(), Error> {
        // What is counted between the two is in both, and known by its number.
        Staged::copy(data_dir, to).await?;
        let from = data_dir.join(FILE);
        match from.exists() {
            true => Database::copy(&from, &to.join(FILE)).await,
            false => Ok(()),
        }
    }

    /// Finishes what waits and closes the file.
    pub async fn close(&self) {
        self.staged.close().await;
        self.database.close().await;
    }
}

/// Counts what came too late.
fn counted<T>(done: Done<T>, too_late: &AtomicU64) -> T {
    too_late.fetch_add(done.too_late, Ordering::Relaxed);
    done.value
}

#[cfg(test)]
mod tests;
