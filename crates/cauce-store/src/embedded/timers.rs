//! Numbers that have something to do at some time: due, too old, out of the history.
//!
//! What is near stands in exact order. What is further away stands in buckets of ten seconds, at 8
//! bytes a number, and is put in order when its bucket begins.

use std::collections::{BTreeMap, BTreeSet};

use cauce_flow::id::JobId;

const GRAIN_MS: i64 = 10_000;
const OFFSET_SHIFT: u32 = 46;

#[derive(Default)]
pub(super) struct Timers {
    near: BTreeSet<(i64, u64)>,
    /// Start of the bucket over the grain -> place in the grain (14 bits) and number (46 bits).
    far: BTreeMap<i64, Vec<u64>>,
    /// Buckets up to this one have begun.
    begun: i64,
}

impl Timers {
    /// Wakes `number` at `at_ms`.
    pub(super) fn set(&mut self, at_ms: i64, number: u64) {
        let bucket = at_ms.div_euclid(GRAIN_MS);
        if bucket <= self.begun {
            self.near.insert((at_ms, number));
            return;
        }
        let offset = at_ms.rem_euclid(GRAIN_MS) as u64;
        let packed = (offset << OFFSET_SHIFT) | (number & JobId::MAX_NUMBER);
        self.far.entry(bucket).or_default().push(packed);
    }

    /// Takes the next number whose time has come.
    pub(super) fn pop(&mut self, now_ms: i64) -> Option<u64> {
        self.begin_buckets(now_ms);
        let (at_ms, number) = self.near.first().copied()?;
        if at_ms > now_ms {
            return None;
        }
        self.near.pop_first();
        Some(number)
    }

    fn begin_buckets(&mut self, now_ms: i64) {
        self.begun = self.begun.max(now_ms.div_euclid(GRAIN_MS));
        while let Some(first) = self.far.first_entry() {
            if *first.key() > self.begun {
                return;
            }
            let base = first.key() * GRAIN_MS;
            self.near.extend(first.remove().into_iter().map(|packed| {
                (
                    base + (packed >> OFFSET_SHIFT) as i64,
                    packed & JobId::MAX_NUMBER,
                )
            }));
        }
    }

    /// When there is something to do next.
    pub(super) fn next_ms(&self) -> Option<i64> {
        let near = self.near.first().map(|(at_ms, _)| *at_ms);
        let far = self
            .far
            .keys()
            .next()
            .map(|bucket| bucket.saturating_mul(GRAIN_MS));
        match (near, far) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (one, other) => one.or(other),
        }
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let far: usize = self
            .far
            .values()
            .map(|numbers| numbers.capacity() * 8 + 48)
            .sum();
        far + self.near.len() * 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wake_in_order_of_their_times() {
        let mut timers = Timers::default();
        for (at, number) in [(95_003, 3), (5, 1), (95_001, 2), (20_000, 4), (95_003, 9)] {
            timers.set(at, number);
        }
        assert_eq!(timers.next_ms(), Some(5));
        assert_eq!(timers.pop(4), None);
        assert_eq!(timers.pop(5), Some(1));
        assert_eq!(timers.next_ms(), Some(20_000));
        assert_eq!(timers.pop(95_002), Some(4));
        assert_eq!(timers.pop(95_002), Some(2));
        assert_eq!(timers.pop(95_002), None);
        timers.set(95_002, 5);
        assert_eq!(timers.pop(95_003), Some(5));
        assert_eq!(timers.pop(95_003), Some(3));
        assert_eq!(timers.pop(95_003), Some(9));
        assert_eq!(timers.next_ms(), None);
    }
}
