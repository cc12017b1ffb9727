//! Adds up equal events within a minute.
//!
//! ```text
//! 10:00:05 CLICK a --> First
//! 10:00:30 CLICK a --> MergeInto the first    (25 s after it: its count becomes 2)
//! 10:01:05 CLICK a --> First                  (60 s after it: a row of its own)
//! ```
//!
//! What makes events equal is up to the caller, who makes one digest of it. The minute is one of
//! event time and reaches to either side, because events come in any order. It is counted from the
//! first event, so that an event that never stops comes to one row a minute.
//!
//! Firsts are remembered for a while of receive time and up to a number, and then forgotten, oldest
//! first. Forgetting too early costs a row, never a count.

mod ring;

use std::time::Duration;

use self::ring::Ring;
use super::digest::DigestMap;
use crate::{event::EventId, time::Timestamp};

/// How far around the first event an equal one is added to it.
pub const WINDOW: Duration = Duration::from_secs(60);

/// How events are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Whether they are.
    pub enabled: bool,
    /// How long after it came a first event is remembered.
    pub horizon: Duration,
    /// Most first events that are remembered. Each takes 83 to 103 bytes.
    pub max_firsts: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            enabled: true,
            horizon: Duration::from_secs(120),
            max_firsts: 1_000_000,
        }
    }
}

/// An event on its way into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// A keyed digest of everything in which equal events are equal.
    pub key: u128,
    /// Its identity.
    pub id: EventId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// A keyed fingerprint of its visitor, by which it can be forgotten.
    pub visitor_print: u64,
    /// The caller's own note of where it will be stored.
    pub token: u64,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the first of its kind and gets a row.
    First,
    /// It is added to the count of an earlier one.
    MergeInto {
        /// The identity of the first.
        id: EventId,
        /// When the first happened.
        occurred_at: Timestamp,
        /// What the caller noted of the first.
        token: u64,
    },
}

/// Knows the first events of the last minutes.
#[derive(Clone, Debug)]
pub struct Aggregator {
    config: Config,
    /// By the low half of the key, the number of the newest first. Two keys that agree in it push
    /// each other out, which costs a row.
    newest: DigestMap<u64, u32>,
    ring: Ring,
    crowded_out: u64,
}

impl Aggregator {
    /// One that knows nothing.
    pub fn new(config: Config) -> Aggregator {
        Aggregator {
            config,
            newest: DigestMap::default(),
            ring: Ring::default(),
            crowded_out: 0,
        }
    }

    /// Decides on an event, and remembers it if it is a first one.
    pub fn on_event(&mut self, event: Candidate, now: Timestamp) -> Verdict {
        if !self.config.enabled {
            return Verdict::First;
        }
        self.handle_timeout(now);
        if let Some(first) = self.first_of(&event) {
            return Verdict::MergeInto {
                id: first.id,
                occurred_at: first.occurred_at,
                token: first.token,
            };
        }
        self.remember(event, now);
        Verdict::First
    }

    /// Takes an event as a first one without asking, as it was decided before a restart.
    pub fn remember(&mut self, first: Candidate, now: Timestamp) {
        if !self.config.enabled || self.config.max_firsts == 0 {
            return;
        }
        while self.ring.len() >= self.config.max_firsts {
            self.crowded_out += u64::from(self.drop_oldest());
        }
        let number = self.ring.push(first, now);
        self.newest.insert(first.key as u64, number);
    }

    /// Forgets the firsts that have been remembered long enough.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some(received) = self.ring.oldest()
            && now >= received + self.config.horizon
        {
            self.drop_oldest();
        }
    }

    /// Forgets everything of a visitor; answers how many firsts that were.
    pub fn forget(&mut self, visitor_print: u64) -> u64 {
        let mut forgotten = 0;
        let theirs = |first: &Candidate| first.visitor_print == visitor_print;
        self.ring.blank(theirs, |number, first| {
            unname(&mut self.newest, first.key, number);
            forgotten += 1;
        });
        forgotten
    }

    /// How many firsts take up room, those counted that a newer one of the same key has replaced.
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many firsts were forgotten early because there were too many.
    pub fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    fn first_of(&self, event: &Candidate) -> Option<&Candidate> {
        let number = *self.newest.get(&(event.key as u64))?;
        let first = self.ring.get(number);
        let (a, b) = (first.occurred_at, event.occurred_at);
        let apart = a.since(b).max(b.since(a));
        (first.key == event.key && apart < WINDOW).then_some(first)
    }

    /// Answers whether an event could still have been added to it.
    fn drop_oldest(&mut self) -> bool {
        let oldest = self.ring.pop();
        oldest.is_some_and(|(number, first)| unname(&mut self.newest, first.key, number))
    }
}

/// Forgets that `number` is the newest of its key; answers whether it was.
fn unname(newest: &mut DigestMap<u64, u32>, key: u128, number: u32) -> bool {
    let named = newest.get(&(key as u64)) == Some(&number);
    if named {
        newest.remove(&(key as u64));
    }
    named
}

#[cfg(test)]
mod tests;
