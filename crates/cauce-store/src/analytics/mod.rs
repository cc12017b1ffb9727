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
//! events, `stories` tells conversations and people on, `sums` adds up, `read` and `figures`
//! answer.
//!
//! Phone numbers and names of conversations are kept as keyed hashes alone.

mod busy;
mod erase;
mod figures;
mod marks;
mod names;
mod prune;
mod read;
mod rebuild;
mod schema;
mod stories;
mod sums;
mod take;
mod tracked;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cauce_flow::{id::JobId, time::Timestamp};
use cauce_observe::analytics::{Idle, Window};
use parking_lot::{Mutex, RwLock};
use rusqlite::Transaction;
use tokio::sync::oneshot;

pub use self::{
    figures::{CampaignView, Metric},
    rebuild::Rebuilt,
    tracked::{EventId, Tracked, Who},
};
use self::{
    stories::Rules,
    take::Taking,
    tracked::{Hidden, of_message},
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
    /// A write that it shared could not be done.
    #[error("the events could not be written")]
    Shared,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Raw events are kept for so long.
    pub events_kept: Duration,
    /// Sums are kept for so long.
    pub sums_kept: Duration,
    /// A conversation in which nothing happens for longer is over.
    pub conversation_idle: Duration,
    /// A conversion is owed to a campaign that has reached the person at most so long before.
    pub attribution_window: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            events_kept: 30 * DAY,
            sums_kept: 762 * DAY,
            conversation_idle: DAY,
            attribution_window: 7 * DAY,
        }
    }
}

impl Settings {
    fn rules(&self) -> Rules {
        let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4);
        Rules {
            idle: Idle(ms(self.conversation_idle)),
            window: Window(ms(self.attribution_window)),
        }
    }
}

/// Events on their way to the file.
struct Waiting {
    events: Vec<Hidden>,
    answer: Answer,
}

/// A handle to analytics. Clones share it.
#[derive(Clone)]
pub struct Analytics {
    database: Database,
    personal: Personal,
    settings: Arc<RwLock<Settings>>,
    /// What was handed in and the next transaction takes, all of it at once: many share one commit.
    waiting: Arc<Mutex<Vec<Waiting>>>,
}

impl Analytics {
    /// Opens the analytics of a data folder, makes the file where it is missing, and brings an
    /// older one up to date.
    pub fn open(data_dir: &Path, settings: Settings) -> Result<Analytics, Error> {
        let personal = Personal::of(data_dir).map_err(|why| Error::Key {
            path: data_dir.join(PERSONAL_KEY_FILE),
            why,
        })?;
        let (database, ()) =
            Database::open(&data_dir.join(FILE), schema::STEPS, |_| Ok::<(), Error>(()))?;
        Ok(Analytics {
            database,
            personal,
            settings: Arc::new(RwLock::new(settings)),
            waiting: Arc::default(),
        })
    }

    /// Counts and keeps by other settings from here on.
    pub fn follow(&self, settings: Settings) {
        *self.settings.write() = settings;
    }

    /// How it counts and keeps.
    pub fn settings(&self) -> Settings {
        *self.settings.read()
    }

    /// Events before this are not taken any more: not all that they depend on is kept.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        now - self.settings().events_kept
    }

    /// Takes events; answers for each, in order, whether it is new, once all are on disk. What comes
    /// at the same time shares one commit.
    pub async fn track(&self, events: Vec<Tracked>) -> Result<Vec<bool>, Error> {
        let hidden = events.into_iter();
        let events = hidden
            .map(|event| Hidden::of(event, &self.personal))
            .collect();
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().push(Waiting { events, answer });
        self.write_waiting().await?;
        answered.await.map_err(|_| Error::Shared)
    }

    /// Sets what is known of messages of ours: these events are all there are of each. Takes what
    /// came in beside them. All in one commit; what is known already changes nothing.
    pub async fn count(
        &self,
        messages: Vec<(JobId, Vec<Tracked>)>,
        inbound: Vec<Tracked>,
    ) -> Result<(), Error> {
        let rules = self.settings.read().rules();
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
            Taking::run(tx, rules, |taking| {
                for (prefix, events) in &messages {
                    taking.set(prefix, events)?;
                }
                inbound
                    .iter()
                    .try_for_each(|one| taking.take(one).map(drop))
            })?;
            Ok::<_, Error>(())
        };
        self.database.write(work).await
    }

    /// Writes all that waits, unless a transaction that began after it was put there has done so.
    /// The answers are given on the thread that writes: whoever asked first may be gone.
    async fn write_waiting(&self) -> Result<(), Error> {
        let (waiting, rules) = (Arc::clone(&self.waiting), self.settings.read().rules());
        let work = move |tx: &Transaction<'_>| {
            let all = std::mem::take(&mut *waiting.lock());
            let taken = Taking::run(tx, rules, |taking| {
                let each = all.iter().map(|one| {
                    let events = one.events.iter();
                    events.map(|event| taking.take(event)).collect()
                });
                each.collect::<rusqlite::Result<Vec<Vec<bool>>>>()
            })?;
            let answers = all.into_iter().map(|one| one.answer).zip(taken);
            Ok::<_, Error>(Mutex::new(answers.collect::<Vec<_>>()))
        };
        let answer = |answers: &Mutex<Vec<(Answer, Vec<bool>)>>| {
            for (answer, taken) in answers.lock().drain(..) {
                let _ = answer.send(taken);
            }
        };
        self.database.write_then(work, answer).await.map(drop)
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

/// Where to say which events were new.
type Answer = oneshot::Sender<Vec<bool>>;

#[cfg(test)]
mod tests;
