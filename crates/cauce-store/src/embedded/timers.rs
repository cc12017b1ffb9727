//! Numbers that have something to do at some time: due, too old, out of the history.
//!
//! What is near stands in exact order. What is further away stands in buckets of ten seconds, and is
//! put in order when its bucket begins. Numbers come to a bucket nearly in order, so each is kept as
//! its distance from the one before: three bytes or so.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Decoder, Encode, Malformed};

const GRAIN_MS: i64 = 10_000;

#[derive(Default)]
pub(super) struct Timers {
    near: BTreeSet<(i64, u64)>,
    /// By the start of the bucket over the grain.
    far: BTreeMap<i64, Bucket>,
    /// Buckets up to this one have begun.
    begun: i64,
}

/// Numbers that wake within one grain.
#[derive(Default)]
struct Bucket {
    /// Distance from the number before, then the time in the grain.
    coded: Vec<u8>,
    count: usize,
    last: u64,
}

impl Bucket {
    fn push(&mut self, offset: u64, number: u64) {
        /// A step that wastes less than doubling does.
        const GROW_BYTES: usize = 4_096;
        if self.coded.capacity() - self.coded.len() < 24 {
            let more = self.coded.len().clamp(24, GROW_BYTES);
            self.coded.reserve_exact(more.max(self.coded.len() / 8));
        }
        self.coded.put_i64(number.wrapping_sub(self.last) as i64);
        self.coded.put_u64(offset);
        self.last = number;
        self.count += 1;
    }

    fn numbers(&self) -> impl Iterator<Item = (u64, u64)> {
        let (mut from, mut last) = (Decoder::new(&self.coded), 0u64);
        let mut next = move || -> Result<(u64, u64), Malformed> {
            last = last.wrapping_add(from.i64()? as u64);
            Ok((from.u64()?, last))
        };
        (0..self.count).map(move |_| next().expect("a bucket reads as it was written"))
    }
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
        self.far.entry(bucket).or_default().push(offset, number);
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
            let bucket = first.remove();
            let at = |(offset, number)| (base + offset as i64, number);
            self.near.extend(bucket.numbers().map(at));
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
        let far = self.far.values().map(|bucket| bucket.coded.capacity());
        let far = far.sum::<usize>() + self.far.len() * 2 * size_of::<(i64, Bucket)>();
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
