//! Events that are on disk and not counted yet.
//!
//! To count an event changes a dozen pages, some of them anywhere in a file that may be large. Who
//! tracks an event waits for none of them: it is on disk as soon as it stands in this small file, and is
//! counted soon after, with all that came meanwhile, and before anybody is told a figure.
//!
//! ```text
//! track --> analytics-staged.db --fold, in order--> analytics.db <-- look
//!                 ^                                      |
//!                 +---- those up to there go <--settle---+ through
//! ```
//!
//! `analytics.db` says up to which event it was folded, in the transaction that counts them, and what is
//! on disk there goes here. So after a crash each event is in the figures once, wherever it stood then.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_observe::analytics::What;
use parking_lot::Mutex;
use rusqlite::{Connection, Row, Transaction, params, types::Type};
use tokio::sync::{MutexGuard, Notify};

use super::{
    Error, FILE, facts,
    take::is_known,
    tracked::{Hidden, columns, what},
};
use crate::database::{self, Database, Shared};

/// The name of the file in the data folder.
pub(super) const STAGED_FILE: &str = "analytics-staged.db";

/// The facts of `analytics.db` that tell up to which event it was folded, and up to which that is on
/// disk.
const THROUGH: &str = "staged_through";
const SETTLED: &str = "staged_settled";

/// The steps that lead from one version of the file to the next.
const STEPS: &[&str] = &["
    CREATE TABLE staged (
        id INTEGER PRIMARY KEY,
        tenant TEXT NOT NULL,
        key BLOB,
        at INTEGER NOT NULL,
        person BLOB,
        conversation BLOB,
        campaign TEXT,
        variant TEXT,
        label TEXT,
        channel TEXT,
        kind INTEGER NOT NULL,
        detail INTEGER NOT NULL,
        amount INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX staged_by_key ON staged (key) WHERE key IS NOT NULL;
"];

/// A handle to the staged events. Clones share it.
#[derive(Clone)]
pub(super) struct Staged {
    database: Database,
    /// A look at what is counted, for repeats. Only the thread that writes uses it.
    counted: Arc<Mutex<Connection>>,
    /// What was handed in and the next transaction takes, all of it at once: many share one commit.
    events: Shared<Vec<Hidden>, Vec<bool>>,
    /// The number of the next event. It never goes back: `analytics.db` remembers one of them.
    next: Arc<AtomicI64>,
    /// Events up to this one are counted.
    through: Arc<AtomicI64>,
    /// Events up to this one are gone.
    gone: Arc<AtomicI64>,
    /// Held by whoever counts.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Wakes whoever counts.
    arrived: Arc<Notify>,
}

/// What is too old to be counted, and how much of it came.
#[derive(Clone)]
pub(super) struct TooLate {
    pub(super) before_ms: i64,
    pub(super) count: Arc<AtomicU64>,
}

impl Staged {
    /// Opens the file of a data folder, beside `analytics.db`, which was folded up to `through`.
    pub(super) fn open(data_dir: &Path, through: i64) -> Result<Staged, Error> {
        let newest = |connection: &mut Connection| {
            // Whoever is erased is nowhere in it once their events are counted.
            connection.pragma_update(None, "secure_delete", "ON")?;
            let newest = connection.query_row("SELECT max(id) FROM staged", [], |row| row.get(0));
            Ok::<Option<i64>, Error>(newest?)
        };
        let path = data_dir.join(STAGED_FILE);
        let (database, newest) = Database::open(&path, STEPS, newest)?;
        let staged = Staged {
            database,
            counted: Arc::new(Mutex::new(database::reader(&data_dir.join(FILE))?)),
            events: Shared::default(),
            next: Arc::new(AtomicI64::new(newest.unwrap_or(0).max(through) + 1)),
            through: Arc::new(AtomicI64::new(through)),
            gone: Arc::default(),
            turn: Arc::default(),
            arrived: Arc::default(),
        };
        if staged.newest() > through {
            staged.arrived.notify_one();
        }
        Ok(staged)
    }

    /// Stages events; answers for each, in order, whether it is new, once all are on disk. What comes
    /// at the same time shares one commit.
    pub(super) async fn stage(
        &self,
        events: Vec<Hidden>,
        too_late: TooLate,
    ) -> Result<Vec<bool>, Error> {
        let (counted, next) = (Arc::clone(&self.counted), Arc::clone(&self.next));
        let work = move |tx: &Transaction<'_>, all: &[Vec<Hidden>]| {
            let counted = counted.lock();
            let looking = counted.unchecked_transaction()?;
            let staging = Staging {
                tx,
                counted: &looking,
                next: &next,
                too_late: &too_late,
            };
            let each = all.iter().map(|events| {
                let taken = events.iter().map(|event| staging.take(event));
                taken.collect()
            });
            let taken = each.collect::<rusqlite::Result<Vec<Vec<bool>>>>()?;
            looking.finish()?;
            Ok::<_, Error>(taken)
        };
        let taken = self.events.write(&self.database, events, work).await?;
        self.arrived.notify_one();
        Ok(taken)
    }

    /// Wakes whoever counts, because there may be something to count.
    pub(super) fn arrived(&self) -> Arc<Notify> {
        Arc::clone(&self.arrived)
    }

    /// The turn to count.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The next events to count, at most so many, with their numbers.
    pub(super) async fn to_count(&self, limit: u32) -> Result<Vec<(i64, Hidden)>, Error> {
        let through = self.through();
        let read = move |connection: &Connection| {
            let mut rows = connection.prepare_cached(
                "SELECT id, tenant, key, at, person, conversation, campaign, variant, label, channel,
                     kind, detail, amount
                 FROM staged WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = rows.query_map(params![through, limit], read)?;
            Ok::<_, Error>(rows.collect::<rusqlite::Result<_>>()?)
        };
        self.database.read(read).await
    }

    /// Events up to this one are counted, and stay here as long as that may be undone by a loss of power.
    pub(super) fn counted(&self, through: i64) {
        self.through.fetch_max(through, Ordering::AcqRel);
    }

    /// Whether there are events that are counted and not gone.
    pub(super) fn is_unsettled(&self) -> bool {
        self.gone.load(Ordering::Acquire) < self.through()
    }

    /// What was counted up to this event is on disk: they go.
    pub(super) async fn settled(&self, through: i64) -> Result<(), Error> {
        let work = move |tx: &Transaction<'_>| {
            tx.prepare_cached("DELETE FROM staged WHERE id <= ?1")?
                .execute([through])?;
            Ok::<_, Error>(())
        };
        self.database.write(work).await?;
        self.gone.fetch_max(through, Ordering::AcqRel);
        Ok(())
    }

    /// The newest event; it may be on its way to the disk.
    pub(super) fn newest(&self) -> i64 {
        self.next.load(Ordering::Acquire) - 1
    }

    /// Events up to this one are counted.
    pub(super) fn through(&self) -> i64 {
        self.through.load(Ordering::Acquire)
    }

    /// Copies the file of a data folder, if it has one.
    pub(super) async fn copy(data_dir: &Path, to: &Path) -> Result<(), Error> {
        let from = data_dir.join(STAGED_FILE);
        match from.exists() {
            true => Database::copy(&from, &to.join(STAGED_FILE)).await,
            false => Ok(()),
        }
    }

    /// Leaves nothing in the log of the file.
    pub(super) async fn empty_log(&self) -> Result<(), Error> {
        Ok(self.database.empty_log().await?)
    }

    pub(super) async fn close(&self) {
        self.database.close().await;
    }
}

/// Up to which event `analytics.db` was folded.
pub(super) fn folded_through(connection: &Connection) -> rusqlite::Result<i64> {
    Ok(facts::find(connection, THROUGH)?.unwrap_or(0))
}

/// Notes in `analytics.db` that it was folded up to this event.
pub(super) fn note_folded(connection: &Connection, through: i64) -> rusqlite::Result<()> {
    note(connection, THROUGH, through)
}

/// Notes in `analytics.db` that this is on disk. A transaction that changes nothing waits for no disk:
/// so it is a fact of its own, which is another each time.
pub(super) fn note_settled(connection: &Connection, through: i64) -> rusqlite::Result<()> {
    note(connection, SETTLED, through)
}

fn note(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO facts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
        )?
        .execute(params![name, value])
        .map(drop)
}

