//! Sums are made anew from the events that are kept.
//!
//! Only days are made anew whose events are all kept; of older ones the sums stay as they are.

use std::collections::BTreeMap;

use cauce_flow::time::Timestamp;
use cauce_observe::analytics::{Conversation, Effect, Person, measure::Effects};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Analytics, Error, Settings,
    prune::PRUNED_BEFORE,
    stories::{Rules, Story, events_of, told, unpack},
    sums::{Changes, DAY, Grain, MINUTE_MS},
    take::effects_alone,
    tracked::{COLUMNS, Written},
};

/// Changes that are held in memory at most.
const MAX_CHANGES: usize = 200_000;

/// What was made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events that were counted.
    pub events: u64,
    /// Sums from here on are new; none where all of them are.
    pub from: Option<Timestamp>,
    /// Whether any sum is another than before.
    pub changed: bool,
}

impl Analytics {
    /// Makes the sums anew from the events. `progress` is told how many of how many are counted.
    pub async fn rebuild(
        &self,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<Rebuilt, Error> {
        let settings = *self.settings.read();
        let work = move |tx: &Transaction<'_>| Ok::<_, Error>(rebuild(tx, &settings, &progress)?);
        self.database.write(work).await
    }
}

fn rebuild(
    tx: &Transaction<'_>,
    settings: &Settings,
    progress: &dyn Fn(u64, u64),
) -> rusqlite::Result<Rebuilt> {
    let from = first_whole(tx, settings)?;
    let before = digest(tx)?;
    tx.execute(
        "DELETE FROM sums WHERE start >= ?1",
        [from.unwrap_or(i64::MIN)],
    )?;
    let mut making = Making {
        tx,
        from_ms: from.map_or(i64::MIN, |minute| minute * MINUTE_MS),
        rules: settings.rules(),
        changes: Changes::default(),
    };
    let events = making.events(progress)?;
    making.stories::<Conversation>()?;
    making.stories::<Person>()?;
    making.flush()?;
    // Of before the first whole day minutes and quarter-hours go on to be pruned by themselves.
    prune_minutes(tx, settings)?;
    Ok(Rebuilt {
        events,
        from: from.map(|minute| Timestamp::from_millis(minute * MINUTE_MS)),
        changed: digest(tx)? != before,
    })
}

/// The first minute of the first day whose events are all kept, as far as they can have an effect
/// in it; none where none was ever pruned.
fn first_whole(tx: &Transaction<'_>, settings: &Settings) -> rusqlite::Result<Option<i64>> {
    let pruned: Option<i64> = tx
        .query_row(
            "SELECT value FROM facts WHERE name = ?1",
            [PRUNED_BEFORE],
            |row| row.get(0),
        )
        .optional()?;
    let idle = i64::try_from(settings.conversation_idle.as_millis()).unwrap_or(0);
    Ok(pruned.map(|pruned| {
        let minute = (pruned + idle).div_euclid(MINUTE_MS) + 2 * 15;
        (minute + DAY - 1).div_euclid(DAY) * DAY
    }))
}

/// Minutes are kept for less long than events.
fn prune_minutes(tx: &Transaction<'_>, settings: &Settings) -> rusqlite::Result<()> {
    let newest: Option<i64> = tx.query_row("SELECT max(at) FROM events", [], |row| row.get(0))?;
    let Some(newest) = newest else { return Ok(()) };
    let kept = i64::try_from(settings.events_kept.as_millis()).unwrap_or(0);
    tx.execute(
        "DELETE FROM sums WHERE grain = ?1 AND start < ?2",
        params![Grain::Minute as i64, (newest - kept).div_euclid(MINUTE_MS)],
    )
    .map(drop)
}

/// All sums of days, to tell whether any has changed.
fn digest(connection: &Connection) -> rusqlite::Result<BTreeMap<(i64, i64, i64), i64>> {
    let mut rows = connection
        .prepare("SELECT series, start, part, sum FROM sums WHERE grain = ?1 AND sum <> 0")?;
    rows.query_map([Grain::Day as i64], |row| {
        Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
    })?
    .collect()
}

struct Making<'a> {
    tx: &'a Transaction<'a>,
    from_ms: i64,
    rules: Rules,
    changes: Changes,
}

impl Making<'_> {
    /// Counts each event by itself.
    fn events(&mut self, progress: &dyn Fn(u64, u64)) -> rusqlite::Result<u64> {
        let count: i64 = self
            .tx
            .query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
        let sql = format!("SELECT {COLUMNS} FROM events ORDER BY id");
        let mut all = self.tx.prepare(&sql)?;
        let mut rows = all.query([])?;
        let mut done = 0;
        while let Some(row) = rows.next()? {
            let written = Written::read(row)?;
            self.add(written.tenant, &effects_alone(&written).0)?;
            done += 1;
            progress(done, count.cast_unsigned());
        }
        Ok(done)
    }

    /// Tells each story that has events from its base.
    fn stories<S: Story>(&mut self) -> rusqlite::Result<()> {
        let mut all = self
            .tx
            .prepare(&format!("SELECT id, tenant, base FROM {}", S::TABLE))?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let (id, tenant): (i64, i64) = (row.get(0)?, row.get(1)?);
            let base: Option<Vec<u8>> = row.get(2)?;
            let base = base.map_or_else(S::default, |bytes| S::from_numbers(&unpack(&bytes)));
            let events = events_of::<S>(self.tx, id)?;
            let mut effects = Effects::default();
            told(base, &events, self.rules, &mut effects);
            self.add(tenant, &effects.0)?;
        }
        Ok(())
    }

    fn add(&mut self, tenant: i64, effects: &[Effect]) -> rusqlite::Result<()> {
        let is_new = |effect: &&Effect| effect.at >= self.from_ms;
        let new: Vec<Effect> = effects.iter().filter(is_new).copied().collect();
        self.changes.add(tenant, &new, 1);
        match self.changes.len() >= MAX_CHANGES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        std::mem::take(&mut self.changes).write(self.tx)
    }
}
