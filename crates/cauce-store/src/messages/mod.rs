//! Messages to people, as they can be looked at: each with its state, its attempts and what the
//! provider said of it; the messages that came in; and the figures of campaigns.
//!
//! Everything lives in one SQLite file, `messages.db`. It is a projection of the job log: what the
//! log tells is written together with the place in the log up to which it holds, so each thing is
//! counted once whatever the process dies of. Only what providers tell is at home here, and is on
//! disk before they have their answer.
//!
//! ```text
//! job log --changes, in order, once--> +-------------+
//!                                      | messages.db | --> a message, lists, figures
//! webhooks --words, in any order-----> +-------------+
//! ```
//!
//! `apply` and `hear` say how both are taken, `state` what follows from them for a message, `following`
//! what follows for others.
//!
//! Phone numbers, texts and metadata are sealed with the key of personal data; a number is found by
//! its keyed hash.

mod answered;
mod apply;
mod applying;
mod bearing;
mod came;
mod change;
mod counting;
mod deltas;
mod figures;
mod following;
mod hear;
mod hidden;
mod key;
mod prune;
mod reached;
mod read;
mod row;
mod schema;
mod state;
mod told;
mod unsettled;
mod wishes;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_flow::{
    id::{AccountName, GroupName, TenantId},
    time::Timestamp,
};
use rusqlite::{Connection, Transaction};
use tokio::sync::Notify;

use self::{
    apply::Batch,
    applying::{Applying, With},
    hidden::Hidden,
};
pub use self::{
    bearing::{Bearing, Judge},
    came::InboundView,
    change::{Change, Heard, Inbound, Next, Opt, Part, Taken, Told, What},
    counting::{CountedInbound, CountedMessage, FailedTry, ToCount},
    figures::{BatchFigures, CampaignFigures, VariantFigures},
    read::{Filter, Listed, MessageView, Place, Spoken, Tried},
    state::{MessageState, UnknownState, Word},
    unsettled::Unsettled,
    wishes::{Wish, WishId},
};
use crate::{
    OpenError, PERSONAL_KEY_FILE,
    database::{Database, Failure, Given, Shared},
    jobs::Scope,
    personal::Personal,
};

/// The name of the file in the data folder.
pub const FILE: &str = "messages.db";

/// Why the messages did not do as asked.
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
    #[error("the messages have too many writes waiting")]
    Busy,
    /// SQLite could not do it.
    #[error("the messages failed: {0}")]
    Database(Arc<str>),
    /// They are closed.
    #[error("the messages are closed")]
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

/// What a webhook told, all of it or none.
#[derive(Clone, Debug, Default)]
pub struct Hearing {
    /// Words about messages.
    pub told: Vec<Told>,
    /// Messages that came in.
    pub inbound: Vec<Inbound>,
}

/// A hearing on its way to the file.
struct Sealed {
    told: Vec<Told>,
    inbound: Vec<(Inbound, Hidden)>,
    now: Timestamp,
}

/// A handle to the messages. Clones share it.
#[derive(Clone)]
pub struct Messages {
    database: Database,
    personal: Personal,
    with: With,
    /// What webhooks told and the next transaction takes, all of it at once: many share one commit.
    hearings: Shared<Sealed, Heard>,
    /// Wakes whoever counts, because there may be something to count.
    to_count: Arc<Notify>,
    /// Wakes whoever waits for what the log tells.
    projected: Arc<Notify>,
}

impl Messages {
    /// Opens the messages of a data folder, makes the file where it is missing, and brings an older
    /// one up to date. The batches of campaigns that are new from here on have this size; `judge`
    /// says whom a failure concerns.
    pub fn open(data_dir: &Path, batch_size: u64, judge: Judge) -> Result<Messages, Error> {
        let personal = Personal::of(data_dir).map_err(|why| Error::Key {
            path: data_dir.join(PERSONAL_KEY_FILE),
            why,
        })?;
        let (database, ()) =
            Database::open(&data_dir.join(FILE), schema::STEPS, |_| Ok::<(), Error>(()))?;
        Ok(Messages {
            database,
            personal,
            with: With { batch_size, judge },
            hearings: Shared::default(),
            to_count: Arc::default(),
            projected: Arc::default(),
        })
    }

