//! Slots by their moment. Those of one millisecond share an entry.

use std::collections::VecDeque;

use crate::time::Timestamp;

/// Slots by their moment, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    runs: VecDeque<(Timestamp, u32)>,
    total: u32,
}

impl Slots {
    /// How many there are.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// The moments, oldest first, each with its slots.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Timestamp, u32)> {
        self.runs.iter().copied()
    }

    /// Adds slots at `at`: nearly always the newest moment, but a request without an answer settles
    /// behind younger ones.
    pub(super) fn push(&mut self, at: Timestamp, n: u32) {
        if n == 0 {
            return;
        }
        self.total += n;
        match self.runs.back_mut() {
            Some((newest, count)) if *newest == at => *count += n,
            Some((newest, _)) if *newest > at => self.insert(at, n),
            _ => self.runs.push_back((at, n)),
        }
    }

    fn insert(&mut self, at: Timestamp, n: u32) {
        match self.runs.binary_search_by_key(&at, |run| run.0) {
            Ok(place) => self.runs[place].1 += n,
            Err(place) => self.runs.insert(place, (at, n)),
        }
    }

    /// Takes out one slot of that moment; answers whether there was one.
    pub(super) fn take(&mut self, at: Timestamp) -> bool {
        let Ok(place) = self.runs.binary_search_by_key(&at, |run| run.0) else {
            return false;
        };
        let count = &mut self.runs[place].1;
        let found = *count > 0;
        *count -= u32::from(found);
        self.total -= u32::from(found);
        found
    }

    /// Takes out the oldest run if its moment satisfies `gone`.
    pub(super) fn pop_if(&mut self, gone: impl Fn(Timestamp) -> bool) -> Option<(Timestamp, u32)> {
        let (at, n) = *self.runs.front().filter(|run| gone(run.0))?;
        self.runs.pop_front();
        self.total -= n;
        Some((at, n))
    }
}
