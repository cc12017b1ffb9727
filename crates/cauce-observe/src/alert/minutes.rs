//! Sums over the last minutes.

use std::{collections::BTreeMap, time::Duration};

use cauce_flow::time::Timestamp;

const MINUTE_MS: i64 = 60_000;

/// Sums of `N` figures, minute by minute. A stretch of time is rounded up to whole minutes, and the
/// one that is under way comes on top: what has happened within the stretch is never left out, and
/// what has happened up to a minute before it may count too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minutes<const N: usize> {
    by_minute: BTreeMap<i64, [u64; N]>,
}

impl<const N: usize> Default for Minutes<N> {
    fn default() -> Self {
        Minutes {
            by_minute: BTreeMap::new(),
        }
    }
}

impl<const N: usize> Minutes<N> {
    /// Adds what has just happened.
    pub fn add(&mut self, figures: [u64; N], at: Timestamp) {
        let sums = self.by_minute.entry(minute(at)).or_insert([0; N]);
        for (sum, more) in sums.iter_mut().zip(figures) {
            *sum += more;
        }
    }

    /// Says what has happened in a minute, in place of what was said before.
    pub fn set(&mut self, figures: [u64; N], at: Timestamp) {
        self.by_minute.insert(minute(at), figures);
    }

    /// What has happened within a stretch of time up to now.
    pub fn sum(&self, within: Duration, now: Timestamp) -> [u64; N] {
        let mut sums = [0; N];
        let from = first_of(within, now);
        for figures in self.by_minute.range(from..).map(|(_, figures)| figures) {
            for (sum, more) in sums.iter_mut().zip(figures) {
                *sum += more;
            }
        }
        sums
    }

    /// Forgets what is older than a stretch of time.
    pub fn forget(&mut self, within: Duration, now: Timestamp) {
        let from = first_of(within, now);
        self.by_minute.retain(|minute, _| *minute >= from);
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.by_minute.is_empty()
    }
}

fn minute(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(MINUTE_MS)
}

fn first_of(within: Duration, now: Timestamp) -> i64 {
    let minutes = within.as_secs().div_ceil(60).max(1);
    minute(now).saturating_sub(i64::try_from(minutes).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn sum_is_that_of_the_last_minutes() {
        let mut minutes = Minutes::<2>::default();
        minutes.add([1, 10], at(10));
        minutes.add([1, 10], at(59));
        minutes.add([1, 10], at(60));
        let sum =
            |minutes: &Minutes<2>, within, now| minutes.sum(Duration::from_secs(within), at(now));
        assert_eq!(sum(&minutes, 120, 61), [3, 30]);
        assert_eq!(sum(&minutes, 60, 121), [1, 10]);
        assert_eq!(sum(&minutes, 1, 121), [1, 10]);
        assert_eq!(sum(&minutes, 120, 240), [0, 0]);
        minutes.set([7, 7], at(61));
        assert_eq!(sum(&minutes, 120, 61), [9, 27]);
        minutes.forget(Duration::from_secs(60), at(121));
        assert_eq!(sum(&minutes, 3_600, 121), [7, 7]);
        minutes.forget(Duration::from_secs(60), at(600));
        assert!(minutes.is_empty());
    }

    #[test]
    fn nothing_of_the_stretch_is_left_out_wherever_in_a_minute_it_ends() {
        let mut minutes = Minutes::<1>::default();
        minutes.add([7], at(110));
        for within in [60, 90, 120] {
            for later in 0..=within {
                let sum = minutes.sum(Duration::from_secs(within), at(110 + later));
                assert_eq!(sum, [7], "{later} s later, within {within} s");
            }
        }
    }
}
