//! What has been kept for long enough goes: events, and sums after them.
//!
//! The story of a conversation or of a person is told up to the events that go, and kept as their
//! base: so late events can still be put in their place among those that stay.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use cauce_flow::time::Timestamp;
use cauce_observe::analytics::{Conversation, Measure, Person, measure::Effects};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Analytics, Error, Settings,
    facts::{Gone, GoneBefore},
    packs::{At, Pack},
    rules::Rules,
    stories::{Story, in_order, pack, told, unpack},
    sums::{ALL_OTHERS, DAY, EVERY_SERIES, Grain, MINUTE_MS, change_pack, series_of},
    tracked::{COLUMNS, Written},
};

/// Rows of sums that go at once.
const SUMS_AT_ONCE: i64 = 5_000;
/// Conversations, and people, that are looked at in one go; the next go takes those after them,
/// round and round.
const STORIES_AT_ONCE: i64 = 1_000;
const ONE_DAY: Duration = Duration::from_secs(86_400);
/// Sums stay for so much longer than they can be asked for: nothing that is asked for goes while
/// the answer is on its way.
const LONGER: Duration = Duration::from_secs(2 * 86_400);

/// From which conversation and person on the next go looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places {
    conversation: i64,
    person: i64,
}

impl Settings {
    /// Events before this go. A conversion can still be owed to a campaign that reached the person
    /// a window before it.
    fn prunes_before(&self, now: Timestamp) -> i64 {
        let margin = self.attribution_window + self.conversation_idle;
        (now - self.events_kept - margin).as_millis()
    }

    /// Whole days of UTC.
    fn sums_go_before(&self, now: Timestamp, kept: Duration) -> i64 {
        let day_ms = DAY * MINUTE_MS;
        (now - kept - LONGER).as_millis().div_euclid(day_ms) * day_ms
    }
}

impl Analytics {
    /// Figures can be told from here on: before it, sums are not kept any more.
    pub fn sums_from(&self, now: Timestamp) -> Timestamp {
        let kept = now - self.settings.read().sums_kept - ONE_DAY;
        kept.max(Timestamp::from_millis(self.gone.lock().sums))
    }

    /// The same of figures by the minute.
    pub fn minutes_from(&self, now: Timestamp) -> Timestamp {
        let kept = now - self.settings.read().events_kept;
        kept.max(Timestamp::from_millis(self.gone.lock().minutes))
    }

    /// Events that were not counted, because they came when what they depend on was not kept any
    /// more. Since the start.
    pub fn too_late(&self) -> u64 {
        self.too_late.load(Ordering::Relaxed)
    }

    /// Forgets what has been kept for long enough, at most so many events in one go, and people of
    /// whom nothing was heard for as long as sums are kept. Answers whether there may be more.
    pub async fn prune(&self, now: Timestamp, limit: u32) -> Result<bool, Error> {
        self.fold().await?;
        let settings = self.settings.read().clone();
        let (rules, places) = (self.rules.read().clone(), *self.places.lock());
        let work = move |tx: &Transaction<'_>| {
            let mut pruning = Pruning {
                tx,
                settings: &settings,
                rules: &rules,
                now,
                places,
            };
            let gone = prune_events(tx, settings.prunes_before(now), &rules, limit)?;
            let has_more = pruning.sums()? || gone >= limit as usize;
            pruning.conversations()?;
            pruning.people()?;
            Ok::<_, Error>((has_more, pruning.places, GoneBefore::read(tx)?))
        };
        let (has_more, next, gone) = self.database.write(work).await?;
        *self.places.lock() = next;
        *self.gone.lock() = gone;
        Ok(has_more)
    }
}

fn prune_events(
    tx: &Transaction<'_>,
    before: i64,
    rules: &Rules,
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
        forget_conversations(tx, [id - 1, id], |conversation| {
            conversation.is_forgettable(before, rules.idle)
        })?;
    }
    Gone::Events.note(tx, before)?;
    Ok(going.len())
}

/// Tells the base of a story on over the events that go.
fn keep_base<'a, S: Story>(
    tx: &Transaction<'_>,
    id: i64,
    going: impl Iterator<Item = &'a Written>,
    rules: &Rules,
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

/// Forgets conversations of which no event is kept, if they may be.
fn forget_conversations(
    tx: &Transaction<'_>,
    [from, through]: [i64; 2],
    may_be: impl Fn(&Conversation) -> bool,
) -> rusqlite::Result<()> {
    let mut silent = tx.prepare_cached(
        "SELECT id, tip FROM conversations WHERE id > ?1 AND id <= ?2 AND NOT EXISTS
             (SELECT 1 FROM events WHERE conversation = conversations.id AND conversation > 0)",
    )?;
    let mut rows = silent.query([from, through])?;
    while let Some(row) = rows.next()? {
        let tip: Vec<u8> = row.get(1)?;
        if may_be(&Conversation::of_numbers(&unpack(&tip))) {
            let id: i64 = row.get(0)?;
            tx.prepare_cached("DELETE FROM conversations WHERE id = ?1")?
                .execute([id])?;
            tx.prepare_cached("DELETE FROM named_before WHERE conversation = ?1")?
                .execute([id])?;
        }
    }
    Ok(())
}

/// One go.
struct Pruning<'a> {
    tx: &'a Transaction<'a>,
    settings: &'a Settings,
    rules: &'a Rules,
    now: Timestamp,
    places: Places,
}

