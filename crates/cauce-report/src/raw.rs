//! Values as programs read them, whatever the language of the report.

use cauce_observe::report::document::{Value, rfc3339};

/// A value for programs: fractions for shares, seconds for durations, days, RFC 3339 for times,
/// decimals without their currency for money. Empty where there is none.
pub fn raw(value: &Value) -> String {
    match value {
        Value::None => String::new(),
        Value::Text(text) => text.clone(),
        Value::Day(date) => date.to_string(),
        Value::Moment(moment) => rfc3339(moment),
        Value::Count(count) => count.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Share(share) | Value::Change(share) | Value::Points(share) => share.to_string(),
        Value::Money(money) => money.currency.in_words(money.units),
        Value::Duration(ms) => (ms / 1_000.0).to_string(),
    }
}

/// What the number of a value counts.
pub(crate) fn unit(value: &Value) -> &str {
    match value {
        Value::None | Value::Text(_) | Value::Day(_) | Value::Moment(_) => "",
        Value::Count(_) | Value::Number(_) => "number",
        Value::Share(_) | Value::Change(_) => "fraction",
        Value::Points(_) => "difference of fractions",
        Value::Money(money) => money.currency.as_str(),
        Value::Duration(_) => "seconds",
    }
}
