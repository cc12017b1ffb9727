//! Shares, how sure they are, and whether two of them differ.
//!
//! Whoever looks at a test again and again finds a difference sooner or later. So the level that a
//! p-value has to reach is lowered as a fixed number of looks would demand (Bonferroni): a
//! difference that is called real here has at most [`ALPHA`] of chance behind it even if somebody
//! looks [`LOOKS`] times, at each pair of variants.

/// The chance of calling a difference real that is none.
pub const ALPHA: f64 = 0.05;
/// Looks at one test that are allowed for: daily for two weeks.
pub const LOOKS: u32 = 14;
/// Each side of a comparison has to have so many hits and misses for the normal approximation.
const MIN_COUNT: f64 = 5.0;
/// The quantile of the normal distribution for intervals of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// The pairs that so many variants make, each of which is looked at.
pub fn pairs(variants: usize) -> usize {
    variants * variants.saturating_sub(1) / 2
}

/// What a p-value has to reach, where so many pairs are looked at.
pub fn needed_p(pairs: usize) -> f64 {
    ALPHA / (f64::from(LOOKS) * pairs.max(1) as f64)
}

/// So many out of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub hits: u64,
    /// Out of how many.
    pub of: u64,
}

/// Whether two shares differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// There is too little to say anything.
    TooFew,
    /// The difference may be chance.
    NotYet {
        /// How likely chance alone makes such a difference.
        p: f64,
    },
    /// The difference is real, as far as statistics can say.
    Real {
        /// How likely chance alone makes such a difference.
        p: f64,
    },
}

impl Share {
    /// The share; none of nothing.
    pub fn rate(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// The interval that holds the true share in 95 of 100 cases, as Wilson (1927) has it. None where it
    /// is no share of a whole: of a short range, more may be delivered than sent.
    pub fn interval(self) -> Option<(f64, f64)> {
        let rate = self.rate().filter(|_| self.hits <= self.of)?;
        let (n, z2) = (self.of as f64, Z * Z);
        let middle = rate + z2 / (2.0 * n);
        let spread = Z * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
        let whole = 1.0 + z2 / n;
        let low = ((middle - spread) / whole).max(0.0);
        Some((low, ((middle + spread) / whole).min(1.0)))
    }

    /// Whether another share differs: the two-proportion z-test with a pooled variance, corrected for
    /// [`LOOKS`] looks at `pairs` pairs.
    pub fn differs(self, other: Share, pairs: usize) -> Verdict {
        let (one, two) = (self, other);
        if !one.is_enough() || !two.is_enough() {
            return Verdict::TooFew;
        }
        let (n1, n2) = (one.of as f64, two.of as f64);
        let (p1, p2) = (one.hits as f64 / n1, two.hits as f64 / n2);
        let pooled = (one.hits + two.hits) as f64 / (n1 + n2);
        let deviation = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
        let p = two_sided((p1 - p2).abs() / deviation);
        match p <= needed_p(pairs) {
            true => Verdict::Real { p },
            false => Verdict::NotYet { p },
        }
    }

    /// Whether there are enough hits and misses to compare it with another.
    pub fn is_enough(self) -> bool {
        let misses = self.of.saturating_sub(self.hits) as f64;
        self.hits as f64 >= MIN_COUNT && misses >= MIN_COUNT
    }
}

/// How likely a normal variable is at least so far from its mean, on either side: the
/// complementary error function by the rational approximation of Abramowitz and Stegun, 7.1.26,
/// off by at most 1.5e-7.
fn two_sided(z: f64) -> f64 {
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let terms = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let sum = terms.iter().fold(0.0, |sum, term| (sum + term) * t);
    (sum * (-x * x).exp()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(hits: u64, of: u64) -> Share {
        Share { hits, of }
    }

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() < within, "{found} for {expected}");
    }

    /// Values of R: `prop.test(x, n, correct = FALSE)$conf.int`.
    #[test]
    fn intervals_are_those_of_wilson() {
        for (hits, of, low, high) in [
            (10, 100, 0.055_22, 0.174_37),
            (0, 20, 0.0, 0.161_13),
            (20, 20, 0.838_87, 1.0),
            (1, 3, 0.061_49, 0.792_34),
        ] {
            let (found_low, found_high) = share(hits, of).interval().unwrap();
            near(found_low, low, 1e-4);
            near(found_high, high, 1e-4);
        }
        assert_eq!(share(0, 0).interval(), None);
        assert_eq!(share(12, 10).interval(), None);
    }

    #[test]
    fn tails_are_those_of_the_normal_distribution() {
        for (z, p) in [
            (0.0, 1.0),
            (1.96, 0.049_996),
            (2.576, 0.009_995),
            (4.0, 6.334e-5),
        ] {
            near(two_sided(z), p, 2e-6);
        }
    }

    #[test]
    fn a_difference_is_real_only_past_chance_and_many_looks() {
        let of = |a: (u64, u64), b: (u64, u64)| share(a.0, a.1).differs(share(b.0, b.1), 1);
        assert_eq!(of((4, 100), (50, 100)), Verdict::TooFew);
        assert!(matches!(
            of((100, 1_000), (105, 1_000)),
            Verdict::NotYet { .. }
        ));
        // A p-value of 0.02 looks good once, and is not enough for whoever looks every day.
        let p = match of((100, 1_000), (133, 1_000)) {
            Verdict::NotYet { p } => p,
            other => panic!("{other:?}"),
        };
        near(p, 0.021_4, 1e-3);
        assert!(matches!(
            of((100, 1_000), (180, 1_000)),
            Verdict::Real { .. }
        ));
    }
}
