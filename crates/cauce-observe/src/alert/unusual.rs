//! How far a volume is from what is usual at this hour of the week.
//!
//! The measure is the median of the same hour in past weeks, and the distance from it in units of the
//! median absolute deviation, which one week that was unlike the others does not move
//! (Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", 1993).

/// Weeks that are needed before anything can be said.
pub(crate) const MIN_WEEKS: usize = 3;
/// Makes the median absolute deviation of normally distributed figures their standard deviation.
const TO_DEVIATIONS: f64 = 1.4826;
/// Weeks that happen to be alike do not make a small difference unusual: at least this share of the
/// median counts as usual.
const MIN_SHARE: f64 = 0.1;

/// How far a volume is from what is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unusual {
    /// What is measured.
    pub count: u64,
    /// What is usual.
    pub expected: f64,
    /// The distance from it, in usual distances; never negative.
    pub deviations: f64,
}

impl Unusual {
    /// Whether there is, or usually is, so much that something can be said.
    pub fn reaches(&self, min_volume: u64) -> bool {
        (self.count as f64).max(self.expected) >= min_volume as f64
    }
}

/// How far `count` is from the counts of the same hour in past weeks. None where they are too few.
pub fn unusual(count: u64, past: &[u64]) -> Option<Unusual> {
    if past.len() < MIN_WEEKS {
        return None;
    }
    let figures: Vec<f64> = past.iter().map(|count| *count as f64).collect();
    let expected = median(figures.clone());
    let now = count as f64;
    let distances = figures.iter().map(|figure| (figure - expected).abs());
    let usual = median(distances.collect()) * TO_DEVIATIONS;
    // Counts of independent events vary by their square root (Poisson).
    let least = (expected * MIN_SHARE).max(expected.sqrt()).max(1.0);
    Some(Unusual {
        count,
        expected,
        deviations: (now - expected).abs() / usual.max(least),
    })
}

/// The middle of some figures; of two in the middle their mean, of none zero.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => figures[middle],
        _ => f64::midpoint(figures[middle - 1], figures[middle]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn volume_is_measured_against_the_middle_of_past_weeks() {
        for (count, past, expected) in [
            (1_000, &[1_000, 1_000, 1_000][..], Some((1_000.0, 0.0))),
            // A tenth of the median is the least that counts as usual.
            (2_000, &[1_000, 1_000, 1_000], Some((1_000.0, 10.0))),
            (0, &[1_000, 1_000, 1_000, 1_000], Some((1_000.0, 10.0))),
            // One week that was unlike the others changes nothing.
            (1_000, &[1_000, 1_000, 1_000, 90_000], Some((1_000.0, 0.0))),
            // Too few weeks to say anything of.
            (9_000, &[10, 10], None),
        ] {
            let found = unusual(count, past);
            let found = found.map(|found| (found.expected, found.deviations));
            assert_eq!(found, expected, "{count} {past:?}");
        }
    }

    #[test]
    fn either_volume_is_enough_to_say_something() {
        for (count, past, enough) in [(90, 20, false), (100, 0, true), (0, 100, true)] {
            let found = unusual(count, &[past; 3]).unwrap();
            assert_eq!(found.reaches(100), enough, "{count} {past}");
        }
    }

    proptest! {
        #[test]
        fn more_distance_is_never_less_unusual(
            past in proptest::collection::vec(0_u64..1_000_000, 3..8),
            near in 0_u64..1_000_000,
            further in 0_u64..1_000_000,
        ) {
            let top = past.iter().copied().max().unwrap_or(0);
            let low = unusual(top + near, &past).unwrap();
            let high = unusual(top + near + further, &past).unwrap();
            prop_assert!(high.deviations >= low.deviations && low.deviations.is_finite());
        }
    }
}
