//! What has been kept for long enough goes: events, and sums after them.
//!
//! The story of a conversation or of a person is told up to the events that go, and kept as their
//! base: so late events can still be put in their place among those that stay.

use std::{collections::BTreeSet, time::Duration};

use cauce_flow::time::Timestamp;
use cauce_observe::analytics::{Conversation, Person, measure::Effects};
use rusqlite::{Connection, Transaction, params};

use super::{
    Analytics, Error, Settings,
    stories::{Rules, Story, events_of, in_order, pack, told, unpack},
    sums::{Grain, MINUTE_MS},
    tracked::{COLUMNS, Written},
};

/// The fact that says before when events are not kept any more.
pub(super) const PRUNED_BEFORE: &str = "pruned_before";
/// Rows of sums that go at once.
const SUMS_AT_ONCE: u32 = 5_000;

impl Settings {
    /// Events before this go. A conversion can still be owed to a campaign that reached the person
    /// a window before it.
    fn prunes_before(&self, now: Timestamp) -> i64 {
        let margin = self.attribution_window + self.conversation_idle;
        (now - self.events_kept - margin).as_millis()
    }
}

impl Analytics {
    /// Forgets what has been kept for long enough, at most so many events in one go. Answers
    /// whether there may be more.
    pub async fn prune(&self, now: Timestamp, limit: u32) -> Result<bool, Error> {
        let settings = *self.settings.read();
        let work = move |tx: &Transaction<'_>| {
            let before = settings.prunes_before(now);
            let gone = prune_events(tx, before, settings.rules(), limit)?;
            let sums = prune_sums(tx, &settings, now)?;
            Ok::<_, Error>(gone >= limit as usize || sums >= SUMS_AT_ONCE as usize)
        };
        self.database.write(work).await
    }

    /// Forgets people of whom nothing was heard for as long as sums are kept.
    pub async fn prune_people(&self, now: Timestamp) -> Result<u64, Error> {
        let kept = self.settings.read().sums_kept;
        let before = (now - kept).as_millis();
        let work = move |tx: &Transaction<'_>| Ok::<_, Error>(prune_people(tx, before)?);
        self.database.write(work).await
    }
}

fn prune_events(
    tx: &Transaction<'_>,
    before: i64,
    rules: Rules,
    limit: u32,
) -> rusqlite::Result<usize> {
    // Events of one moment go together: what stays of it could not be put in its place.
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE at <= (SELECT max(at) FROM
             (SELECT at FROM events WHERE at < ?1 ORDER BY at LIMIT ?2))"
    );
    let mut going: Vec<Written> = tx
        .prepare_cached(&sql)?
        .query_map(params![before, limit], Written::read)?
        .collect::<rusqlite::Result<_>>()?;
    going.sort_by(in_order);
    let of = |story: fn(&Written) -> i64| -> BTreeSet<i64> {
        going.iter().map(story).filter(|id| *id != 0).collect()
    };
    for id in of(|event| event.conversation) {
        let own = going.iter().filter(|event| event.conversation == id);
        keep_base::<Conversation>(tx, id, own, rules)?;
    }
    for id in of(|event| event.person) {
        let own = going.iter().filter(|event| event.person == id);
        keep_base::<Person>(tx, id, own, rules)?;
    }
    for event in &going {
        tx.prepare_cached("DELETE FROM events WHERE id = ?1")?
            .execute([event.id])?;
    }
    for id in of(|event| event.conversation) {
        tx.prepare_cached(
            "DELETE FROM conversations WHERE id = ?1 AND NOT EXISTS
                 (SELECT 1 FROM events WHERE conversation = ?1 AND conversation > 0)",
        )?
        .execute([id])?;
    }
    note(tx, before)?;
    Ok(going.len())
}

/// Tells the base of a story on over the events that go.
fn keep_base<'a, S: Story>(
    tx: &Transaction<'_>,
    id: i64,
    going: impl Iterator<Item = &'a Written>,
    rules: Rules,
) -> rusqlite::Result<()> {
    let table = S::TABLE;
    let base: Option<Vec<u8>> = tx
        .prepare_cached(&format!("SELECT base FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))?;
    let base = base.map_or_else(S::default, |bytes| S::from_numbers(&unpack(&bytes)));
    let going: Vec<Written> = going.cloned().collect();
    // What they add up to is in the sums already.
    let base = told(base, &going, rules, &mut Effects::default());
    tx.prepare_cached(&format!("UPDATE {table} SET base = ?2 WHERE id = ?1"))?
        .execute(params![id, pack(&base.to_numbers())])
        .map(drop)
}

fn note(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO facts VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute(params![PRUNED_BEFORE, before])
        .map(drop)
}

fn prune_sums(
    tx: &Transaction<'_>,
    settings: &Settings,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let grains = [
        (Grain::Minute, settings.events_kept),
        (Grain::Quarter, settings.sums_kept),
        (Grain::Day, settings.sums_kept),
    ];
    let mut gone = 0;
    for (grain, kept) in grains {
        gone += prune_grain(tx, grain, kept, now)?;
    }
    Ok(gone)
}

/// Sums stand by series, so each series is looked at from its oldest.
fn prune_grain(
    tx: &Transaction<'_>,
    grain: Grain,
    kept: Duration,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let before = (now - kept).as_millis().div_euclid(MINUTE_MS);
    let series: Vec<i64> = tx
        .prepare_cached("SELECT id FROM series")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut gone = 0;
    for id in series {
        gone += tx
            .prepare_cached(
                "DELETE FROM sums WHERE (series, grain, start, part) IN (
                     SELECT series, grain, start, part FROM sums
                     WHERE series = ?1 AND grain = ?2 AND start < ?3 LIMIT ?4)",
            )?
            .execute(params![id, grain as i64, before, SUMS_AT_ONCE])?;
        if gone >= SUMS_AT_ONCE as usize {
            break;
        }
    }
    Ok(gone)
}

fn prune_people(tx: &Transaction<'_>, before: i64) -> rusqlite::Result<u64> {
    let mut old = Vec::new();
    let mut people = tx.prepare("SELECT id, tip FROM people")?;
    let mut rows = people.query([])?;
    while let Some(row) = rows.next()? {
        let tip: Vec<u8> = row.get(1)?;
        let last = Person::of_numbers(&unpack(&tip)).last();
        if last.is_some_and(|last| last.at < before) {
            old.push(row.get::<_, i64>(0)?);
        }
    }
    let mut gone = 0;
    for id in old {
        if events_of::<Person>(tx, id)?.is_empty() {
            gone += tx
                .prepare_cached("DELETE FROM people WHERE id = ?1")?
                .execute([id])? as u64;
        }
    }
    Ok(gone)
}
