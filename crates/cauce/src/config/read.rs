//! What a value can be: each reader takes a node and answers a value, or what to write instead.

use std::{fmt::Display, net::SocketAddr, ops::RangeInclusive, str::FromStr, time::Duration};

use super::{
    reader::{Wrong, meant},
    tree::{Node, Value},
    units::{parse_size, parse_time, show_time},
};

/// A text.
pub(crate) fn text(node: &Node) -> Result<String, Wrong> {
    match &node.value {
        Value::Text(text) | Value::Loose(text) => Ok(text.clone()),
        other => Err(Wrong::new(
            format!("is {}, not a text", other.kind()),
            "a text in quotes",
        )),
    }
}

/// A text that is not empty.
pub(crate) fn filled(node: &Node) -> Result<String, Wrong> {
    let text = text(node)?;
    if text.trim().is_empty() {
        return Err(Wrong::new(
            "is empty",
            "a value, or leave the setting out where it may be",
        ));
    }
    Ok(text)
}

/// A text that something else parses.
pub(crate) fn parsed<T: FromStr<Err: Display>>(node: &Node) -> Result<T, Wrong> {
    filled(node)?
        .parse()
        .map_err(|why: T::Err| Wrong::new("cannot be taken", why.to_string()))
}

/// One of some words.
pub(crate) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Node) -> Result<T, Wrong> {
    move |node| {
        let found = text(node)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == found) {
            return Ok(*value);
        }
        let known: Vec<String> = words.iter().map(|(word, _)| (*word).to_owned()).collect();
        Err(Wrong::new(
            format!("cannot be {found:?}"),
            meant(&found, &known).replace('`', "\""),
        ))
    }
}

/// A truth value.
pub(crate) fn boolean(node: &Node) -> Result<bool, Wrong> {
    let wrong = || Wrong::new("is neither true nor false", "true or false, without quotes");
    match &node.value {
        Value::Boolean(yes) => Ok(*yes),
        Value::Loose(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A whole number within bounds.
pub(crate) fn whole<T>(bounds: RangeInclusive<T>) -> impl Fn(&Node) -> Result<T, Wrong>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    move |node| {
        let (low, high) = (bounds.start(), bounds.end());
        let write = format!("a whole number from {low} to {high}");
        let number = match &node.value {
            Value::Integer(number) => Some(*number),
            Value::Loose(text) => text.trim().parse().ok(),
            Value::Huge => return Err(Wrong::new("is out of range", write)),
            _ => None,
        };
        let Some(number) = number else {
            return Err(Wrong::new("is not a whole number", write));
        };
        T::try_from(number)
            .ok()
            .filter(|number| bounds.contains(number))
            .ok_or_else(|| Wrong::new("is out of range", write))
    }
}

/// A number within bounds, with or without a fraction.
pub(crate) fn number(bounds: RangeInclusive<f64>) -> impl Fn(&Node) -> Result<f64, Wrong> {
    move |node| {
        let write = format!("a number from {} to {}", bounds.start(), bounds.end());
        let number = match &node.value {
            Value::Float(number) => Some(*number),
            // Settings of this kind are factors and shares, far below where a float loses units.
            Value::Integer(number) => Some(*number as f64),
            Value::Loose(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return Err(Wrong::new("is not a number", write));
        };
        if bounds.contains(&number) {
            return Ok(number);
        }
        Err(Wrong::new("is out of range", write))
    }
}

/// A time within bounds.
pub(crate) fn time(bounds: RangeInclusive<Duration>) -> impl Fn(&Node) -> Result<Duration, Wrong> {
    move |node| {
        let (low, high) = (show_time(*bounds.start()), show_time(*bounds.end()));
        let found = match &node.value {
            Value::Text(text) | Value::Loose(text) => parse_time(text),
            _ => None,
        };
        let Some(found) = found else {
            let write =
                "a time with its unit in quotes: \"500ms\", \"5s\", \"2m\", \"24h\", \"7d\"";
            return Err(Wrong::new("is not a time", write));
        };
        if bounds.contains(&found) {
            return Ok(found);
        }
        Err(Wrong::new(
            "is out of range",
            format!("a time from {low} to {high}"),
        ))
    }
}

/// A size in bytes within bounds.
pub(crate) fn size(bounds: RangeInclusive<u64>) -> impl Fn(&Node) -> Result<u64, Wrong> {
    move |node| {
        let found = match &node.value {
            Value::Text(text) | Value::Loose(text) => parse_size(text),
            Value::Integer(bytes) => u64::try_from(*bytes).ok(),
            _ => None,
        };
        let Some(found) = found else {
            let write = "a size in quotes: \"300 B\", \"64 KiB\", \"4 MiB\", \"10 GB\"";
            return Err(Wrong::new("is not a size", write));
        };
        if bounds.contains(&found) {
            return Ok(found);
        }
        let (low, high) = (bounds.start(), bounds.end());
        Err(Wrong::new(
            "is out of range",
            format!("a size from {low} to {high} bytes"),
        ))
    }
}

/// An address to listen on.
pub(crate) fn listen(node: &Node) -> Result<SocketAddr, Wrong> {
    let write = "an IP address and a port: \"127.0.0.1:8080\", or \"0.0.0.0:8080\" for all";
    text(node)?
        .parse()
        .map_err(|_| Wrong::new("is not an address to listen on", write))
}

/// The start of a web address, without credentials, query or a slash at the end.
pub(crate) fn base_url(node: &Node) -> Result<String, Wrong> {
    let wrong = |what| {
        Err(Wrong::new(
            what,
            "a web address without query: \"https://graph.facebook.com\"",
        ))
    };
    let text = filled(node)?;
    let Some((scheme, rest)) = text.split_once("://") else {
        return wrong("is not a web address");
    };
    if !matches!(scheme, "http" | "https") || rest.is_empty() || rest.starts_with('/') {
        return wrong("is not a web address");
    }
    if rest.contains(['?', '#', '@', ' ']) {
        return wrong("holds more than a host and a path");
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// A country as ISO 3166 names it with two letters.
pub(crate) fn country(node: &Node) -> Result<String, Wrong> {
    let text = text(node)?;
    if text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(Wrong::new(
        "is not a country",
        "the two letters of ISO 3166: \"ES\", \"MX\", \"PE\"",
    ))
}
