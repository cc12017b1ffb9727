//! The newest ids, in memory.
//!
//! They are gathered in one table. When it is full or old enough it is *sealed*: it changes no more,
//! goes on answering, and is handed out to be written as a run. When the run can answer in its
//! place, it is released. So sealing costs a commit nothing, and sorting is done by whoever writes.
//!
//! A table has a bounded size, which bounds what its growth can cost at once (some ten
//! milliseconds), and keeps its room when it is used again. A full one takes 38 bytes an id.

use std::{collections::VecDeque, mem, sync::Arc, time::Duration};

use super::super::digest::DigestMap;
use crate::time::Timestamp;

/// How ids are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// For how long an id is known.
    pub window: Duration,
    /// Ids after which a table is sealed. Best a power of two less one eighth, where a table is full.
    pub max_table: usize,
    /// How long after its first id a table is sealed.
    pub max_age: Duration,
    /// Most ids in all tables.
    pub max_ids: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            window: Duration::from_secs(24 * 60 * 60),
            max_table: 7 << 16,
            max_age: Duration::from_secs(60 * 60),
            max_ids: 4 * (7 << 16),
        }
    }
}

/// A remembered id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The keyed digest of the id and its tenant.
    pub digest: u128,
    /// The keyed fingerprint of the visitor.
    pub visitor_print: u64,
    /// When it was received.
    pub received_at: Timestamp,
}

/// Whether an id was received before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was, within the window.
    Known,
    /// It was not, and is remembered from here on.
    New,
}

/// What stands beside a digest in a table. Together they are 32 bytes.
#[derive(Clone, Copy, Debug)]
struct Mark {
    visitor_print: u64,
    received_at: Timestamp,
}

type Table = DigestMap<u128, Mark>;

/// A table that changes no more, on its way to a run.
#[derive(Clone, Debug)]
pub struct Sealed {
    number: u64,
    table: Arc<Table>,
}

/// The newest ids.
#[derive(Clone, Debug)]
pub struct Recent {
    config: Config,
    table: Table,
    /// When the oldest id of `table` was received.
    since: Option<Timestamp>,
    /// Sealed and not released, oldest first.
    sealed: VecDeque<Sealed>,
    /// How many of all that were sealed have been handed out.
    handed_out: u64,
    next_number: u64,
    /// A table that was released, to be used again.
    spare: Table,
}

impl Sealed {
    /// Tells it from others of the same [`Recent`]. The first is 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Its ids, sorted by digest. Takes tens of milliseconds when there are many: not for a thread
    /// that others wait for.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.table.iter().map(entry).collect();
        entries.sort_unstable_by_key(|entry| entry.digest);
        entries
    }
}

impl Recent {
    /// One that knows nothing.
    pub fn new(config: Config) -> Recent {
        assert!(config.max_table > 0, "a table holds at least one id");
        Recent {
            config,
            table: Table::default(),
            since: None,
            sealed: VecDeque::new(),
            handed_out: 0,
            next_number: 0,
            spare: Table::default(),
        }
    }

    /// Whether an id is remembered here, and was received within the window. Says nothing of runs.
    pub fn knows(&self, digest: u128, now: Timestamp) -> bool {
        let fresh = |mark: &Mark| now < mark.received_at + self.config.window;
        self.table.get(&digest).is_some_and(fresh)
            || self
                .sealed
                .iter()
                .rev()
                .any(|sealed| sealed.table.get(&digest).is_some_and(fresh))
    }

    /// Remembers an id as received now, unless it is known here.
    pub fn insert(&mut self, digest: u128, visitor_print: u64, now: Timestamp) -> Seen {
        if self.knows(digest, now) {
            return Seen::Known;
        }
        self.seal_if_due(now);
        let received_at = now;
        self.table.insert(
            digest,
            Mark {
                visitor_print,
                received_at,
            },
        );
        self.since = Some(self.since.map_or(now, |since| since.min(now)));
        Seen::New
    }

    /// How many more ids may be inserted. Whoever inserts more has tables that nobody released, and
    /// takes memory without bound.
    pub fn room(&self) -> usize {
        self.config.max_ids.saturating_sub(self.len())
    }

    /// How many ids are remembered here.
    pub fn len(&self) -> usize {
        let sealed: usize = self.sealed.iter().map(|sealed| sealed.table.len()).sum();
        self.table.len() + sealed
    }

    /// Whether no id is remembered here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the table that is being filled is due to be sealed by its age.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.since.map(|since| since + self.config.max_age)
    }

    /// Seals the table if it is old enough.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.poll_timeout().is_some_and(|due| now >= due) {
            self.seal();
        }
    }

    /// Seals what there is, whatever its size and age.
    pub fn seal(&mut self) {
        self.since = None;
        if self.table.is_empty() {
            return;
        }
        let full = mem::replace(&mut self.table, mem::take(&mut self.spare));
        self.sealed.push_back(Sealed {
            number: self.next_number,
            table: Arc::new(full),
        });
        self.next_number += 1;
    }

    /// The next sealed table that shall become a run. Each is handed out once, in order.
    pub fn poll_sealed(&mut self) -> Option<Sealed> {
        let next = self
            .sealed
            .iter()
            .find(|sealed| sealed.number >= self.handed_out)?;
        self.handed_out = next.number + 1;
        Some(next.clone())
    }

    /// The run of a sealed table answers in its place.
    pub fn release(&mut self, sealed: Sealed) {
        self.sealed.retain(|kept| kept.number != sealed.number);
        if let Ok(mut table) = Arc::try_unwrap(sealed.table) {
            table.clear();
            self.spare = table;
        }
    }

    /// Forgets the ids of a visitor; answers how many. A [`Sealed`] that was handed out before keeps
    /// them: its run has to be cleared too.
    pub fn forget(&mut self, visitor_print: u64) -> u64 {
        let before = self.len();
        let stays = |mark: &Mark| mark.visitor_print != visitor_print;
        self.table.retain(|_, mark| stays(mark));
        for sealed in &mut self.sealed {
            if !sealed.table.values().all(stays) {
                Arc::make_mut(&mut sealed.table).retain(|_, mark| stays(mark));
            }
        }
        (before - self.len()) as u64
    }

    fn seal_if_due(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        if self.table.len() >= self.config.max_table {
            self.seal();
        }
    }
}

fn entry((digest, mark): (&u128, &Mark)) -> Entry {
    Entry {
        digest: *digest,
        visitor_print: mark.visitor_print,
        received_at: mark.received_at,
    }
}

#[cfg(test)]
mod tests;
