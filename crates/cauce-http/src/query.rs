//! Query parameters and path segments.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use cauce_flow::id::TenantId;
use serde::{Deserialize, Deserializer, de, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::{body::in_json, problem::Problem};

/// Items of a page where the caller does not say.
pub(crate) const DEFAULT_LIMIT: usize = 50;
/// Most items of a page.
pub(crate) const MAX_LIMIT: usize = 500;

/// The query, read as this type. An unknown parameter is a fault: a filter that is misspelt would
/// otherwise select everything.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        read(parts.uri.query().unwrap_or_default()).map(Query)
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(query)
        .map_err(|error| Problem::bad_parameter("query", error.to_string()))?;
    // A parameter that is left empty, as forms do, is as good as absent.
    let given: Vec<_> = pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let pairs = de::value::MapDeserializer::<_, serde_urlencoded::de::Error>::new(
        given.into_iter().map(|(name, value)| (name, Text(value))),
    );
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let (name, what) = in_words(&path, &error.into_inner().to_string());
        Problem::bad_parameter(name, what)
    })
}

/// Which parameter is at fault and how, without the value that it has.
fn in_words(path: &str, message: &str) -> (String, String) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or(path).to_owned();
    if message.starts_with("duplicate field") {
        let what = "given more than once; give it once, several values with commas between them";
        return (quoted(message), what.to_owned());
    }
    if message.starts_with("missing field") {
        return (quoted(message), "missing".to_owned());
    }
    let what = match message.split_once(", expected ") {
        Some((what, wanted)) if what.starts_with("unknown variant") => {
            format!("not a value of this parameter; expected {wanted}")
        }
        _ => message.to_owned(),
    };
    (path.to_owned(), what)
}

/// A text that is read as whatever is wanted.
struct Text(String);

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            let value = self.0.parse::<$type>().map_err(|_| {
                let wanted = in_json(stringify!($type));
                de::Error::custom(format!("not a value of this parameter; expected {wanted}"))
            })?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text {
    type Error = serde_urlencoded::de::Error;

    parsed! {
        deserialize_bool visit_bool bool;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i64 visit_i64 i64;
        deserialize_f64 visit_f64 f64;
    }

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: de::Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(de::IntoDeserializer::into_deserializer(self.0))
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl<'de> de::IntoDeserializer<'de, serde_urlencoded::de::Error> for Text {
    type Deserializer = Text;
    fn into_deserializer(self) -> Text {
        self
    }
}

/// How many items a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit(pub(crate) usize);

impl Default for Limit {
    fn default() -> Limit {
        Limit(DEFAULT_LIMIT)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(limit @ 1..=MAX_LIMIT) => Ok(Limit(limit)),
            _ => Err(de::Error::custom(format!(
                "a page holds from 1 to {MAX_LIMIT} items; write a number in between"
            ))),
        }
    }
}

/// One page of what a tenant has.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfPage {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    pub(crate) tenant: Option<TenantId>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    pub(crate) limit: Limit,
    /// The `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Several values with commas between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let items = text
            .split(',')
            .map(|item| T::deserialize(Text(item.trim().to_owned())));
        items
            .collect::<Result<_, _>>()
            .map(List)
            .map_err(de::Error::custom)
    }
}

/// The one variable segment of the path, or the first of them. A text that cannot be such a name names nothing.
pub(crate) struct Segment<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Segment<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segment<T>, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| Problem::not_found("name", "(not UTF-8)"))?;
        let (name, text) = params.iter().next().unwrap_or(("name", ""));
        let what = if name == "id" { "object" } else { name };
        text.parse()
            .map(Segment)
            .map_err(|_| Problem::not_found(what, text))
    }
}

#[cfg(test)]
mod tests {
    use cauce_flow::{job::State, time::Timestamp};

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Filters {
        limit: Limit,
        state: List<State>,
        since: Option<Timestamp>,
        dry: Option<bool>,
    }

    fn fault(query: &str) -> String {
        String::from_utf8(read::<Filters>(query).unwrap_err().to_json()).unwrap()
    }

    #[test]
    fn parameters_are_read_and_empty_ones_left_out() {
        let filters: Filters =
            read("limit=7&state=dead,%20waiting&since=1760000000000&dry=true").unwrap();
        let expected = Filters {
            limit: Limit(7),
            state: List(vec![State::Dead, State::Waiting]),
            since: Some(Timestamp::from_millis(1_760_000_000_000)),
            dry: Some(true),
        };
        assert_eq!(filters, expected);
        assert_eq!(
            read::<Filters>("limit=&state=").unwrap(),
            Filters::default()
        );
    }

    #[test]
    fn bad_parameter_is_named() {
        for (query, name, says) in [
            ("limit=501", "limit", "1 to 500"),
            ("limit=x", "limit", "1 to 500"),
            ("state=dead,gone", "state", "expected one of `scheduled`"),
            ("since=yesterday", "since", "RFC 3339"),
            ("dry=maybe", "dry", "expected true or false"),
            ("state=dead&state=waiting", "state", "given more than once"),
            ("stat=dead", "stat", "unknown field"),
        ] {
            let text = fault(query);
            assert!(
                text.contains(&format!("\"parameter\":\"{name}\"")),
                "{query}: {text}"
            );
            assert!(text.contains(says), "{query}: {text}");
        }
    }
}