impl Pruning<'_> {
    /// Takes old sums; answers whether there may be more of them.
    fn sums(&self) -> rusqlite::Result<bool> {
        let settings = self.settings;
        let minutes = settings.sums_go_before(self.now, settings.events_kept);
        let sums = settings.sums_go_before(self.now, settings.sums_kept);
        keep_open(self.tx, sums)?;
        let mut gone = 0;
        for (grain, before) in [
            (Grain::Minute, minutes),
            (Grain::Quarter, sums),
            (Grain::Day, sums),
            (Grain::QuarterOfClasses, sums),
            (Grain::DayOfClasses, sums),
        ] {
            gone += prune_grain(self.tx, grain, before)?;
        }
        Gone::Minutes.note(self.tx, minutes)?;
        Gone::Sums.note(self.tx, sums)?;
        Ok(gone >= SUMS_AT_ONCE as usize)
    }

    /// Forgets those of the next conversations that are over, also where somebody has waited for an
    /// answer for as long as sums are kept.
    fn conversations(&mut self) -> rusqlite::Result<()> {
        let from = self.places.conversation;
        let Some(through) = last_of(self.tx, "conversations", from, STORIES_AT_ONCE)? else {
            self.places.conversation = 0;
            return Ok(());
        };
        let gone = self.settings.prunes_before(self.now);
        let long_ago = (self.now - self.settings.sums_kept).as_millis();
        forget_conversations(self.tx, [from, through], |conversation| {
            let is_old = conversation.last().is_none_or(|last| last.at < long_ago);
            is_old || conversation.is_forgettable(gone, self.rules.idle)
        })?;
        self.places.conversation = through;
        Ok(())
    }

    /// Forgets those of the next people of whom nothing was heard for long: no event and no
    /// conversation is kept, and the funnel has not seen them.
    fn people(&mut self) -> rusqlite::Result<()> {
        let from = self.places.person;
        let Some(through) = last_of(self.tx, "people", from, STORIES_AT_ONCE)? else {
            self.places.person = 0;
            return Ok(());
        };
        let before = (self.now - self.settings.sums_kept).as_millis();
        let mut silent = self.tx.prepare_cached(
            "SELECT id, tip FROM people WHERE id > ?1 AND id <= ?2
                 AND NOT EXISTS (SELECT 1 FROM events WHERE person = people.id AND person > 0)
                 AND NOT EXISTS
                     (SELECT 1 FROM conversations WHERE person = people.id AND person > 0)",
        )?;
        let mut rows = silent.query([from, through])?;
        while let Some(row) = rows.next()? {
            let tip: Vec<u8> = row.get(1)?;
            let last = Person::of_numbers(&unpack(&tip)).last();
            if last.is_none_or(|last| last.at < before) {
                self.tx
                    .prepare_cached("DELETE FROM people WHERE id = ?1")?
                    .execute([row.get::<_, i64>(0)?])?;
            }
        }
        self.places.person = through;
        Ok(())
    }
}

/// The last of the next so many rows of a table; none where there are none.
fn last_of(
    connection: &Connection,
    table: &str,
    from: i64,
    count: i64,
) -> rusqlite::Result<Option<i64>> {
    let sql =
        format!("SELECT max(id) FROM (SELECT id FROM {table} WHERE id > ?1 ORDER BY id LIMIT ?2)");
    let last = connection
        .prepare_cached(&sql)?
        .query_row([from, count], |row| row.get::<_, Option<i64>>(0));
    Ok(last.optional()?.flatten())
}

/// How many conversations were open is told from all that ever began and ended: the days of those
/// that go are kept together, in the first block of days.
fn keep_open(tx: &Transaction<'_>, before: i64) -> rusqlite::Result<()> {
    let going = Grain::Day.block(before.div_euclid(MINUTE_MS));
    let mut packs = tx.prepare_cached(
        "SELECT place, packed FROM sums JOIN series ON series.id = place & ?3
         WHERE place >= ?1 AND place < ?2 AND measure = ?4 AND campaign = 0",
    )?;
    let [from, to] = Grain::Day.places(1, going);
    let packs = packs.query_map([from, to, EVERY_SERIES, ALL_OTHERS], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let going: Vec<(i64, Vec<u8>)> = packs.collect::<rusqlite::Result<_>>()?;
    for (place, packed) in going {
        let kept = Pack::of(&packed).filter(|(at, _)| {
            [Measure::Started, Measure::Ended]
                .map(Measure::code)
                .contains(&at.measure)
        });
        let mut open: BTreeMap<At, i64> = BTreeMap::new();
        for (at, sum) in kept {
            *open.entry(At { start: 0, ..at }).or_default() += sum;
        }
        let first = Grain::Day.place(0, series_of(place));
        change_pack(tx, first, open.into_iter())?;
        tx.prepare_cached("DELETE FROM sums WHERE place = ?1")?
            .execute([place])?;
    }
    Ok(())
}

/// Whole blocks go, so some of what stands in them stays a little longer.
fn prune_grain(tx: &Transaction<'_>, grain: Grain, before: i64) -> rusqlite::Result<usize> {
    let [from, to] = grain.places(1, grain.block(before.div_euclid(MINUTE_MS)));
    tx.prepare_cached(
        "DELETE FROM sums WHERE place IN (
             SELECT place FROM sums WHERE place >= ?1 AND place < ?2 LIMIT ?3)",
    )?
    .execute([from, to, SUMS_AT_ONCE])
}
