//! Gender and birth.

use super::country::fold;

/// `f` or `m` (Meta), from the word in English or Spanish.
pub fn gender(raw: &str) -> Option<&'static str> {
    match fold(raw).as_str() {
        "f" | "female" | "woman" | "mujer" | "femenino" => Some("f"),
        "m" | "male" | "man" | "hombre" | "masculino" | "varon" => Some("m"),
        _ => None,
    }
}

/// `YYYYMMDD` (Meta), from year, month and day in this order, or from month and day before the
/// year in either order where only one of them can be meant.
pub fn birth_date(raw: &str) -> Option<String> {
    let parts: Vec<&str> = raw
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let (year, month, day) = match *parts.as_slice() {
        [all] if all.len() == 8 => (&all[..4], &all[4..6], &all[6..]),
        [year, month, day, ..] if year.len() == 4 => (year, month, day),
        [first, second, year] if year.len() == 4 => {
            let (month, day) = month_and_day(first, second)?;
            (year, month, day)
        }
        _ => return None,
    };
    let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let date = date.ok().filter(|date| date.year() >= 1900)?;
    Some(format!(
        "{:04}{:02}{:02}",
        date.year(),
        date.month(),
        date.day()
    ))
}

/// Half the world writes the day first: `2/3` could be either, and a guess would be a wrong hash.
fn month_and_day<'a>(first: &'a str, second: &'a str) -> Option<(&'a str, &'a str)> {
    let (a, b): (u8, u8) = (first.parse().ok()?, second.parse().ok()?);
    match (a > 12, b > 12) {
        (true, false) => Some((second, first)),
        (false, true) => Some((first, second)),
        (false, false) if a == b => Some((first, second)),
        _ => None,
    }
}
