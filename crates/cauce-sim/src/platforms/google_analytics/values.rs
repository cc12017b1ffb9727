//! Names and values of GA4 parameters.

use serde_json::Value;

use super::message::Message;

const MAX_NAME: usize = 40;
const MAX_VALUE: usize = 100;
const MAX_ITEMS: usize = 200;
const MAX_CUSTOM_ITEM_PARAMS: usize = 10;
const RESERVED_PREFIXES: [&str; 4] = ["firebase_", "ga_", "google_", "gtag"];
/// The reserved event names of apps and of the web (reference, reserved names).
const RESERVED_EVENTS: [&str; 26] = [
    "ad_activeview",
    "ad_click",
    "ad_exposure",
    "ad_impression",
    "ad_query",
    "adunit_exposure",
    "app_clear_data",
    "app_install",
    "app_update",
    "app_remove",
    "error",
    "first_open",
    "first_visit",
    "in_app_purchase",
    "notification_dismiss",
    "notification_foreground",
    "notification_open",
    "notification_receive",
    "os_update",
    "session_start",
    "user_engagement",
    "app_store_refund",
    "app_store_subscription_cancel",
    "app_store_subscription_convert",
    "app_store_subscription_renew",
    "screen_view",
];
/// The prescribed parameters of an item (reference, items).
const ITEM_PARAMS: [&str; 23] = [
    "item_id",
    "item_name",
    "affiliation",
    "coupon",
    "creative_name",
    "creative_slot",
    "discount",
    "index",
    "item_brand",
    "item_category",
    "item_category2",
    "item_category3",
    "item_category4",
    "item_category5",
    "item_list_id",
    "item_list_name",
    "item_variant",
    "location_id",
    "price",
    "promotion_id",
    "promotion_name",
    "quantity",
    "currency",
];

/// What is wrong with an event's name.
pub(super) fn event_name_fault(index: usize, name: &str) -> Option<Message> {
    let invalid = |why: &str| {
        let text = format!("Event at index: [{index}] has invalid name [{name}]. {why}");
        Some(Message::new("NAME_INVALID", "events", text))
    };
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return invalid("Names must start with an alphabetic character.");
    }
    if !is_name(name) {
        return invalid("Only alphanumeric characters and underscores are allowed.");
    }
    if name.len() > MAX_NAME {
        return invalid("Names have 40 characters at most.");
    }
    if RESERVED_EVENTS.contains(&name) || has_reserved_prefix(name) {
        let text = format!("Event at index: [{index}] has name [{name}] which is reserved.");
        return Some(Message::new("NAME_RESERVED", "events", text));
    }
    None
}

/// What is wrong with a parameter.
pub(super) fn param_fault(path: &str, name: &str, value: &Value) -> Option<Message> {
    let at = format!("{path}.{name}");
    if !is_name(name) || name.len() > MAX_NAME {
        return Some(Message::new(
            "NAME_INVALID",
            at,
            format!("Parameter name [{name}] is invalid."),
        ));
    }
    if has_reserved_prefix(name) {
        return Some(Message::new(
            "NAME_RESERVED",
            at,
            format!("Parameter [{name}] is reserved."),
        ));
    }
    if !is_scalar(value) {
        return Some(Message::new(
            "VALUE_INVALID",
            at,
            "A value must be text or a number.",
        ));
    }
    let fits = match name {
        "value" | "price" | "tax" | "shipping" => value.is_number(),
        "currency" => value.as_str().is_some_and(crate::check::is_currency),
        _ => length(value) <= max_length(name),
    };
    (!fits).then(|| {
        Message::new(
            "VALUE_INVALID",
            at,
            format!("The value of [{name}] is invalid."),
        )
    })
}

/// What is wrong with the items of an event.
pub(super) fn check_items(path: &str, items: &[Value], found: &mut Vec<Message>) {
    if items.len() > MAX_ITEMS {
        found.push(Message::new(
            "EXCEEDED_MAX_ENTITIES",
            path,
            "An event has 200 items at most.",
        ));
    }
    for (index, item) in items.iter().enumerate() {
        let at = format!("{path}.items[{index}]");
        let Some(item) = item.as_object() else {
            found.push(Message::new(
                "VALUE_INVALID",
                at,
                "An item must be an object.",
            ));
            continue;
        };
        if !item.contains_key("item_id") && !item.contains_key("item_name") {
            found.push(Message::new(
                "VALUE_REQUIRED",
                &at,
                "An item needs an id or a name.",
            ));
        }
        let custom = item
            .keys()
            .filter(|key| !ITEM_PARAMS.contains(&key.as_str()))
            .count();
        if custom > MAX_CUSTOM_ITEM_PARAMS {
            found.push(Message::new(
                "EXCEEDED_MAX_ENTITIES",
                &at,
                "Too many custom parameters.",
            ));
        }
        found.extend(
            item.iter()
                .filter_map(|(name, value)| param_fault(&at, name, value)),
        );
    }
}

/// `[A-Za-z][A-Za-z0-9_]*`
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(super) fn is_scalar(value: &Value) -> bool {
    value.is_string() || value.is_number()
}

/// Characters of a text; a number has no length of its own.
pub(super) fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn max_length(param: &str) -> usize {
    match param {
        "page_title" => 300,
        "page_referrer" => 420,
        "page_location" => 1000,
        _ => MAX_VALUE,
    }
}

fn has_reserved_prefix(name: &str) -> bool {
    RESERVED_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