    /// Up to where each log is in the file.
    pub async fn kept_through(&self) -> Result<BTreeMap<u32, u64>, Error> {
        self.database
            .read(|connection| {
                let mut rows = connection.prepare("SELECT log, position FROM through")?;
                let rows = rows.query_map([], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// Takes what a log tells, in its order, up to a place in it. What stands at or before the place
    /// that was reached earlier is known already. What webhooks tell meanwhile is written between, so
    /// that they do not wait for all of it. Answers whether the fate of a job that nobody knew is
    /// known with it.
    pub async fn project(
        &self,
        log: u32,
        through: u64,
        changes: impl Into<Arc<[Change]>>,
    ) -> Result<bool, Error> {
        let mut batch = self.batch(log, through, changes.into())?;
        let (mut next, mut settles) = (0, false);
        loop {
            let projected = self.project_from(batch, next).await;
            self.to_count.notify_one();
            self.projected.notify_waiters();
            let (rest, reached, more) = projected?;
            (batch, next, settles) = (rest, reached, settles || more);
            if next == batch.changes.len() {
                return Ok(settles);
            }
        }
    }

    /// Takes changes from one on, and what webhooks told until then. Answers the next change, and
    /// whether anything is settled.
    async fn project_from(&self, batch: Batch, from: usize) -> Result<(Batch, usize, bool), Error> {
        let (hearings, with) = (self.hearings.clone(), self.with);
        let work = move |tx: &Transaction<'_>| {
            let projected = Applying::run(tx, with, |on| {
                let next = on.project(&batch, from, || !hearings.is_empty())?;
                let given = hearings.take(|all| hear_all(on, all))?;
                Ok((next, on.settles, given))
            });
            let (next, settles, given) = projected?;
            Ok::<_, Error>((batch, next, settles, given))
        };
        let then = |(.., given): &(Batch, usize, bool, Given<Heard>)| given.give();
        let (batch, next, settles, _) = self.database.write_then(work, then).await?;
        Ok((batch, next, settles))
    }

    fn batch(&self, log: u32, through: u64, changes: Arc<[Change]>) -> Result<Batch, Error> {
        let hidden = changes.iter().map(|change| match &change.what {
            What::Taken(taken) => Hidden::of_taken(&self.personal, taken).map(Some),
            What::Tried { .. } | What::Moved(_) | What::Due(_) => Ok(None),
        });
        let hidden = hidden.collect::<Result<_, _>>().map_err(unsealed)?;
        Ok(Batch {
            log,
            through,
            changes,
            hidden,
        })
    }

    /// Hears what a webhook tells; answers once it is on disk. What comes at the same time shares
    /// one commit.
    pub async fn hear(&self, hearing: Hearing, now: Timestamp) -> Result<Heard, Error> {
        let sealed = hearing.inbound.into_iter().map(|inbound| {
            let hidden = Hidden::of_inbound(&self.personal, &inbound).map_err(unsealed)?;
            Ok((inbound, hidden))
        });
        let inbound = sealed.collect::<Result<_, Error>>()?;
        let hearing = Sealed {
            told: hearing.told,
            inbound,
            now,
        };
        let with = self.with;
        let work = move |tx: &Transaction<'_>, all: &[Sealed]| {
            Ok::<_, Error>(Applying::run(tx, with, |on| hear_all(on, all))?)
        };
        let heard = self.hearings.write(&self.database, hearing, work).await?;
        self.to_count.notify_one();
        Ok(heard)
    }

    /// The figures of a campaign.
    pub async fn campaign(
        &self,
        tenant: &TenantId,
        campaign: &GroupName,
    ) -> Result<CampaignFigures, Error> {
        let (tenant, campaign) = (tenant.clone(), campaign.clone());
        let read = move |connection: &Connection| {
            Ok::<_, Error>(figures::read(connection, &tenant, &campaign)?)
        };
        self.database.read(read).await
    }

    /// The figures of all campaigns of a scope together.
    pub async fn all_campaigns(
        &self,
        scope: Scope,
    ) -> Result<(VariantFigures, BatchFigures), Error> {
        let read = move |connection: &Connection| {
            let tenant = match &scope {
                Scope::All => None,
                Scope::Tenant(tenant) => Some(tenant.as_str()),
            };
            Ok::<_, Error>(figures::read_all(connection, tenant)?)
        };
        self.database.read(read).await
    }

    /// How often, so far, a provider has restricted all that a sender sends. It never goes down.
    pub async fn restrictions(&self, sender: &AccountName) -> Result<u64, Error> {
        let sender = sender.clone();
        let read = move |connection: &Connection| {
            Ok::<_, Error>(following::restrictions(connection, sender.as_str())?)
        };
        self.database.read(read).await
    }

    /// Forgets the figures of a campaign. Its messages stay until they are pruned.
    pub async fn forget_campaign(
        &self,
        tenant: &TenantId,
        campaign: &GroupName,
    ) -> Result<(), Error> {
        let (tenant, campaign) = (tenant.to_string(), campaign.to_string());
        let work =
            move |tx: &Transaction<'_>| Ok::<_, Error>(figures::forget(tx, &tenant, &campaign)?);
        self.database.write(work).await
    }

    /// Forgets messages that ended before then, and what was told before then; at most `limit` of
    /// each. The figures of campaigns stay. Answers how many rows went.
    pub async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        let work = move |tx: &Transaction<'_>| Ok::<_, Error>(prune::prune(tx, before, limit)?);
        self.database.write(work).await
    }

    /// Copies everything of a data folder, as of one moment, into another, for its owner alone; where
    /// nothing is kept, nothing. The key of personal data goes with the contacts.
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

/// Hears all of it, and answers for each in order.
fn hear_all(on: &mut Applying<'_>, all: &[Sealed]) -> rusqlite::Result<Vec<Heard>> {
    all.iter().map(|one| hear_one(on, one)).collect()
}

fn hear_one(on: &mut Applying<'_>, one: &Sealed) -> rusqlite::Result<Heard> {
    let mut heard = Heard::default();
    for told in &one.told {
        on.hear(told, one.now, &mut heard)?;
    }
    for (inbound, hidden) in &one.inbound {
        on.hear_inbound(inbound, hidden, one.now, &mut heard)?;
    }
    Ok(heard)
}

fn unsealed(why: std::io::Error) -> Error {
    Error::Database(why.to_string().into())
}

#[cfg(test)]
mod tests;
