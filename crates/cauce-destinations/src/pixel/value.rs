//! The values of fields: texts that senders write as numbers, amounts, fields of the tenant's own,
//! and names that nobody knows.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, value::MapAccessDeserializer},
};

/// A text; numbers are taken as texts because shops send ids, postal codes and phones so. What is
/// empty once trimmed is as good as absent.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let clean = clean(text);
            Ok((!clean.is_empty()).then_some(clean))
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
            d.deserialize_any(self)
        }
    }
    deserializer.deserialize_option(Visitor)
}

/// An object, or its default for a null and for an empty array: PHP writes an empty object so.
pub(super) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Visitor<T>(PhantomData<T>);
    impl<'de, T: Default + Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
            match seq.next_element::<IgnoredAny>()? {
                None => Ok(T::default()),
                Some(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &self)),
            }
        }
        fn visit_unit<E: de::Error>(self) -> Result<T, E> {
            Ok(T::default())
        }
    }
    deserializer.deserialize_any(Visitor(PhantomData))
}

/// A list, or none for a null.
pub(super) fn list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text, trimmed, with a space for each control character: line ends in titles come to no harm,
/// and the rest is nobody's data.
fn clean(text: &str) -> String {
    match text.contains(char::is_control) {
        true => text.replace(char::is_control, " ").trim().to_owned(),
        false => text.trim().to_owned(),
    }
}

/// An amount of money or a quantity, read from a number or from a text with a decimal point.
///
/// Written to JSON without a fraction where it has none, and to text as a plain decimal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount(pub f64);

impl Amount {
    /// Above this no amount is meant seriously; below 2^53 every whole number is exact.
    pub const MAX: f64 = 1e12;

    /// Whether it is a number from zero to [`Amount::MAX`].
    pub fn is_valid(self) -> bool {
        self.0.is_finite() && (0.0..=Amount::MAX).contains(&self.0)
    }
}

/// A plain decimal, never with an exponent.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() <= Amount::MAX {
            return serializer.serialize_i64(self.0 as i64);
        }
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number with a decimal point")
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
                Ok(Amount(number))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount(number as f64))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount(number as f64))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                let number = text
                    .trim()
                    .parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Other("another text"), &self))?;
                Ok(Amount(number))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The value of a field of the tenant's own.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomValue {
    /// A text.
    Text(String),
    /// A number.
    Number(serde_json::Number),
    /// True or false.
    Bool(bool),
    /// An object or an array, which no platform takes.
    Nested,
}

impl Serialize for CustomValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            CustomValue::Text(text) => serializer.serialize_str(text),
            CustomValue::Number(number) => number.serialize(serializer),
            CustomValue::Bool(bool) => serializer.serialize_bool(*bool),
            CustomValue::Nested => serializer.serialize_unit(),
        }
    }
}

/// `None` for a null, which is as good as absent.
struct MaybeCustom(Option<CustomValue>);

impl<'de> Deserialize<'de> for MaybeCustom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Option<CustomValue>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true or false")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(CustomValue::Text(clean(text))))
            }
            fn visit_bool<E: de::Error>(self, bool: bool) -> Result<Self::Value, E> {
                Ok(Some(CustomValue::Bool(bool)))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Some(CustomValue::Number(number.into())))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Some(CustomValue::Number(number.into())))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(serde_json::Number::from_f64(number).map(CustomValue::Number))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Some(CustomValue::Nested))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Some(CustomValue::Nested))
            }
        }
        deserializer.deserialize_any(Visitor).map(MaybeCustom)
    }
}

/// The fields of the tenant's own, in the order they came.
#[derive(Clone, Default, PartialEq)]
pub struct CustomFields(pub Vec<(String, CustomValue)>);

impl<'de> Deserialize<'de> for CustomFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = CustomFields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CustomFields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, MaybeCustom(value))) = map.next_entry::<String, _>()? {
                    fields.extend(value.map(|value| (name, value)));
                }
                Ok(CustomFields(fields))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// The names of fields that an object does not have, kept to be named as faults: a misspelt
/// field would lose data in silence.
#[derive(Clone, Default)]
pub struct UnknownFields(pub Vec<String>);

impl<'de> Deserialize<'de> for UnknownFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = UnknownFields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UnknownFields, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(UnknownFields(names))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// How many names, not which: a name may be anything.
impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownFields({})", self.0.len())
    }
}
