//! How a range of time is made up of what a part's rollup has of one site.

use std::ops::Range;

use crate::rollup::{day_of, hour_of, hour_start};

/// The pieces of a range.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cover {
    /// Everything that the part has of the site is in the range.
    pub(super) is_whole: bool,
    /// Days.
    pub(super) days: Range<i64>,
    /// The hours before the first day and after the last one.
    pub(super) hours: [Range<i64>; 2],
    /// Milliseconds before the first hour and after the last one.
    pub(super) edges: [Range<i64>; 2],
}

impl Cover {
    /// Of the milliseconds of a range, where the first and the last event are known.
    pub(super) fn new(range: &Range<i64>, (first, last): (i64, i64)) -> Cover {
        let (starts, ends) = (range.start <= first, range.end > last);
        let from = if starts {
            hour_start(hour_of(first))
        } else {
            range.start
        };
        let to = if ends {
            hour_start(hour_of(last) + 1)
        } else {
            range.end
        };
        if from >= to {
            return Cover::default();
        }
        let hours = hour_of(from - 1) + 1..hour_of(to);
        if hours.start > hours.end {
            return Cover {
                edges: [from..to, 0..0],
                ..Cover::default()
            };
        }
        let days = day_of(hours.start - 1) + 1..day_of(hours.end);
        let (days, before, after) = if days.start < days.end {
            let (before, after) = (hours.start..days.start * 24, days.end * 24..hours.end);
            (days, before, after)
        } else {
            (0..0, hours.clone(), 0..0)
        };
        Cover {
            is_whole: starts && ends,
            days,
            hours: [before, after],
            edges: [from..hour_start(hours.start), hour_start(hours.end)..to],
        }
    }

    /// All hours of it, those of its days too.
    pub(super) fn all_hours(&self) -> Range<i64> {
        let starts = self.hours[0].clone().chain(self.hours[1].clone());
        let days = self.days.start * 24..self.days.end * 24;
        let all = starts.chain(days.clone());
        let (first, last) = all.fold((i64::MAX, i64::MIN), |(a, b), hour| {
            (a.min(hour), b.max(hour))
        });
        if first > last { 0..0 } else { first..last + 1 }
    }

    /// Whether a moment is one that has to be looked at row by row.
    pub(super) fn is_at_edge(&self, ms: i64) -> bool {
        self.edges.iter().any(|edge| edge.contains(&ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cover;

    const HOUR: i64 = 3_600_000;

    proptest! {
        #[test]
        fn every_event_of_the_range_is_in_one_piece_and_no_other_is(
            from in -200 * HOUR..200 * HOUR,
            length in 0..150 * HOUR,
            times in proptest::collection::vec(-250 * HOUR..250 * HOUR, 1..40),
            aligned: bool,
        ) {
            let unit = if aligned { HOUR } else { 1 };
            let range = from / unit * unit..(from + length) / unit * unit;
            let span = (*times.iter().min().unwrap(), *times.iter().max().unwrap());
            let cover = Cover::new(&range, span);
            for at in times {
                let hour = at.div_euclid(HOUR);
                let day = hour.div_euclid(24);
                let pieces = usize::from(cover.days.contains(&day))
                    + cover.hours.iter().filter(|hours| hours.contains(&hour)).count()
                    + cover.edges.iter().filter(|edge| edge.contains(&at)).count();
                prop_assert_eq!(pieces, usize::from(range.contains(&at)), "{:?} {}", cover, at);
                let hours = cover.all_hours().contains(&hour);
                prop_assert_eq!(hours || cover.is_at_edge(at), range.contains(&at));
            }
            if cover.is_whole {
                prop_assert!(range.contains(&span.0) && range.contains(&span.1));
                prop_assert!(cover.edges.iter().all(|edge| edge.is_empty()));
            }
        }
    }
}
