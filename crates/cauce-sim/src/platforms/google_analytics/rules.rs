//! What makes GA4 drop a request or an event, in the words of the validation twin.

use serde_json::{Map, Value};

use super::{message::Message, values};
use crate::check::{all_texts, is_hash};

const MAX_EVENTS: usize = 25;
const MAX_PARAMS: usize = 25;
const MAX_USER_PROPERTIES: usize = 25;
const HOUR_MICROS: i64 = 3_600_000_000;
/// Events may be backdated by 72 hours (reference, timestamp_micros).
const MAX_AGE_MICROS: i64 = 72 * HOUR_MICROS;
/// How far ahead of our clock an event may lie; rudder-transformer allows as much.
const MAX_AHEAD_MICROS: i64 = HOUR_MICROS / 4;
/// The reserved user property names (reference).
const RESERVED_PROPERTIES: [&str; 5] = [
    "first_open_time",
    "first_visit_time",
    "last_deep_link_referrer",
    "user_id",
    "first_open_after_install",
];

/// What is wrong with a request, and with each of its events.
#[derive(Default)]
pub(super) struct Report {
    pub(super) request: Vec<Message>,
    pub(super) events: Vec<Vec<Message>>,
}

/// Looks at a whole body.
pub(super) fn inspect(body: &Value, now_ms: i64) -> Report {
    let mut report = Report::default();
    let Some(body) = body.as_object() else {
        report.request.push(Message::new(
            "VALUE_INVALID",
            "",
            "The body is not a JSON object.",
        ));
        return report;
    };
    check_client(body, &mut report.request);
    check_user(body, &mut report.request);
    check_time(body, "timestamp_micros", now_ms, &mut report.request);
    match body.get("events").and_then(Value::as_array) {
        None => report.request.push(required("events")),
        Some(events) if events.is_empty() => report.request.push(required("events")),
        Some(events) => {
            if events.len() > MAX_EVENTS {
                report.request.push(too_many("events", MAX_EVENTS));
            }
            let each = events.iter().enumerate();
            report.events = each
                .map(|(index, event)| check_event(index, event, now_ms))
                .collect();
        }
    }
    report
}

/// A request belongs to one client, named by the right field for its kind of stream.
fn check_client(body: &Map<String, Value>, found: &mut Vec<Message>) {
    let named = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .is_some_and(|id| !id.is_empty())
    };
    if !named("client_id") && !named("app_instance_id") {
        found.push(required("client_id"));
    }
    if body.get("user_id").is_some_and(|id| !id.is_string()) {
        found.push(Message::new(
            "VALUE_INVALID",
            "user_id",
            "A user_id must be text.",
        ));
    }
}

fn check_user(body: &Map<String, Value>, found: &mut Vec<Message>) {
    for (name, consent) in body
        .get("consent")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let known = matches!(name.as_str(), "ad_user_data" | "ad_personalization");
        if !known || (*consent != "GRANTED" && *consent != "DENIED") {
            let path = format!("consent.{name}");
            found.push(Message::new(
                "VALUE_INVALID",
                path,
                "Consent is GRANTED or DENIED.",
            ));
        }
    }
    if let Some(properties) = body.get("user_properties").and_then(Value::as_object) {
        check_properties(properties, found);
    }
    if let Some(user) = body.get("user_data") {
        if !body.contains_key("user_id") {
            found.push(Message::new(
                "VALUE_REQUIRED",
                "user_id",
                "user_data needs a user_id.",
            ));
        }
        check_user_data(user, found);
    }
}

fn check_properties(properties: &Map<String, Value>, found: &mut Vec<Message>) {
    if properties.len() > MAX_USER_PROPERTIES {
        found.push(too_many("user_properties", MAX_USER_PROPERTIES));
    }
    for (name, property) in properties {
        let path = format!("user_properties.{name}");
        if RESERVED_PROPERTIES.contains(&name.as_str()) {
            found.push(Message::new(
                "NAME_RESERVED",
                &path,
                "This user property is reserved.",
            ));
        } else if name.len() > 24 || !values::is_name(name) {
            found.push(Message::new(
                "NAME_INVALID",
                &path,
                "This name is too long or not allowed.",
            ));
        }
        let value = property.get("value");
        if !value.is_some_and(|value| values::is_scalar(value) && values::length(value) <= 36) {
            found.push(Message::new(
                "VALUE_INVALID",
                &path,
                "A value has 36 characters at most.",
            ));
        }
    }
}

