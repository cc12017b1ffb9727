//! What accounts come to, and what several kinds of them read the same way.

use cauce_engine::settings::{Account, Backend, Relay};
use cauce_flow::id::TenantId;
use serde_json::{Map, Value as Json};

use crate::config::{
    read::{filled, parsed},
    reader::Wrong,
    tree::{Node, Value},
};

/// Everything that the accounts come to.
#[derive(Default)]
pub(crate) struct Accounts {
    /// The accounts, each with its line.
    pub(crate) all: Vec<Account>,
    /// The companies' backends.
    pub(crate) backends: Vec<Backend>,
    /// The endpoints that are fed as relays.
    pub(crate) relays: Vec<Relay>,
}

/// The owner of an account.
pub(super) fn tenant(node: &Node) -> Result<TenantId, Wrong> {
    parsed(node)
}

/// A text, or a number that is meant as one: ids are digits, and quotes are soon forgotten.
pub(super) fn identifier(node: &Node) -> Result<String, Wrong> {
    match &node.value {
        Value::Integer(number) => Ok(number.to_string()),
        _ => filled(node),
    }
}

/// A table of texts.
pub(super) fn texts(node: &Node) -> Result<Json, Wrong> {
    let write = "a table of texts: { purchase = \"urn:lla:llaPartnerConversion:1\" }";
    let Value::Table(table) = &node.value else {
        return Err(Wrong::new("is not a table", write));
    };
    let texts: Result<Map<_, _>, Wrong> = table
        .iter()
        .map(|(name, node)| Ok((name.clone(), Json::String(identifier(node)?))))
        .collect();
    texts
        .map(Json::Object)
        .map_err(|_| Wrong::new("holds something else than texts", write))
}
