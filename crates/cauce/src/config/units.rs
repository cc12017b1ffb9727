//! Times and sizes as people write them: `"5s"`, `"1h 30m"`, `"4 MiB"`.

use std::time::Duration;

/// Units of time, in milliseconds.
const TIMES: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Units of size, in bytes.
const SIZES: [(&str, u64); 9] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// A time: one or more figures, each with its unit.
pub(crate) fn parse_time(text: &str) -> Option<Duration> {
    let mut total: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (part, after) = one(rest, &TIMES)?;
        total = total.checked_add(part)?;
        rest = after.trim_start();
    }
    Some(Duration::from_millis(total))
}

/// A size: one figure with its unit, or bytes without one.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(bytes) = text.parse() {
        return Some(bytes);
    }
    match one(text, &SIZES)? {
        (bytes, "") => Some(bytes),
        _ => None,
    }
}

/// A time as [`parse_time`] reads it, with the largest unit that keeps it whole.
pub(crate) fn show_time(time: Duration) -> String {
    let ms = time.as_millis();
    let (unit, factor) = TIMES
        .iter()
        .rev()
        .find(|(_, factor)| ms > 0 && ms.is_multiple_of(u128::from(*factor)))
        .unwrap_or(&TIMES[1]);
    format!("{}{unit}", ms / u128::from(*factor))
}

/// One figure and its unit at the start of `text`, in the smallest unit, and what follows.
fn one<'a>(text: &'a str, units: &[(&str, u64)]) -> Option<(u64, &'a str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (figure, rest) = text.split_at(digits);
    let rest = rest.trim_start();
    let letters = rest
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    let (_, factor) = units
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    Some((scale(figure, *factor)?, after))
}

/// `figure * factor`, exact: `1.5 GiB` is a whole number of bytes, `0.3 ms` is nothing.
fn scale(figure: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = figure.split_once('.').unwrap_or((figure, "0"));
    let places = u32::try_from(fraction.len())
        .ok()
        .filter(|places| *places <= 9)?;
    let power = 10u64.pow(places);
    let fraction: u64 = fraction.parse().ok()?;
    let part = u128::from(fraction) * u128::from(factor);
    if !part.is_multiple_of(u128::from(power)) {
        return None;
    }
    let part = u64::try_from(part / u128::from(power)).ok()?;
    whole
        .parse::<u64>()
        .ok()?
        .checked_mul(factor)?
        .checked_add(part)
}

#[cfg(test)]
mod tests;
