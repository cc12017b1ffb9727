//! Durations counted by class, so that quantiles can be read from sums that are added and
//! subtracted.
//!
//! A class is a range of durations that is at most 1/64 as wide as what is in it: the first 64
//! milliseconds each have one, and every doubling after that has 64 of them (the layout of
//! HdrHistogram with a bucket of 64). A quantile is answered with the middle of its class, so it is off by less than
//! [`ERROR`] of itself, however many are added up.

use std::collections::BTreeMap;

/// Classes of every doubling, as a power of two.
const BITS: u32 = 6;

/// How far a quantile may be off, as a share of itself.
pub const ERROR: f64 = 1.0 / (1 << (BITS + 1)) as f64;

/// The class of a duration. What is below zero counts as zero.
pub fn class(ms: i64) -> u32 {
    let ms = u64::try_from(ms).unwrap_or(0);
    if ms < 1 << BITS {
        return ms as u32;
    }
    let doubling = ms.ilog2() - BITS;
    ((doubling + 1) << BITS) + ((ms >> doubling) as u32 - (1 << BITS))
}

/// The smallest duration of a class, and how many durations it holds.
fn range(class: u32) -> (u64, u64) {
    if class < 1 << BITS {
        return (class.into(), 1);
    }
    let doubling = (class >> BITS) - 1;
    let first = u64::from((class & ((1 << BITS) - 1)) + (1 << BITS));
    (first << doubling, 1 << doubling)
}

/// How many durations there are of each class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    counts: BTreeMap<u32, u64>,
}

impl Spread {
    /// Adds durations of a class.
    pub fn add(&mut self, class: u32, count: i64) {
        if let Ok(count @ 1..) = u64::try_from(count) {
            *self.counts.entry(class).or_default() += count;
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The duration that this share of all is not longer than, in milliseconds: off by at most
    /// [`ERROR`] of itself. None where there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let count = self.count();
        let wanted = ((share * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut passed = 0;
        for (class, count) in &self.counts {
            passed += count;
            if passed >= wanted {
                let (first, width) = range(*class);
                return Some(first as f64 + (width - 1) as f64 / 2.0);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn classes_follow_each_other_without_a_gap() {
        let mut next = 0;
        for class in 0..2_000 {
            let (first, width) = range(class);
            assert_eq!(first, next, "{class}");
            assert_eq!(super::class(first as i64), class);
            assert_eq!(super::class((first + width - 1) as i64), class);
            next = first + width;
        }
        assert_eq!(super::class(-5), 0);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Spread::default().quantile(0.5), None);
        let mut of_none = Spread::default();
        of_none.add(3, 0);
        of_none.add(4, -1);
        assert_eq!(of_none.count(), 0);
    }

    proptest! {
        #[test]
        fn quantiles_are_as_near_as_promised(
            mut all in proptest::collection::vec(0i64..40_000_000_000, 1..300),
            share in 0.0f64..=1.0,
        ) {
            let mut spread = Spread::default();
            for ms in &all {
                spread.add(class(*ms), 1);
            }
            all.sort_unstable();
            let at = ((share * all.len() as f64).ceil() as usize).clamp(1, all.len());
            let exact = all[at - 1] as f64;
            let found = spread.quantile(share).unwrap();
            prop_assert!((found - exact).abs() <= ERROR * exact, "{found} for {exact}");
        }
    }
}