/// One transaction that stages events.
struct Staging<'a> {
    tx: &'a Transaction<'a>,
    counted: &'a Connection,
    next: &'a AtomicI64,
    too_late: &'a TooLate,
}

impl Staging<'_> {
    /// Stages an event; answers whether it is new. What is counted meanwhile stays here until this
    /// transaction has ended, so that a repeat is found in one place or the other.
    fn take(&self, event: &Hidden) -> rusqlite::Result<bool> {
        if event.at.as_millis() < self.too_late.before_ms {
            self.too_late.count.fetch_add(1, Ordering::Relaxed);
            return Ok(false);
        }
        if let Some(key) = &event.key
            && is_known(self.counted, key)?
        {
            return Ok(false);
        }
        let number = self.next.load(Ordering::Acquire);
        let is_new = self.insert(number, event)?;
        if is_new {
            self.next.store(number + 1, Ordering::Release);
        }
        Ok(is_new)
    }

    fn insert(&self, number: i64, event: &Hidden) -> rusqlite::Result<bool> {
        let (kind, detail, amount) = columns(event.what);
        let inserted = self
            .tx
            .prepare_cached(
                "INSERT INTO staged VALUES
                     (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING",
            )?
            .execute(params![
                number,
                event.tenant.as_str(),
                event.key,
                event.at.as_millis(),
                event.person,
                event.conversation,
                event.campaign,
                event.variant,
                event.label,
                event.channel,
                kind,
                detail,
                amount,
            ])?;
        Ok(inserted > 0)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Hidden)> {
    let tenant: String = row.get(1)?;
    let tenant = TenantId::new(&tenant).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(1, Type::Text, Box::new(error))
    })?;
    let (kind, detail): (i64, i64) = (row.get(10)?, row.get(11)?);
    let event = Hidden {
        tenant,
        key: row.get(2)?,
        at: Timestamp::from_millis(row.get(3)?),
        person: row.get(4)?,
        conversation: row.get(5)?,
        campaign: row.get(6)?,
        variant: row.get(7)?,
        label: row.get(8)?,
        channel: row.get(9)?,
        // Only events of ours are written.
        what: what(kind, detail, row.get(12)?).unwrap_or(What::Read),
    };
    Ok((row.get(0)?, event))
}
