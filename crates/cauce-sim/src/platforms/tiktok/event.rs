//! What makes TikTok refuse an event: the path of the first bad field and what is wrong with it.

use serde_json::{Map, Value};

use crate::check::{all_texts, integer, is_hash, is_ip, is_plain};

const DAY_S: i64 = 86_400;
/// Commonly quoted, not published.
const MAX_AGE_S: i64 = 28 * DAY_S;
const MAX_AHEAD_S: i64 = 600;

const EVENT_FIELDS: [&str; 11] = [
    "event",
    "event_time",
    "event_id",
    "user",
    "properties",
    "page",
    "limited_data_use",
    "app",
    "ad",
    "lead",
    "test_event_code",
];
const HASHED: [&str; 6] = [
    "email",
    "phone",
    "external_id",
    "first_name",
    "last_name",
    "zip_code",
];
const PLAIN: [&str; 12] = [
    "city",
    "state",
    "country",
    "ttclid",
    "ttp",
    "user_agent",
    "locale",
    "idfa",
    "gaid",
    "idfv",
    "att_status",
    "lead_id",
];
/// Events that stand for money.
const PURCHASES: [&str; 3] = ["Purchase", "CompletePayment", "PlaceAnOrder"];
/// The currencies that TikTok names (tiktok-business-ios-sdk, TikTokConstants.h).
const CURRENCIES: [&str; 67] = [
    "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BIF", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY",
    "COP", "CRC", "CZK", "DKK", "DZD", "EGP", "EUR", "GBP", "GTQ", "HKD", "HNL", "HUF", "IDR",
    "ILS", "INR", "IQD", "ISK", "JOD", "JPY", "KES", "KHR", "KRW", "KWD", "KZT", "LBP", "MAD",
    "MOP", "MXN", "MYR", "NGN", "NIO", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "PYG",
    "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "TZS", "UAH", "USD", "VES",
    "VND", "ZAR",
];

const MISSING: &str = "Missing data for required field.";
const NOT_TEXT: &str = "Not a valid string";
const NOT_NUMBER: &str = "Not a valid number.";
const NOT_WHOLE: &str = "Not a valid integer.";
const NOT_OBJECT: &str = "Invalid input type.";

/// Looks at one event.
pub(super) fn check(event: &Value, now_ms: i64) -> Result<(), String> {
    let event = event
        .as_object()
        .ok_or_else(|| fault("event", NOT_OBJECT))?;
    if let Some(name) = event
        .keys()
        .find(|key| !EVENT_FIELDS.contains(&key.as_str()))
    {
        return Err(fault(name, "Unknown field."));
    }
    let name = event.get("event").ok_or_else(|| fault("event", MISSING))?;
    let name = name
        .as_str()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| fault("event", NOT_TEXT))?;
    check_time(event, now_ms / 1000)?;
    optional(event, "event_id", "event_id", NOT_TEXT, Value::is_string)?;
    optional(
        event,
        "limited_data_use",
        "limited_data_use",
        "Not a valid boolean.",
        Value::is_boolean,
    )?;
    if let Some(user) = object(event, "user")? {
        check_user(user)?;
    }
    if let Some(page) = object(event, "page")? {
        optional(page, "url", "page.url", NOT_TEXT, Value::is_string)?;
        optional(
            page,
            "referrer",
            "page.referrer",
            NOT_TEXT,
            Value::is_string,
        )?;
    }
    let properties = object(event, "properties")?;
    check_properties(name, properties.unwrap_or(&Map::new()))
}

fn check_time(event: &Map<String, Value>, now_s: i64) -> Result<(), String> {
    let time = event
        .get("event_time")
        .ok_or_else(|| fault("event_time", MISSING))?;
    let time = integer(time).ok_or_else(|| fault("event_time", NOT_WHOLE))?;
    match (-MAX_AHEAD_S..=MAX_AGE_S).contains(&now_s.saturating_sub(time)) {
        true => Ok(()),
        false => Err(fault(
            "event_time",
            "Out of the range of times that are taken.",
        )),
    }
}

fn check_user(user: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in user {
        let fits = match name.as_str() {
            hashed if HASHED.contains(&hashed) => all_texts(value, is_hash),
            "ip" => value.as_str().is_some_and(is_ip),
            plain if PLAIN.contains(&plain) => value.as_str().is_some_and(is_plain),
            _ => return Err(fault(&format!("user.{name}"), "Unknown field.")),
        };
        if !fits {
            return Err(fault(&format!("user.{name}"), "Not a valid value."));
        }
    }
    Ok(())
}

fn check_properties(event: &str, properties: &Map<String, Value>) -> Result<(), String> {
    if PURCHASES.contains(&event) {
        for name in ["value", "currency"] {
            if !properties.contains_key(name) {
                return Err(fault(&format!("properties.{name}"), MISSING));
            }
        }
    }
    let known = |code: &Value| code.as_str().is_some_and(|code| CURRENCIES.contains(&code));
    let kind = |kind: &Value| *kind == "product" || *kind == "product_group";
    optional(
        properties,
        "value",
        "properties.value",
        NOT_NUMBER,
        Value::is_number,
    )?;
    optional(
        properties,
        "currency",
        "properties.currency",
        "Not a valid choice.",
        known,
    )?;
    optional(
        properties,
        "content_type",
        "properties.content_type",
        "Not a valid choice.",
        kind,
    )?;
    optional(
        properties,
        "num_items",
        "properties.num_items",
        NOT_WHOLE,
        |n| integer(n).is_some(),
    )?;
    for name in [
        "query",
        "description",
        "order_id",
        "shop_id",
        "search_string",
        "status",
    ] {
        optional(
            properties,
            name,
            &format!("properties.{name}"),
            NOT_TEXT,
            Value::is_string,
        )?;
    }
    let contents = match properties.get("contents") {
        None => return Ok(()),
        Some(contents) => contents
            .as_array()
            .ok_or_else(|| fault("properties.contents", NOT_OBJECT))?,
    };
    contents
        .iter()
        .enumerate()
        .try_for_each(|(index, content)| check_content(index, content))
}

fn check_content(index: usize, content: &Value) -> Result<(), String> {
    let path = |name: &str| format!("properties.contents.{index}.{name}");
    let content = content
        .as_object()
        .ok_or_else(|| fault(&path("_schema"), NOT_OBJECT))?;
    optional(
        content,
        "price",
        &path("price"),
        NOT_NUMBER,
        Value::is_number,
    )?;
    optional(content, "quantity", &path("quantity"), NOT_WHOLE, |n| {
        integer(n).is_some()
    })?;
    for name in [
        "content_id",
        "content_type",
        "content_category",
        "content_name",
        "brand",
    ] {
        optional(content, name, &path(name), NOT_TEXT, Value::is_string)?;
    }
    match content.contains_key("content_id") {
        true => Ok(()),
        false => Err(fault(&path("content_id"), MISSING)),
    }
}

fn object<'a>(
    of: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a Map<String, Value>>, String> {
    match of.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_object()
            .map(Some)
            .ok_or_else(|| fault(name, NOT_OBJECT)),
    }
}

/// Absent, or as it should be.
fn optional(
    of: &Map<String, Value>,
    name: &str,
    path: &str,
    why: &str,
    passes: impl Fn(&Value) -> bool,
) -> Result<(), String> {
    match of.get(name).is_none_or(passes) {
        true => Ok(()),
        false => Err(fault(path, why)),
    }
}

fn fault(path: &str, why: &str) -> String {
    format!("{path}: {why}")
}
