//! Reads conversion events from a body: one object, or an array of them.
//!
//! The whole array is read in one go. Only where that fails is it taken apart, so that each faulty
//! event is named and the good ones are kept.

use std::{cell::Cell, fmt};

use cauce_destinations::pixel::PixelEvent;
use serde::{
    Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    body::{self, Kind},
    problem::{Code, Fault, Problem},
};

/// Events as they were read.
pub(super) enum Body {
    /// One event.
    One(Box<PixelEvent>),
    /// Several events, each with what is wrong with it if it could not be read.
    Many(Vec<Result<PixelEvent, Fault>>),
}

/// Reads at most `max` events.
pub(super) fn read(text: &str, max: usize) -> Result<Body, Problem> {
    if !text
        .trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with('[')
    {
        return body::parse(text).map(|event| Body::One(Box::new(event)));
    }
    let too_many = Cell::new(false);
    match read_array(
        text,
        AtMost {
            max,
            too_many: &too_many,
        },
    ) {
        Ok(events) => Ok(Body::Many(events)),
        Err(_) if too_many.get() => Err(too_many_entries(max)),
        Err(error) if error.is_data() => take_apart(text, max),
        Err(error) => Err(body::not_json(&error.to_string())),
    }
}

fn too_many_entries(max: usize) -> Problem {
    Problem::new(
        Code::TooManyEntries,
        format!(
            "the array holds more than {max} events (setting http.max_entries); split it into several requests"
        ),
    )
}

fn read_array(text: &str, seed: AtMost<'_>) -> serde_json::Result<Vec<Result<PixelEvent, Fault>>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let events = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(events)
}

fn take_apart(text: &str, max: usize) -> Result<Body, Problem> {
    let pieces: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| body::not_json(&error.to_string()))?;
    if pieces.len() > max {
        return Err(too_many_entries(max));
    }
    let events = pieces
        .into_iter()
        .map(|piece| match body::parse_at(piece.get()) {
            Ok(event) => Ok(Ok(event)),
            Err((Kind::Shape, fault)) => Ok(Err(fault)),
            Err((Kind::Syntax, fault)) => Err(body::not_json(&fault.detail)),
        });
    events.collect::<Result<_, _>>().map(Body::Many)
}

/// Reads an array and stops at its `max`th element: a body of four million `{}` would otherwise
/// become gigabytes of events before anybody counts them.
struct AtMost<'a> {
    max: usize,
    too_many: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for AtMost<'_> {
    type Value = Vec<Result<PixelEvent, Fault>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for AtMost<'_> {
    type Value = Vec<Result<PixelEvent, Fault>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = seq.next_element()? {
            if events.len() == self.max {
                self.too_many.set(true);
                return Err(serde::de::Error::custom("too many"));
            }
            events.push(Ok(event));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(text: &str) -> Vec<Result<String, String>> {
        match read(text, 3).unwrap() {
            Body::One(_) => panic!("one"),
            Body::Many(events) => events
                .into_iter()
                .map(|event| match event {
                    Ok(event) => Ok(event.event_id.unwrap_or_default()),
                    Err(fault) => Err(fault.pointer.unwrap()),
                })
                .collect(),
        }
    }

    #[test]
    fn faulty_events_are_named_and_good_ones_kept() {
        let text = r#" [{"eventId":"a"},{"data":{"value":[]}},{"event_id":"c"}]"#;
        let expected = [
            Ok("a".to_owned()),
            Err("/data/value".to_owned()),
            Ok("c".to_owned()),
        ];
        assert_eq!(many(text), expected);
        assert_eq!(many("[]"), []);
        assert_eq!(many("[7]"), [Err(String::new())]);
    }

    #[test]
    fn whole_body_is_refused_where_it_is_no_json_or_too_long() {
        for (text, code) in [
            ("", Code::BadJson),
            ("[{}", Code::BadJson),
            ("[{}] x", Code::BadJson),
            ("[{\"data\":{\"value\":[]}},", Code::BadJson),
            ("[{},{},{},{}]", Code::TooManyEntries),
            ("[7,{},{},{}]", Code::TooManyEntries),
            ("7", Code::Invalid),
            ("{\"user\":7}", Code::Invalid),
        ] {
            let Err(problem) = read(text, 3) else {
                panic!("{text} was taken")
            };
            assert_eq!(problem.code, code, "{text}");
        }
        assert!(matches!(read("{}", 3), Ok(Body::One(_))));
    }
}
