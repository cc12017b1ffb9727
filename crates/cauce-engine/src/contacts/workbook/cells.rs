//! What a cell holds, as the text that a person sees or would have typed.

use std::borrow::Cow;

use calamine::{DataRef, ExcelDateTime};
use cauce_destinations::contact::sheet::Cell;

use super::unknown;

/// Whole numbers up to here are exact (2^53).
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;
const DAY_SECONDS: f64 = 86_400.0;

/// A text of the list of texts is not copied: a small sheet may show a large one very often.
pub(super) fn read<'a>(value: &DataRef<'a>) -> Cell<'a> {
    let text = match value {
        DataRef::Empty => return Cell::Empty,
        DataRef::SharedString(text) => return Cell::Text(Cow::Borrowed(*text)),
        DataRef::Error(error) => return Cell::Error(error.to_string()),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => plain(*number),
        DataRef::String(text) => match text.strip_prefix(unknown::MARK) {
            Some(error) => return Cell::Error(error.to_owned()),
            None => text.clone(),
        },
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Bool(is) => is.to_string(),
        DataRef::DateTime(at) => time(*at),
    };
    Cell::Text(Cow::Owned(text))
}

/// A number without an exponent: phones are kept as numbers as often as not.
fn plain(number: f64) -> String {
    match number.fract() == 0.0 && number.abs() <= MAX_WHOLE {
        // It is whole and fits.
        true => format!("{number:.0}"),
        false => number.to_string(),
    }
}

fn time(at: ExcelDateTime) -> String {
    let days = at.as_f64();
    if at.is_duration() {
        let seconds = (days * DAY_SECONDS).round();
        let (hours, rest) = ((seconds / 3_600.0).floor(), seconds % 3_600.0);
        return format!(
            "{hours:.0}:{:02.0}:{:02.0}",
            (rest / 60.0).floor(),
            rest % 60.0
        );
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let clock = match second {
        0 => format!("{hour:02}:{minute:02}"),
        second => format!("{hour:02}:{minute:02}:{second:02}"),
    };
    match (days < 1.0, days.fract() == 0.0) {
        (true, _) => clock,
        (false, true) => format!("{year:04}-{month:02}-{day:02}"),
        (false, false) => format!("{year:04}-{month:02}-{day:02} {clock}"),
    }
}
