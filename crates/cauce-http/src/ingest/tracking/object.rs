//! JSON objects and lists taken apart, so that each piece can be judged by itself.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{body, problem::Problem};

/// The members of an object in their order.
pub(super) type Object<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// Takes an object apart. What is JSON and no object answers what was expected.
pub(super) fn read(text: &str) -> Result<Result<Object<'_>, &'static str>, Problem> {
    match serde_json::from_str::<Members<'_>>(text) {
        Ok(members) => Ok(Ok(members.0)),
        Err(error) if error.is_data() => Ok(Err("expected an object")),
        Err(error) => Err(body::not_json(&error.to_string())),
    }
}

/// A JSON text as a text.
pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let name: Name<'_> = serde_json::from_str(raw).ok()?;
    Some(name.0)
}

/// Why a list was not read.
pub(super) enum NoList {
    /// It has too many items.
    TooLong,
    /// It is no list.
    Other,
}

/// Takes a list of at most so many items apart, and stops at the next: a body of two million `1`
/// would otherwise become many times its size before anybody counts them.
pub(super) fn read_list(text: &str, max: usize) -> Result<Vec<&RawValue>, NoList> {
    let too_long = Cell::new(false);
    let items = Items {
        max,
        too_long: &too_long,
    };
    let read = items.deserialize(&mut serde_json::Deserializer::from_str(text));
    read.map_err(|_| match too_long.get() {
        true => NoList::TooLong,
        false => NoList::Other,
    })
}

struct Members<'a>(Object<'a>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    let value: &RawValue = map.next_value()?;
                    // Far more than there are fields; the rest is only checked to be JSON.
                    if members.len() < MAX_MEMBERS {
                        members.push((name.0, value));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

const MAX_MEMBERS: usize = 64;

/// A text, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

struct Items<'c> {
    max: usize,
    too_long: &'c Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<&'de RawValue>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<&'de RawValue>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            if items.len() == self.max {
                self.too_long.set(true);
                return Err(serde::de::Error::custom("too long"));
            }
            items.push(item);
        }
        Ok(items)
    }
}
