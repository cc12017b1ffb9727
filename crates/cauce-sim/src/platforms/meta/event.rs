//! What makes Meta refuse an event.
//!
//! Of the subcodes 2804xxx only those with a name of their own here have a published text; any
//! other flaw is answered with 2804019, which clients are known to meet as a fault of the payload.

use serde_json::{Map, Value};

use crate::check::{all_texts, integer, is_currency, is_hash, is_ip, is_plain, is_url};

const DAY_S: i64 = 86_400;
/// Events may be seven days old, and 62 if they come from a shop (parameters/server-event).
const MAX_AGE_S: i64 = 7 * DAY_S;
const MAX_SHOP_AGE_S: i64 = 62 * DAY_S;
/// How far ahead of our clock an event may lie; rudder-transformer allows as much.
const MAX_AHEAD_S: i64 = 60;

const ACTION_SOURCES: [&str; 9] = [
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
];
const EVENT_FIELDS: [&str; 16] = [
    "event_name",
    "event_time",
    "action_source",
    "event_source_url",
    "event_id",
    "user_data",
    "custom_data",
    "opt_out",
    "data_processing_options",
    "data_processing_options_country",
    "data_processing_options_state",
    "referrer_url",
    "original_event_data",
    "app_data",
    "messaging_channel",
    "customer_segmentation",
];
const HASHED: [&str; 16] = [
    "em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country", "f5first", "f5last", "fi",
    "dobd", "dobm", "doby",
];
const PLAIN: [&str; 11] = [
    "client_user_agent",
    "external_id",
    "subscription_id",
    "anon_id",
    "madid",
    "page_id",
    "page_scoped_user_id",
    "ctwa_clid",
    "ig_account_id",
    "ig_sid",
    "lead_id",
];
/// Identifiers that are too little to match anyone by, if nothing else is there
/// (parameters/customer-information-parameters).
const TOO_LITTLE: [&[&str]; 4] = [
    &["ct", "country", "st", "zp", "ge", "client_user_agent"],
    &["db", "client_user_agent"],
    &["fn", "ge"],
    &["ln", "ge"],
];

/// Why an event is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    TooOld,
    NoValue,
    NotHashed,
    BadUser,
    TooLittle,
    Processing,
    Other,
}

impl Flaw {
    pub(super) const fn subcode(self) -> u32 {
        match self {
            Flaw::TooOld => 2_804_003,
            Flaw::NoValue => 2_804_009,
            Flaw::NotHashed => 2_804_016,
            Flaw::BadUser => 2_804_014,
            Flaw::TooLittle => 2_804_050,
            Flaw::Processing => 2_804_030,
            Flaw::Other => 2_804_019,
        }
    }
}

/// Looks at one event.
pub(super) fn check(event: &Value, now_ms: i64) -> Result<(), Flaw> {
    let event = event.as_object().ok_or(Flaw::Other)?;
    must(
        event.keys().all(|key| EVENT_FIELDS.contains(&key.as_str())),
        Flaw::Other,
    )?;
    let name = text(event, "event_name").ok_or(Flaw::Other)?;
    must(!name.trim().is_empty(), Flaw::Other)?;
    let source = text(event, "action_source").ok_or(Flaw::Other)?;
    must(ACTION_SOURCES.contains(&source), Flaw::Other)?;
    check_time(event, source, now_ms / 1000)?;
    let url = text(event, "event_source_url");
    must(url.map_or(source != "website", is_url), Flaw::Other)?;
    must(
        optional(event, "event_id", |id| {
            id.as_str().is_some_and(|id| !id.is_empty())
        }),
        Flaw::Other,
    )?;
    must(
        optional(event, "referrer_url", Value::is_string),
        Flaw::Other,
    )?;
    must(optional(event, "opt_out", Value::is_boolean), Flaw::Other)?;
    check_processing(event)?;
    check_user(
        event
            .get("user_data")
            .and_then(Value::as_object)
            .ok_or(Flaw::BadUser)?,
    )?;
    check_custom(name, event.get("custom_data"))
}

fn check_time(event: &Map<String, Value>, source: &str, now_s: i64) -> Result<(), Flaw> {
    let time = event
        .get("event_time")
        .and_then(integer)
        .ok_or(Flaw::Other)?;
    let max_age = match source {
        "physical_store" => MAX_SHOP_AGE_S,
        _ => MAX_AGE_S,
    };
    must(now_s - time <= max_age, Flaw::TooOld)?;
    must(time - now_s <= MAX_AHEAD_S, Flaw::Other)
}

