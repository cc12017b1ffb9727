//! Phone numbers with the country's calling code.

use phonenumber::{Mode, country::Id};

use super::country::Country;

/// Digits of an international number: E.164 allows 15; no country has fewer than 7 with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// With this many digits a number without `+` is taken to begin with its calling code even if the
/// numbering plans do not know it: no country writes as many for itself without a leading zero.
const LONG: usize = 12;

/// The digits with the calling code, without `+`.
///
/// A number that says that it is international (`+`, `00`) is taken at its word. A national one is
/// completed by the numbering plan of the first of `countries` in which it is a number. What is
/// neither is taken for international without its `+` if it is long enough or a plan knows it so;
/// the rest gives `None`.
pub fn international(raw: &str, countries: [Option<Country>; 2]) -> Option<String> {
    let digits = digits(raw);
    let begin = raw.find(|c: char| c == '+' || c.is_ascii_digit())?;
    if raw[begin..].starts_with('+') || digits.starts_with("00") {
        return bounded(digits.trim_start_matches('0'));
    }
    countries
        .into_iter()
        .flatten()
        .find_map(|country| completed(&digits, country))
        .or_else(|| taken_as_international(&digits))
}

/// The digits alone.
pub fn digits(raw: &str) -> String {
    raw.chars().filter(char::is_ascii_digit).collect()
}

fn bounded(digits: &str) -> Option<String> {
    DIGITS.contains(&digits.len()).then(|| digits.to_owned())
}

/// The number as the numbering plan of `country` completes it.
fn completed(digits: &str, country: Country) -> Option<String> {
    let country: Id = country.upper().parse().ok()?;
    valid(Some(country), digits)
}

fn taken_as_international(digits: &str) -> Option<String> {
    if digits.starts_with('0') {
        return None;
    }
    if digits.len() >= LONG {
        return bounded(digits);
    }
    valid(None, &format!("+{digits}"))
}

fn valid(country: Option<Id>, text: &str) -> Option<String> {
    let number = phonenumber::parse(country, text).ok()?;
    let shown = number.format().mode(Mode::E164).to_string();
    number
        .is_valid()
        .then(|| shown.trim_start_matches('+').to_owned())
}
