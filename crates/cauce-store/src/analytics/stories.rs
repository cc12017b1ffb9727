//! Conversations and people whose events have changed: their stories are told on where the new
//! events are the newest, and anew where they are not.
//!
//! A story that is told anew begins at its base, once with the events that were there before and once with
//! those that are there afterwards; sums change by the difference.

use std::collections::BTreeMap;

use cauce_observe::analytics::{Conversation, Event, Order, Person, measure::Effects};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    aside::step_aside,
    packed::{put_signed, take_signed},
    rules::Rules,
    sums::Changes,
    tracked::{COLUMNS, Written},
};

/// A story that is told by folding events in their order.
pub(super) trait Story: Clone + Default {
    /// Its table, and the column of events that names it.
    const TABLE: &'static str;
    const COLUMN: &'static str;

    fn fold_in(&mut self, event: &Event, rules: &Rules, to: &mut Effects);
    /// What it foresees where it stands (`by` is 1), or that taken back (-1).
    fn foresee(&self, rules: &Rules, by: i64, to: &mut Effects);
    fn newest(&self) -> Option<Order>;
    fn to_numbers(&self) -> Vec<i64>;
    fn from_numbers(numbers: &[i64]) -> Self;
}

impl Story for Conversation {
    const TABLE: &'static str = "conversations";
    const COLUMN: &'static str = "conversation";

    fn fold_in(&mut self, event: &Event, rules: &Rules, to: &mut Effects) {
        self.fold(event, rules.pace(), to);
    }
    fn foresee(&self, rules: &Rules, by: i64, to: &mut Effects) {
        Conversation::foresee(self, rules.idle, by, to);
    }
    fn newest(&self) -> Option<Order> {
        self.last()
    }
    fn to_numbers(&self) -> Vec<i64> {
        self.numbers().to_vec()
    }
    fn from_numbers(numbers: &[i64]) -> Conversation {
        Conversation::of_numbers(numbers)
    }
}

impl Story for Person {
    const TABLE: &'static str = "people";
    const COLUMN: &'static str = "person";

    fn fold_in(&mut self, event: &Event, rules: &Rules, to: &mut Effects) {
        self.fold(event, rules.window, to);
    }
    fn foresee(&self, _: &Rules, _: i64, _: &mut Effects) {}
    fn newest(&self) -> Option<Order> {
        self.last()
    }
    fn to_numbers(&self) -> Vec<i64> {
        self.numbers()
    }
    fn from_numbers(numbers: &[i64]) -> Person {
        Person::of_numbers(numbers)
    }
}

/// Events that came and went, by the story that they are of.
#[derive(Default)]
pub(super) struct Touched(BTreeMap<i64, Turn>);

#[derive(Default)]
struct Turn {
    added: Vec<Written>,
    removed: Vec<Written>,
}

impl Touched {
    pub(super) fn add(&mut self, story: i64, event: Written) {
        self.0.entry(story).or_default().added.push(event);
    }

    pub(super) fn remove(&mut self, story: i64, event: Written) {
        let turn = self.0.entry(story).or_default();
        // What came in the same transaction was never part of the story.
        match turn.added.iter().position(|added| added.id == event.id) {
            Some(at) => drop(turn.added.swap_remove(at)),
            None => turn.removed.push(event),
        }
    }

    /// Tells all of them, and adds what changes by it.
    pub(super) fn tell<S: Story>(
        self,
        connection: &Connection,
        rules: &Rules,
        changes: &mut Changes,
    ) -> rusqlite::Result<()> {
        for (id, turn) in self.0 {
            if !turn.added.is_empty() || !turn.removed.is_empty() {
                turn.tell::<S>(id, connection, rules, changes)?;
                step_aside();
            }
        }
        Ok(())
    }
}