/// `[]` or `["LDU"]`, with a country of 0 or 1 and a state of 0 or 1000 to 1013.
fn check_processing(event: &Map<String, Value>) -> Result<(), Flaw> {
    let allowed = optional(event, "data_processing_options", |options| {
        options
            .as_array()
            .is_some_and(|list| list.is_empty() || *list == ["LDU"])
    });
    let number = |name: &str, fits: fn(i64) -> bool| {
        optional(event, name, |value| integer(value).is_some_and(fits))
    };
    let country = number("data_processing_options_country", |n| matches!(n, 0 | 1));
    let state = number("data_processing_options_state", |n| {
        matches!(n, 0 | 1000..=1013)
    });
    must(allowed && country && state, Flaw::Processing)
}

fn check_user(user: &Map<String, Value>) -> Result<(), Flaw> {
    for (field, value) in user {
        match field.as_str() {
            name if HASHED.contains(&name) => must(all_texts(value, is_hash), Flaw::NotHashed)?,
            // Hashing is recommended here, and not demanded.
            "external_id" => must(all_texts(value, |id| !id.is_empty()), Flaw::BadUser)?,
            "client_ip_address" => must(value.as_str().is_some_and(is_ip), Flaw::BadUser)?,
            "fbc" | "fbp" => must(value.as_str().is_some_and(is_click_id), Flaw::BadUser)?,
            "lead_id" | "fb_login_id" => must(integer(value).is_some(), Flaw::BadUser)?,
            name if PLAIN.contains(&name) => must(all_texts(value, is_plain), Flaw::BadUser)?,
            _ => return Err(Flaw::BadUser),
        }
    }
    let within = |few: &&[&str]| user.keys().all(|key| few.contains(&key.as_str()));
    must(!user.is_empty(), Flaw::BadUser)?;
    must(!TOO_LITTLE.iter().any(within), Flaw::TooLittle)
}

/// `fb.<subdomain>.<creation in ms>.<rest>`: thirteen digits tell milliseconds from seconds. What
/// does not begin so is a site's own, and is not looked into.
fn is_click_id(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("fb.") else {
        return is_plain(text);
    };
    let digits =
        |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
    let mut parts = rest.splitn(3, '.');
    parts.next().is_some_and(|part| digits(part, 1))
        && parts.next().is_some_and(|part| digits(part, 13))
        && parts.next().is_some_and(|part| !part.is_empty())
}

fn check_custom(event_name: &str, custom: Option<&Value>) -> Result<(), Flaw> {
    let none = Map::new();
    let custom = match custom {
        None => &none,
        Some(custom) => custom.as_object().ok_or(Flaw::Other)?,
    };
    if event_name == "Purchase" {
        must(custom.contains_key("value"), Flaw::NoValue)?;
        must(custom.contains_key("currency"), Flaw::Other)?;
    }
    must(optional(custom, "value", Value::is_number), Flaw::Other)?;
    must(
        optional(custom, "currency", |c| c.as_str().is_some_and(is_currency)),
        Flaw::Other,
    )?;
    must(
        optional(custom, "num_items", |n| integer(n).is_some()),
        Flaw::Other,
    )?;
    must(optional(custom, "order_id", Value::is_string), Flaw::Other)?;
    must(optional(custom, "content_ids", is_ids), Flaw::Other)?;
    must(optional(custom, "contents", is_contents), Flaw::Other)?;
    must(
        optional(custom, "content_type", |t| {
            *t == "product" || *t == "product_group"
        }),
        Flaw::Other,
    )
}

fn is_ids(ids: &Value) -> bool {
    ids.as_array()
        .is_some_and(|list| list.iter().all(|id| id.is_string() || id.is_number()))
}

fn is_contents(contents: &Value) -> bool {
    let is_item = |item: &Value| {
        let Some(item) = item.as_object() else {
            return false;
        };
        item.get("id").is_some_and(Value::is_string)
            && optional(item, "quantity", |quantity| integer(quantity).is_some())
            && optional(item, "item_price", Value::is_number)
    };
    contents
        .as_array()
        .is_some_and(|list| list.iter().all(is_item))
}

fn must(holds: bool, flaw: Flaw) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(flaw) }
}

fn text<'a>(event: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    event.get(name)?.as_str()
}

/// Absent, or as it should be.
fn optional(of: &Map<String, Value>, name: &str, passes: impl Fn(&Value) -> bool) -> bool {
    of.get(name).is_none_or(passes)
}
