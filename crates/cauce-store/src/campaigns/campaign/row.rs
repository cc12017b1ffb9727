//! Campaigns, to and from their rows.

use std::str::FromStr;

use cauce_flow::{
    campaign::{failing::Outcomes, state::State},
    reason::Reason,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, types::Type};

use super::{Campaign, Refused};
use crate::{
    campaigns::{numbers, tagging},
    jobs::Scope,
};

/// The columns of a campaign.
pub(super) const COLUMNS: &str = "row, id, tenant, sender, name, state, plan, tags, list, \
    scheduled_at, created_at, updated_at, started_at, ended_at, job, last_row, estimate, \
    note_code, note, forgiven_sent, forgiven_failed, forgiven_barred, \
    forgiven_restricted";

/// A campaign from a row of [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Campaign> {
    let at = |place| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row
            .get::<_, Option<i64>>(place)?
            .map(Timestamp::from_millis))
    };
    let count = |place| -> rusqlite::Result<u64> { Ok(numbers::of(row.get(place)?)) };
    let state: String = row.get(5)?;
    let note: Option<String> = row.get(17)?;
    let note = match note {
        Some(code) => Some(Reason::new(code, row.get::<_, String>(18)?)),
        None => None,
    };
    Ok(Campaign {
        row: count(0)?,
        id: named(row, 1)?,
        tenant: named(row, 2)?,
        sender: named(row, 3)?,
        name: row.get(4)?,
        state: State::named(&state).ok_or_else(|| unreadable(5, "no state of a campaign"))?,
        plan: row.get(6)?,
        tags: tagging::of_text(row.get_ref(7)?.as_str().unwrap_or_default()),
        list: row.get::<_, Option<i64>>(8)?.map(numbers::of),
        scheduled_at: at(9)?,
        created_at: Timestamp::from_millis(row.get(10)?),
        updated_at: Timestamp::from_millis(row.get(11)?),
        started_at: at(12)?,
        ended_at: at(13)?,
        job: row.get(14)?,
        last_row: count(15)?,
        estimate: count(16)?,
        note,
        forgiven: Outcomes {
            sent: count(19)?,
            failed: count(20)?,
            barred: count(21)?,
            restricted: count(22)?,
        },
    })
}

fn named<T: FromStr>(row: &Row<'_>, place: usize) -> rusqlite::Result<T> {
    let text: String = row.get(place)?;
    text.parse().map_err(|_| unreadable(place, "not a name"))
}

fn unreadable(place: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(place, Type::Text, what.into())
}

/// One campaign of a scope.
pub(super) fn find(
    connection: &Connection,
    scope: &Scope,
    id: &str,
) -> rusqlite::Result<Option<Campaign>> {
    let found = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM campaigns WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?;
    Ok(found.filter(|campaign| scope.covers(&campaign.tenant)))
}

/// One campaign of a scope that has to be there.
pub(super) fn known(tx: &Transaction<'_>, scope: &Scope, id: &str) -> Result<Campaign, Refused> {
    find(tx, scope, id)?.ok_or(Refused::Unknown)
}

/// Writes what may have changed of a campaign.
pub(super) fn write(tx: &Transaction<'_>, campaign: &Campaign) -> rusqlite::Result<()> {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
    let note = campaign.note.as_ref();
    tx.prepare_cached(
        "UPDATE campaigns SET sender = ?2, name = ?3, state = ?4, plan = ?5, tags = ?6, list = ?7,
            scheduled_at = ?8, updated_at = ?9, started_at = ?10, ended_at = ?11, job = ?12,
            last_row = ?13, estimate = ?14, note_code = ?15, note = ?16, forgiven_sent = ?17,
            forgiven_failed = ?18, forgiven_barred = ?19,
            forgiven_restricted = ?20
         WHERE row = ?1",
    )?
    .execute(rusqlite::params![
        numbers::to(campaign.row),
        campaign.sender.as_str(),
        campaign.name,
        campaign.state.as_str(),
        campaign.plan,
        tagging::to_text(&campaign.tags),
        campaign.list.map(numbers::to),
        millis(campaign.scheduled_at),
        campaign.updated_at.as_millis(),
        millis(campaign.started_at),
        millis(campaign.ended_at),
        campaign.job,
        numbers::to(campaign.last_row),
        numbers::to(campaign.estimate),
        note.map(|note| note.code.as_str()),
        note.map(|note| note.detail.as_str()),
        numbers::to(campaign.forgiven.sent),
        numbers::to(campaign.forgiven.failed),
        numbers::to(campaign.forgiven.barred),
        numbers::to(campaign.forgiven.restricted),
    ])
    .map(drop)
}