impl Turn {
    fn tell<S: Story>(
        mut self,
        id: i64,
        connection: &Connection,
        rules: &Rules,
        changes: &mut Changes,
    ) -> rusqlite::Result<()> {
        let Some(kept) = Kept::<S>::load(connection, id)? else {
            return Ok(());
        };
        self.added.sort_by(in_order);
        let first = self.added.first().map(|added| added.event.order());
        let goes_on = self.removed.is_empty() && first > kept.tip.newest();
        let mut effects = Effects::default();
        let tip = if goes_on {
            told(kept.tip, &self.added, rules, &mut effects)
        } else {
            let after = events_of::<S>(connection, id)?;
            let before = self.before(&after);
            let mut taken_back = Effects::default();
            told(kept.base.clone(), &before, rules, &mut taken_back);
            changes.add(kept.tenant, &taken_back.0, -1);
            told(kept.base, &after, rules, &mut effects)
        };
        changes.add(kept.tenant, &effects.0, 1);
        save(connection, id, &tip)
    }

    /// The events that were there before.
    fn before(self, after: &[Written]) -> Vec<Written> {
        let is_new = |event: &&Written| self.added.iter().any(|added| added.id == event.id);
        let kept = after.iter().filter(|event| !is_new(event)).cloned();
        let mut before: Vec<Written> = kept.chain(self.removed.clone()).collect();
        before.sort_by(in_order);
        before
    }
}

/// A story as it is kept.
struct Kept<S> {
    tenant: i64,
    base: S,
    tip: S,
}

impl<S: Story> Kept<S> {
    fn load(connection: &Connection, id: i64) -> rusqlite::Result<Option<Kept<S>>> {
        let sql = format!("SELECT tenant, base, tip FROM {} WHERE id = ?1", S::TABLE);
        connection
            .prepare_cached(&sql)?
            .query_row([id], |row| {
                let base: Option<Vec<u8>> = row.get(1)?;
                let tip: Vec<u8> = row.get(2)?;
                Ok(Kept {
                    tenant: row.get(0)?,
                    base: base.map_or_else(S::default, |bytes| S::from_numbers(&unpack(&bytes))),
                    tip: S::from_numbers(&unpack(&tip)),
                })
            })
            .optional()
    }
}

/// Tells a story on.
pub(super) fn told<S: Story>(
    mut story: S,
    events: &[Written],
    rules: &Rules,
    to: &mut Effects,
) -> S {
    for written in events {
        story.fold_in(&written.event, rules, to);
    }
    story
}

/// The order of events that does not depend on when they came.
pub(super) fn in_order(one: &Written, two: &Written) -> std::cmp::Ordering {
    let place = |written: &Written| (written.event.order(), written.key.clone(), written.id);
    place(one).cmp(&place(two))
}

/// The kept events of a story, in order.
pub(super) fn events_of<S: Story>(
    connection: &Connection,
    id: i64,
) -> rusqlite::Result<Vec<Written>> {
    let column = S::COLUMN;
    let sql =
        format!("SELECT {COLUMNS} FROM events WHERE {column} = ?1 AND {column} > 0 ORDER BY at");
    let mut rows = connection.prepare_cached(&sql)?;
    let mut events: Vec<Written> = rows
        .query_map([id], Written::read)?
        .collect::<rusqlite::Result<_>>()?;
    events.sort_by(in_order);
    Ok(events)
}

/// Keeps where a story stands after its newest event.
pub(super) fn save<S: Story>(connection: &Connection, id: i64, tip: &S) -> rusqlite::Result<()> {
    let sql = format!("UPDATE {} SET tip = ?2 WHERE id = ?1", S::TABLE);
    connection
        .prepare_cached(&sql)?
        .execute(params![id, pack(&tip.to_numbers())])
        .map(drop)
}

/// Numbers in few bytes.
pub(super) fn pack(numbers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() * 4);
    for number in numbers {
        put_signed(&mut bytes, *number);
    }
    bytes
}

/// Numbers that were packed.
pub(super) fn unpack(mut bytes: &[u8]) -> Vec<i64> {
    std::iter::from_fn(|| take_signed(&mut bytes)).collect()
}
