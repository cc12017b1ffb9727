//! Numbers that have something to do at some time: due, too old, out of the history.
//!
//! What is near stands in exact order. What is further away stands in buckets of ten seconds, and is
//! put in order when its bucket begins. Numbers come to a bucket nearly in order, so each is kept as
//! its distance from the one before: three bytes or so. A bucket is made of parts of some thousands
//! of numbers, which are put in order one at a time, so that a million that come due at once hold up
//! nobody: those of one part come before those of the next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cauce_log::codec::{Decoder, Encode, Malformed};

const GRAIN_MS: i64 = 10_000;

#[derive(Default)]
pub(super) struct Timers {
    near: BTreeSet<(i64, u64)>,
    /// By the start of the bucket over the grain.
    far: BTreeMap<i64, VecDeque<Bucket>>,
    /// Buckets up to this one have begun.
    begun: i64,
}

/// Numbers in one part of a bucket.
const MAX_PART: usize = 4_096;

/// Some of the numbers that wake within one grain.
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
        if bucket <= self.begun && !self.far.contains_key(&bucket) {
            self.near.insert((at_ms, number));
            return;
        }
        let offset = at_ms.rem_euclid(GRAIN_MS) as u64;
        let parts = self.far.entry(bucket).or_default();
        if parts.back().is_none_or(|part| part.count >= MAX_PART) {
            parts.push_back(Bucket::default());
        }
        if let Some(part) = parts.back_mut() {
            part.push(offset, number);
        }
    }

    /// Takes a number whose time has come, the earliest of those that are in order. Puts one more
    /// part in order for it at most, so there may be others although there is none:
    /// [`is_behind`](Timers::is_behind) says so.
    pub(super) fn pop(&mut self, now_ms: i64) -> Option<u64> {
        self.begun = self.begun.max(now_ms.div_euclid(GRAIN_MS));
        if self.near.first().is_none_or(|(at_ms, _)| *at_ms > now_ms) {
            self.begin_part();
        }
        let (at_ms, number) = self.near.first().copied()?;
        if at_ms > now_ms {
            return None;
        }
        self.near.pop_first();
        Some(number)
    }

    /// Whether some of what may wake by now is not in order yet.
    pub(super) fn is_behind(&self) -> bool {
        let first = self.far.keys().next();
        first.is_some_and(|bucket| *bucket <= self.begun)
    }

    /// Puts one more part of the buckets that have begun in order; none where all of them are.
    fn begin_part(&mut self) -> Option<()> {
        let mut first = self
            .far
            .first_entry()
            .filter(|first| *first.key() <= self.begun)?;
        let base = first.key() * GRAIN_MS;
        let part = first.get_mut().pop_front();
        if first.get().is_empty() {
            first.remove();
        }
        let at = |(offset, number)| (base + offset as i64, number);
        self.near.extend(part?.numbers().map(at));
        Some(())
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
        let parts = self.far.values().flatten();
        let far = parts.map(|part| part.coded.capacity() + size_of::<Bucket>());
        let far = far.sum::<usize>() + self.far.len() * 2 * size_of::<(i64, VecDeque<Bucket>)>();
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

    #[test]
    fn a_crowd_of_one_instant_is_put_in_order_in_parts() {
        let mut timers = Timers::default();
        (1..=20_000).for_each(|number| timers.set(95_003, number));
        assert_eq!(timers.pop(95_002), None);
        assert!(timers.near.len() == MAX_PART && timers.is_behind());
        assert_eq!(timers.next_ms(), Some(90_000), "there is more to look at");
        timers.set(95_001, 20_001);
        let mut woken: Vec<u64> = std::iter::from_fn(|| timers.pop(95_003)).collect();
        let first: Vec<u64> = (1..=MAX_PART as u64).collect();
        assert_eq!(woken[..MAX_PART], first);
        woken.sort_unstable();
        assert_eq!(woken, (1..=20_001).collect::<Vec<_>>());
        assert_eq!((timers.pop(i64::MAX / 2), timers.next_ms()), (None, None));
        assert!(!timers.is_behind());
    }
}
