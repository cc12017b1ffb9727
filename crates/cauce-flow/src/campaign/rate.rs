//! How far a share of few can be trusted: the score interval of Wilson (1927).
//!
//! Unlike the usual interval it stays within 0 and 1 and says something even where nobody, or
//! everybody, did it. Formula and comparison: Brown, Cai, DasGupta, "Interval Estimation for a
//! Binomial Proportion", Statistical Science 16 (2001).

/// Two-sided 95 %: the 97.5 % quantile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A share with the interval that holds the true one 95 times out of 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// The share itself.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The share of `part` in `whole`; none of nothing.
///
/// # Panics
/// Where the part is more than the whole.
pub fn share(part: u64, whole: u64) -> Option<Share> {
    assert!(part <= whole, "{part} of {whole} is no share");
    if whole == 0 {
        return None;
    }
    let n = whole as f64;
    let value = part as f64 / n;
    let z2 = Z * Z;
    let middle = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let spread = Z * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    Some(Share {
        value,
        low: (middle - spread).clamp(0.0, value),
        high: (middle + spread).clamp(value, 1.0),
    })
}

#[cfg(test)]
mod tests;