/// The `sha256_` fields are hashed, the rest of an address is not.
fn check_user_data(user: &Value, found: &mut Vec<Message>) {
    let Some(user) = user.as_object() else {
        found.push(Message::new(
            "VALUE_INVALID",
            "user_data",
            "user_data must be an object.",
        ));
        return;
    };
    let mut check = |name: &str, value: &Value| {
        let fits = match name {
            "city" | "region" | "postal_code" | "country" => {
                all_texts(value, |text| !is_hash(text))
            }
            _ => name.starts_with("sha256_") && all_texts(value, is_hash),
        };
        if !fits {
            let path = format!("user_data.{name}");
            found.push(Message::new(
                "VALUE_INVALID",
                path,
                "Hashed or plain, but not as asked.",
            ));
        }
    };
    for (name, value) in user.iter().filter(|(name, _)| *name != "address") {
        check(name, value);
    }
    let address = user.get("address");
    let list = address.map_or(&[][..], |a| {
        a.as_array().map_or(std::slice::from_ref(a), |l| l)
    });
    for (name, value) in list.iter().filter_map(Value::as_object).flatten() {
        check(name, value);
    }
}

fn check_time(of: &Map<String, Value>, name: &str, now_ms: i64, found: &mut Vec<Message>) {
    let Some(value) = of.get(name) else { return };
    let micros = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let Some(micros) = micros else {
        found.push(Message::new(
            "VALUE_INVALID",
            name,
            "A timestamp counts microseconds.",
        ));
        return;
    };
    let age = now_ms.saturating_mul(1000).saturating_sub(micros);
    if !(-MAX_AHEAD_MICROS..=MAX_AGE_MICROS).contains(&age) {
        let text = "A timestamp must lie within the last 72 hours.";
        found.push(Message::new("VALUE_OUT_OF_BOUNDS", name, text));
    }
}

fn check_event(index: usize, event: &Value, now_ms: i64) -> Vec<Message> {
    let mut found = Vec::new();
    let Some(event) = event.as_object() else {
        found.push(Message::new(
            "VALUE_INVALID",
            "events",
            "An event must be an object.",
        ));
        return found;
    };
    match event.get("name").and_then(Value::as_str) {
        None => found.push(required(&format!("events[{index}].name"))),
        Some(name) => found.extend(values::event_name_fault(index, name)),
    }
    check_time(event, "timestamp_micros", now_ms, &mut found);
    if let Some(params) = event.get("params") {
        match params.as_object() {
            Some(params) => check_params(index, params, &mut found),
            None => found.push(Message::new(
                "VALUE_INVALID",
                "params",
                "params must be an object.",
            )),
        }
    }
    if event.get("name").is_some_and(|name| name == "purchase") {
        check_purchase(index, event.get("params"), &mut found);
    }
    found
}

/// A value needs its currency, and a purchase its transaction (reference, purchase).
fn check_purchase(index: usize, params: Option<&Value>, found: &mut Vec<Message>) {
    for name in ["transaction_id", "value", "currency"] {
        if params.and_then(|params| params.get(name)).is_none() {
            found.push(required(&format!("events[{index}].params.{name}")));
        }
    }
}

fn check_params(index: usize, params: &Map<String, Value>, found: &mut Vec<Message>) {
    let path = format!("events[{index}].params");
    if params.len() > MAX_PARAMS {
        found.push(too_many(&path, MAX_PARAMS));
    }
    for (name, value) in params {
        match (name.as_str(), value) {
            ("items", Value::Array(items)) => values::check_items(&path, items, found),
            _ => found.extend(values::param_fault(&path, name, value)),
        }
    }
}

fn required(path: &str) -> Message {
    Message::new(
        "VALUE_REQUIRED",
        path,
        format!("The field {path} is required."),
    )
}

fn too_many(path: &str, max: usize) -> Message {
    Message::new(
        "EXCEEDED_MAX_ENTITIES",
        path,
        format!("At most {max} are allowed in {path}."),
    )
}
