//! When requests of a line started, for as long as a quota may ask for it.
//!
//! What is older is kept less exactly: two starts that are less than 1/256 of their age apart
//! become one, at the time of the later. A quota that reads them admits a little less than it might
//! (under 1 % of a window) and never more; and a day of a thousand requests a second takes some
//! thousands of pairs.

use std::collections::VecDeque;

/// How long request starts are remembered: the longest window that a quota can have.
const KEPT_MS: i64 = 24 * 3_600_000;
/// Starts closer together than their age over this become one.
const EXACTNESS: i64 = 256;
/// So many pairs are kept as they came.
const MIN_PAIRS: usize = 4_096;

/// Request starts, oldest first, with how many started then.
#[derive(Default)]
pub(in super::super) struct Starts {
    pairs: VecDeque<(i64, u32)>,
    /// How many pairs there may be before old ones are made less exact.
    max_pairs: usize,
}

impl Starts {
    pub(in super::super) fn add(&mut self, at: i64, requests: u32) {
        if requests == 0 {
            return;
        }
        match self.pairs.back_mut() {
            // Time in records never goes back by much; a start that seems earlier counts as later.
            Some((last, count)) if *last >= at => *count = count.saturating_add(requests),
            Some(_) | None => self.pairs.push_back((at, requests)),
        }
        let old = |pair: Option<&(i64, u32)>| pair.is_some_and(|(start, _)| *start < at - KEPT_MS);
        while old(self.pairs.front()) {
            self.pairs.pop_front();
        }
        if self.pairs.len() > self.max_pairs.max(MIN_PAIRS) {
            self.thin_out(at);
            self.max_pairs = 2 * self.pairs.len();
        }
    }

    fn thin_out(&mut self, now: i64) {
        let mut kept: VecDeque<(i64, u32)> = VecDeque::with_capacity(self.pairs.len());
        let mut group_from = i64::MIN;
        for (at, requests) in self.pairs.drain(..) {
            let grain = (now - at) / EXACTNESS;
            match kept.back_mut() {
                Some(last) if at - group_from <= grain => {
                    *last = (at, last.1.saturating_add(requests));
                }
                Some(_) | None => {
                    kept.push_back((at, requests));
                    group_from = at;
                }
            }
        }
        self.pairs = kept;
    }

    pub(in super::super) fn iter(&self) -> impl Iterator<Item = (i64, u32)> {
        self.pairs.iter().copied()
    }

    pub(in super::super) fn len(&self) -> usize {
        self.pairs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_day_takes_few_pairs_and_no_window_forgets_a_request() {
        let mut starts = Starts::default();
        let (mut all, end) = (Vec::new(), 6 * 3_600_000);
        for at in (0..=end).step_by(7) {
            starts.add(at, 1);
            all.push(at);
        }
        assert!(starts.len() < 10_000, "{} pairs", starts.len());
        for window in [1_000, 60_000, 3_600_000, 5 * 3_600_000] {
            let exact = all.iter().filter(|at| **at > end - window).count() as u32;
            let recent = starts.iter().filter(|(at, _)| *at > end - window);
            let told: u32 = recent.map(|(_, requests)| requests).sum();
            assert!(told >= exact, "{told} of {exact} in {window} ms");
            assert!(
                told <= exact + exact / 100 + 1,
                "{told} of {exact} in {window} ms"
            );
        }
    }
}
