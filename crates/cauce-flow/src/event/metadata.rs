//! What else is known of an event: one JSON object, in canonical form.
//!
//! Canonical: keys in order, no white space, numbers and texts as `serde_json` writes them. Two
//! objects that differ only in the order of their keys have the same form, so that equal events can
//! be told by their bytes.

mod canonical;

use std::sync::Arc;

use serde_json::{Map, Value};

/// The metadata of an event, as canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Metadata(Arc<str>);

/// Why a text is not the metadata of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is JSON, but no object, or no JSON at all.
    #[error("is no JSON object")]
    NotAnObject,
}

impl Metadata {
    /// No metadata: the empty object.
    pub fn none() -> Metadata {
        Metadata(Arc::from("{}"))
    }

    /// Brings an object into canonical form.
    pub fn new(object: &Map<String, Value>) -> Metadata {
        // Keys are in order already: the map is a tree, since no crate here asks for `preserve_order`.
        let text = serde_json::to_string(object).expect("a JSON object can always be written");
        Metadata(Arc::from(text))
    }

    /// Reads a JSON text and brings it into canonical form.
    pub fn parse(text: &str) -> Result<Metadata, MetadataError> {
        if let Some(text) = canonical::canonical(text) {
            return Ok(Metadata(Arc::from(text)));
        }
        let object: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| MetadataError::NotAnObject)?;
        Ok(Metadata::new(&object))
    }

    /// Takes text that is canonical already, because it was written by this type.
    pub fn from_canonical(text: Arc<str>) -> Metadata {
        Metadata(text)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The canonical text, shared.
    pub fn shared(&self) -> &Arc<str> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_and_white_space_make_no_difference() {
        let one = Metadata::parse(r#"{"url": "/a", "b": {"y": 1, "x": [1, 2]}}"#).unwrap();
        let other = Metadata::parse(r#"{"b":{"x":[1,2],"y":1},"url":"/a"}"#).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.as_str(), r#"{"b":{"x":[1,2],"y":1},"url":"/a"}"#);
    }

    #[test]
    fn only_an_object_is_metadata() {
        for text in ["", "[]", "1", "null", "{", r#"{"a":1} x"#] {
            assert_eq!(
                Metadata::parse(text),
                Err(MetadataError::NotAnObject),
                "{text}"
            );
        }
    }
}
