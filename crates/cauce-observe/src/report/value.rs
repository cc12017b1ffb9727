//! Values with their kind: what is counted, how much of it, how long, when.

use jiff::{ZonedDateTime, civil::Date};

use crate::analytics::event::Money;

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// There is none: nothing can be said.
    None,
    /// Text.
    Text(String),
    /// A day.
    Day(Date),
    /// A day and a time of it, as the clocks of a zone show it.
    Moment(ZonedDateTime),
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// A share of a whole, as a fraction.
    Share(f64),
    /// A change, as a fraction of what was before.
    Change(f64),
    /// A change of a share, as a difference of fractions.
    Points(f64),
    /// An amount of money.
    Money(Money),
    /// A duration in milliseconds.
    Duration(f64),
}

/// A moment for programs: with its offset from UTC (RFC 3339), because an hour comes twice where clocks are
/// put back.
pub fn rfc3339(moment: &ZonedDateTime) -> String {
    let offset = moment.offset();
    moment.timestamp().display_with_offset(offset).to_string()
}

impl Value {
    /// The number that a drawing shows.
    pub fn size(&self) -> f64 {
        match self {
            Value::None | Value::Text(_) | Value::Day(_) | Value::Moment(_) => 0.0,
            Value::Count(count) => *count as f64,
            Value::Number(number)
            | Value::Share(number)
            | Value::Change(number)
            | Value::Points(number)
            | Value::Duration(number) => *number,
            Value::Money(money) => money.units as f64,
        }
    }

    /// A fraction, or nothing.
    pub(crate) fn share(share: Option<f64>) -> Value {
        share.map_or(Value::None, Value::Share)
    }

    /// A duration, or nothing.
    pub(crate) fn duration(ms: Option<f64>) -> Value {
        ms.map_or(Value::None, Value::Duration)
    }

    /// By how much this has changed from what was before; nothing where that cannot be said.
    pub(crate) fn change_from(&self, before: &Value) -> Value {
        match (self, before) {
            (Value::Share(now), Value::Share(before)) => Value::Points(now - before),
            (Value::Money(now), Value::Money(before)) if now.currency != before.currency => {
                Value::None
            }
            (Value::None, _) | (_, Value::None) => Value::None,
            (now, before) => match before.size() {
                0.0 => Value::None,
                of => Value::Change((now.size() - of) / of),
            },
        }
    }
}
