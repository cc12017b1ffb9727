//! Analytics: events about messages, conversations and conversions, and what they add up to.
//!
//! Everything lives in one SQLite file, `analytics.db`: raw events for a while, and sums by
//! minute, quarter-hour and day for longer. Both change in one transaction, so no crash can part
//! them; a repeat of an event is known by its id.
//!
//! ```text
//! calls of applications ---------------+
//!                                      +--> events --> stories --> sums --> figures, series
//! messages.db, what became of them ----+   (30 days)              (25 months)
//! ```
//!
//! What an event means is said in [`cauce_observe::analytics`]; here it is kept. `take` writes
//! events, `stories` tells conversations and people on by the `rules` of the file, `sums` adds up in
//! `packs`, `read` and `figures` answer.
//!
//! Phone numbers and names of conversations are kept as keyed hashes alone.

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

use self::{
    facts::GoneBefore,
    prune::Places,
    rules::Rules,
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
    database::{Database, Failure, Shared},
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
    /// What was handed in and the next transaction takes, all of it at once: many share one commit.
    events: Shared<Vec<Hidden>, Vec<bool>>,
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
            let tx = connection.transaction()?;
            let found = (rules.in_force(&tx)?, GoneBefore::read(&tx)?);
            tx.commit()?;
            Ok::<_, Error>(found)
        };
        let path = data_dir.join(FILE);
        let (database, (rules, gone)) = Database::open(&path, schema::STEPS, prepare)?;
        Ok(Analytics {
            database,
            personal,
            settings: Arc::new(RwLock::new(settings)),
            rules: Arc::new(RwLock::new(rules)),
            events: Shared::default(),
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

    /// Takes events; answers for each, in order, whether it is new, once all are on disk. What comes
    /// at the same time shares one commit.
    pub async fn track(&self, events: Vec<Tracked>) -> Result<Vec<bool>, Error> {
        let hidden = events.into_iter();
        let events = hidden
            .map(|event| Hidden::of(event, &self.personal))
            .collect();
        let (rules, too_late) = (self.rules.read().clone(), Arc::clone(&self.too_late));
        let work = move |tx: &Transaction<'_>, all: &[Vec<Hidden>]| {
            let done = Taking::run(tx, &rules, |taking| {
                let each = all.iter().map(|events| {
                    let taken = events.iter().map(|event| taking.take(event));
                    taken.collect()
                });
                each.collect::<rusqlite::Result<Vec<Vec<bool>>>>()
            });
            Ok::<_, Error>(counted(done?, &too_late))
        };
        self.events.write(&self.database, events, work).await
    }

    /// Sets what is known of messages of ours: these events are all there are of each. Takes what
    /// came in beside them. All in one commit; what is known already changes nothing.
    pub async fn count(
        &self,
        messages: Vec<(JobId, Vec<Tracked>)>,
        inbound: Vec<Tracked>,
    ) -> Result<(), Error> {
        let (rules, too_late) = (self.rules.read().clone(), Arc::clone(&self.too_late));
        let hide = |events: Vec<Tracked>| -> Vec<Hidden> {
            let events = events.into_iter();
            events
                .map(|event| Hidden::of(event, &self.personal))
                .collect()
        };
        let messages: Vec<(Vec<u8>, Vec<Hidden>)> = messages
            .into_iter()
            .map(|(job, events)| (of_message(job), hide(events)))
            .collect();
        let inbound = hide(inbound);
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
        let from = data_dir.join(FILE);
        match from.exists() {
            true => Database::copy(&from, &to.join(FILE)).await,
            false => Ok(()),
        }
    }

    /// Finishes what waits and closes the file.
    pub async fn close(&self) {
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
