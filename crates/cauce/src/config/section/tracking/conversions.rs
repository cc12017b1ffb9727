//! `[[tracking.conversions]]`: which tracked events become conversions for the ad platforms.

use std::collections::BTreeMap;

use cauce_destinations::pixel::{EventType, Platform};
use cauce_engine::settings::tracking::{CLIENT_FIELDS, Conversion, DATA_FIELDS};
use cauce_flow::{event::EventKind, id::TenantId};

use crate::config::{
    read::{filled, parsed, text},
    reader::{Section, Wrong, meant},
    tree::{Node, Value},
};

/// Reads all of them.
pub(super) fn read(section: &Section<'_>) -> Vec<Conversion> {
    let sections = section.sections("conversions").into_iter();
    sections.filter_map(conversion).collect()
}

fn conversion(section: Section<'_>) -> Option<Conversion> {
    let event = section.need("event", kind);
    let event_type = section.need("as", event_type);
    let tenant = section.find("tenant", parsed::<TenantId>);
    let platforms = section.find("platforms", platforms);
    let fields = section.section("fields").map(fields);
    section.finish();
    Some(Conversion {
        event: event?,
        tenant,
        event_type: event_type?,
        platforms,
        fields: fields.unwrap_or_default(),
    })
}

fn kind(node: &Node) -> Result<EventKind, Wrong> {
    EventKind::new(&text(node)?)
        .map_err(|why| Wrong::new(why.to_string(), "the type of a tracked event: \"PURCHASE\""))
}

fn event_type(node: &Node) -> Result<String, Wrong> {
    let name = filled(node)?;
    match EventType::from(name.as_str()).is_name() {
        true => Ok(name),
        false => Err(Wrong::new(
            "is no event type of a conversion",
            "\"purchase\", \"lead\", …, or a name of your own of letters, digits and _",
        )),
    }
}

fn platforms(node: &Node) -> Result<Vec<String>, Wrong> {
    let wrong = || Wrong::new("is no list of platforms", "[\"meta\", \"google\"]");
    let Value::List(items) = &node.value else {
        return Err(wrong());
    };
    let names: Result<Vec<String>, Wrong> = items.iter().map(platform).collect();
    names.and_then(|names| {
        if names.is_empty() {
            Err(wrong())
        } else {
            Ok(names)
        }
    })
}

fn platform(node: &Node) -> Result<String, Wrong> {
    let name = text(node)?;
    let known = Platform::ALL.map(|platform| platform.to_string());
    match name.parse::<Platform>() {
        Ok(_) => Ok(name),
        Err(_) => Err(Wrong::new(
            format!("holds {name:?}"),
            meant(&name, &known).replace('`', "\""),
        )),
    }
}

/// Fields of a conversion, and the metadata that each is taken from.
fn fields(section: Section<'_>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for name in DATA_FIELDS.iter().chain(CLIENT_FIELDS) {
        if let Some(from) = section.find(name, filled) {
            fields.insert((*name).to_owned(), from);
        }
    }
    section.finish();
    fields
}
