//! Questions about single values that several platforms ask.

use std::net::IpAddr;

use serde_json::Value;

/// SHA-256 in lower-case hex: `^[a-f0-9]{64}$`.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Text that was meant to stay readable: not empty and not hashed, in either case of letters.
pub(crate) fn is_plain(text: &str) -> bool {
    let looks_hashed = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    !text.trim().is_empty() && !looks_hashed
}

/// An IPv4 or IPv6 address.
pub(crate) fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// An absolute http or https address with a host.
pub(crate) fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !text.contains(char::is_whitespace)
}

/// Three letters, in the form of ISO 4217.
pub(crate) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic())
}

/// Digits, perhaps a point and more digits.
pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    }
}

/// A whole number, not written as text and without a fraction.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64()
}

/// One text, or a list of at least one, all of which pass.
pub(crate) fn all_texts(value: &Value, passes: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => passes(text),
        Value::Array(list) => {
            !list.is_empty() && list.iter().all(|item| item.as_str().is_some_and(&passes))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}
