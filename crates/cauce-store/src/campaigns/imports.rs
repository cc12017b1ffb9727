//! Imports: what became of each, and the rows that it did not take.
//!
//! Rows that were not taken hold personal data as they came, so they are encrypted, and forgotten
//! after [`KEPT`].

use std::time::Duration;

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction};
use serde_json::Value;

use super::{Campaigns, Error, numbers, tenants};
use crate::seal;

/// How long an import and the rows that it did not take are kept.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Rows come in.
    Running,
    /// All rows were looked at.
    Done,
    /// It was cut off before its last row. What had been taken until then stays.
    Interrupted,
    /// It could not be read or taken from some row on. What had been taken until then stays.
    Failed,
}

impl State {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done => "done",
            State::Interrupted => "interrupted",
            State::Failed => "failed",
        }
    }
}

/// An import.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its number, for paging.
    pub number: u64,
    /// Its id.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What there is to tell of it, as whoever carries it out has written it down.
    pub told: Value,
}

impl Campaigns {
    /// Begins an import.
    pub async fn begin_import(
        &self,
        tenant: &TenantId,
        told: Value,
        now: Timestamp,
    ) -> Result<Import, Error> {
        let tenant = tenant.clone();
        let id = data_encoding::BASE32_NOPAD.encode(&seal::random::<10>()?);
        let id = format!("imp_{}", id.to_ascii_lowercase());
        let work = move |tx: &Transaction<'_>| -> Result<Import, Error> {
            let tenant = tenants::number(tx, &tenant)?;
            tx.execute(
                "INSERT INTO imports (tenant, id, state, created_at, told)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                (
                    tenant,
                    &id,
                    State::Running.as_str(),
                    now.as_millis(),
                    told.to_string(),
                ),
            )?;
            Ok(Import {
                number: numbers::of(tx.last_insert_rowid()),
                id,
                state: State::Running,
                created_at: now,
                ended_at: None,
                told,
            })
        };
        self.database.write(work).await
    }

    /// Keeps a piece of the file of rows that were not taken.
    pub async fn keep_rejected(
        &self,
        import: &Import,
        piece: u32,
        text: &[u8],
    ) -> Result<(), Error> {
        let sealed = self.personal.seal(&place(&import.id, piece), text)?;
        let number = numbers::to(import.number);
        let work = move |tx: &Transaction<'_>| -> Result<(), Error> {
            tx.execute(
                "INSERT INTO rejected (import, piece, sealed) VALUES (?1, ?2, ?3)",
                (number, piece, sealed),
            )?;
            Ok(())
        };
        self.database.write(work).await
    }

    /// Notes how far an import is.
    pub async fn tell_import(&self, import: &Import, told: Value) -> Result<(), Error> {
        let number = import.number;
        let work =
            move |tx: &Transaction<'_>| -> Result<(), Error> { Ok(tell(tx, number, &told)?) };
        self.database.write(work).await
    }

    /// Notes how an import has ended.
    pub async fn end_import(
        &self,
        import: &Import,
        state: State,
        told: Value,
        now: Timestamp,
    ) -> Result<Import, Error> {
        let mut import = import.clone();
        let work = move |tx: &Transaction<'_>| -> Result<Import, Error> {
            tx.execute(
                "UPDATE imports SET state = ?2, ended_at = ?3, told = ?4 WHERE import = ?1",
                (
                    numbers::to(import.number),
                    state.as_str(),
                    now.as_millis(),
                    told.to_string(),
                ),
            )?;
            (import.state, import.ended_at, import.told) = (state, Some(now), told);
            Ok(import)
        };
        self.database.write(work).await
    }

    /// One import.
    pub async fn import(&self, tenant: &TenantId, id: &str) -> Result<Option<Import>, Error> {
        let (tenant, id) = (tenant.clone(), id.to_owned());
        let work = move |connection: &Connection| -> Result<Option<Import>, Error> {
            let found = connection
                .prepare_cached(&format!("SELECT {COLUMNS} {OF_TENANT} AND i.id = ?2"))?
                .query_row((tenant.as_str(), id), read);
            Ok(found.optional()?)
        };
        self.database.read(work).await
    }

    /// The imports before one, newest first.
    pub async fn imports(
        &self,
        tenant: &TenantId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Import>, Error> {
        let tenant = tenant.clone();
        let before = before.map_or(i64::MAX, numbers::to);
        let work = move |connection: &Connection| -> Result<Vec<Import>, Error> {
            let mut list = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} {OF_TENANT} AND i.import < ?2 ORDER BY i.import DESC LIMIT ?3"
            ))?;
            let list =
                list.query_map((tenant.as_str(), before, numbers::to(limit as u64)), read)?;
            Ok(list.collect::<rusqlite::Result<_>>()?)
        };
        self.database.read(work).await
    }

    /// A piece of the file of rows that an import did not take; none past its end.
    pub async fn rejected(&self, import: &Import, piece: u32) -> Result<Option<Vec<u8>>, Error> {
        let number = numbers::to(import.number);
        let place = place(&import.id, piece);
        let work = move |connection: &Connection| -> Result<Option<Vec<u8>>, Error> {
            let sealed = connection
                .prepare_cached("SELECT sealed FROM rejected WHERE import = ?1 AND piece = ?2")?
                .query_row((number, piece), |row| row.get(0));
            Ok(sealed.optional()?)
        };
        let sealed: Option<Vec<u8>> = self.database.read(work).await?;
        let opened = sealed.map(|sealed| self.personal.open(&place, &sealed));
        opened.map(|text| text.ok_or(Error::Sealed)).transpose()
    }
}

