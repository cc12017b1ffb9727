//! The fields that an account has by its platform, as a table says them.

use serde_json::{Map, Value as Json};

use super::found::{identifier, texts};
use crate::config::{
    read::{base_url, boolean},
    reader::{Section, Wrong},
    tree::Node,
};

/// What a field of an account holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Flag,
    Url,
    /// A table of texts.
    Texts,
}

/// A field of an account: its name, what it holds, whether it has to be there.
pub(super) type Field = (&'static str, Kind, bool);

/// Reads the fields of a table; none where one that has to be there is not.
pub(super) fn fields(table: &[Field], section: &Section<'_>) -> Option<Map<String, Json>> {
    let mut fields = Map::new();
    let mut complete = true;
    for (name, kind, needed) in table {
        let value = if *needed {
            section.need(name, |node| value(node, *kind))
        } else {
            section.find(name, |node| value(node, *kind))
        };
        complete &= value.is_some() || !needed;
        fields.extend(value.map(|value| ((*name).to_owned(), value)));
    }
    complete.then_some(fields)
}

fn value(node: &Node, kind: Kind) -> Result<Json, Wrong> {
    match kind {
        Kind::Text => identifier(node).map(Json::String),
        Kind::Flag => boolean(node).map(Json::Bool),
        Kind::Url => base_url(node).map(Json::String),
        Kind::Texts => texts(node),
    }
}
