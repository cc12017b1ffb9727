//! The most frequent values of several rankings.

use std::collections::HashMap;

use crate::{rollup::Ranking, store::Top};

/// The rankings so far.
#[derive(Default)]
pub(super) struct Ranks {
    values: HashMap<Vec<u8>, Rank>,
    /// Most that a value can have which no ranking has.
    absent: u64,
}

#[derive(Default)]
struct Rank {
    count: u64,
    /// How much less its count may be too small than that of an absent value, by the rankings that
    /// have it.
    certain: u64,
}

impl Ranks {
    /// One row.
    pub(super) fn add(&mut self, value: &str, count: u64) {
        match self.values.get_mut(value.as_bytes()) {
            Some(rank) => rank.count += count,
            None => {
                let rank = Rank { count, certain: 0 };
                self.values.insert(value.as_bytes().to_vec(), rank);
            }
        }
    }

    pub(super) fn merge(&mut self, ranking: Ranking) {
        self.absent += ranking.absent;
        for (value, count) in ranking.values {
            let rank = self.values.entry(value).or_default();
            rank.count += count;
            rank.certain += ranking.absent - ranking.error;
        }
    }

    /// The most frequent ones.
    pub(super) fn finish(self, max: usize) -> Vec<Top> {
        let mut values: Vec<(Vec<u8>, Rank)> = self.values.into_iter().collect();
        values.sort_unstable_by(|(a, one), (b, other)| other.count.cmp(&one.count).then(a.cmp(b)));
        values.truncate(max);
        let tops = values.into_iter().map(|(value, rank)| Top {
            value: String::from_utf8_lossy(&value).into_owned(),
            count: rank.count,
            error: self.absent - rank.certain,
        });
        tops.collect()
    }
}