const COLUMNS: &str = "i.import, i.id, i.state, i.created_at, i.ended_at, i.told";
const OF_TENANT: &str = "FROM tenants t JOIN imports i ON i.tenant = t.tenant WHERE t.name = ?1";

fn read(row: &Row<'_>) -> rusqlite::Result<Import> {
    let state: String = row.get(2)?;
    let ended_at: Option<i64> = row.get(4)?;
    let told: String = row.get(5)?;
    let known = [State::Running, State::Done, State::Failed].into_iter();
    Ok(Import {
        number: numbers::of(row.get(0)?),
        id: row.get(1)?,
        state: known
            .into_iter()
            .find(|known| known.as_str() == state)
            .unwrap_or(State::Interrupted),
        created_at: Timestamp::from_millis(row.get(3)?),
        ended_at: ended_at.map(Timestamp::from_millis),
        told: serde_json::from_str(&told).unwrap_or_default(),
    })
}

/// What is sealed for one place of one file can be read for no other.
fn place(import: &str, piece: u32) -> Vec<u8> {
    format!("rejected\0{import}\0{piece}").into_bytes()
}

/// Notes how far an import is.
pub(super) fn tell(tx: &Transaction<'_>, import: u64, told: &Value) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE imports SET told = ?2 WHERE import = ?1",
        (numbers::to(import), told.to_string()),
    )
    .map(drop)
}

/// Marks what was running when the process ended: when that was is not known, so that it is over by
/// the time of the start that finds it.
pub(super) fn mark_interrupted(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "UPDATE imports SET state = ?2, ended_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
             WHERE state = ?1",
            (State::Running.as_str(), State::Interrupted.as_str()),
        )
        .map(drop)
}

/// Forgets imports past [`KEPT`].
pub(super) fn prune(tx: &Transaction<'_>, now: Timestamp) -> Result<u64, Error> {
    let before = (now - KEPT).as_millis();
    tx.execute(
        "DELETE FROM rejected WHERE import IN
         (SELECT import FROM imports WHERE created_at < ?1 AND state <> 'running')",
        [before],
    )?;
    let gone = tx.execute(
        "DELETE FROM imports WHERE created_at < ?1 AND state <> 'running'",
        [before],
    )?;
    Ok(gone as u64)
}
