//! The most frequent values, with a bound on how many are kept and on what that costs.
//!
//! While it is counted, a ranking is Misra and Gries' summary ("Finding repeated elements", 1982):
//! where there are too many different values, all counts are lowered by one amount and those that
//! reach zero are dropped. A count is then too small by at most the sum of those amounts, and so is
//! that of a value that is not there. What is written are the largest counts; where others are left
//! out, the largest of those bounds what an absent value can have. With at most [`MAX_KEPT`]
//! different values in a stretch of time, all of it is exact.

use std::collections::HashMap;

use crate::{
    coding::{Bytes, put_bytes, put_number},
    texts::Texts,
};

/// Most different values that are told apart while a stretch is counted.
const MAX_COUNTED: usize = 8_192;
/// Most values of a stretch that are written.
pub(crate) const MAX_KEPT: usize = 1_000;

/// Counts values, known by their places.
#[derive(Default)]
pub(super) struct Counts {
    counts: HashMap<u32, u64>,
    /// By how much a count may be too small.
    error: u64,
}

impl Counts {
    pub(super) fn add(&mut self, place: u32, count: u64) {
        *self.counts.entry(place).or_default() += count;
        if self.counts.len() > 2 * MAX_COUNTED {
            self.prune();
        }
    }

    /// Takes in those of a shorter stretch.
    pub(super) fn absorb(&mut self, other: &Counts) {
        self.error += other.error;
        for (place, count) in &other.counts {
            *self.counts.entry(*place).or_default() += count;
        }
        if self.counts.len() > 2 * MAX_COUNTED {
            self.prune();
        }
    }

    /// Keeps no more than [`MAX_COUNTED`].
    pub(super) fn prune(&mut self) {
        if self.counts.len() <= MAX_COUNTED {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let (_, lowered, _) = counts.select_nth_unstable_by(MAX_COUNTED, |a, b| b.cmp(a));
        let lowered = *lowered;
        self.error += lowered;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(lowered);
            *count > 0
        });
    }

    /// Moves to the places that the values have in another collection.
    pub(super) fn translate(&mut self, from: &Texts, to: &mut Texts) {
        let moved = self.counts.drain().collect::<Vec<_>>();
        let moved = moved
            .into_iter()
            .map(|(place, count)| (to.place(from.get(place)), count));
        self.counts = moved.collect();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.error == 0
    }

    pub(super) fn write(&self, texts: &Texts, out: &mut Vec<u8>) {
        let mut values: Vec<(&[u8], u64)> = self
            .counts
            .iter()
            .map(|(place, count)| (texts.get(*place), *count))
            .collect();
        values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let left_out = values.get(MAX_KEPT).map_or(0, |(_, count)| *count);
        values.truncate(MAX_KEPT);
        values.sort_unstable();
        put_number(self.error, out);
        put_number(self.error + left_out, out);
        put_number(values.len() as u64, out);
        let mut before: &[u8] = &[];
        for (value, count) in values {
            let same = before.iter().zip(value).take_while(|(a, b)| a == b).count();
            put_number(same as u64, out);
            put_bytes(&value[same..], out);
            put_number(count, out);
            before = value;
        }
    }
}

/// A written ranking.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ranking {
    /// By how much a count may be too small.
    pub(crate) error: u64,
    /// Most that an absent value can have.
    pub(crate) absent: u64,
    /// The values, and how many events had them, at least.
    pub(crate) values: Vec<(Vec<u8>, u64)>,
}

impl Ranking {
    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Option<Ranking> {
        let (error, absent) = (bytes.number()?, bytes.number()?);
        let mut values: Vec<(Vec<u8>, u64)> = Vec::new();
        for _ in 0..bytes.count()? {
            let same = usize::try_from(bytes.number()?).ok()?;
            let before = values.last().map_or(&[][..], |(value, _)| value);
            let mut value = before.get(..same)?.to_vec();
            value.extend_from_slice(bytes.bytes()?);
            values.push((value, bytes.number()?));
        }
        Some(Ranking {
            error,
            absent,
            values,
        })
    }
}
