//! Shows what a job carries without what it says about people.
//!
//! A field is shown only if its name is known to hold nothing personal; of every other text only
//! the length is told. A list of what to hide would miss the field that somebody adds tomorrow.

use serde_json::{Map, Value};

/// Names (of any part or platform) whose values say nothing about a person.
const SHOWN: &[&str] = &[
    "action_source",
    "action_type",
    "brand",
    "category",
    "client_timestamp_micros",
    "consent",
    "content_category",
    "content_ids",
    "content_name",
    "content_type",
    "contents",
    "conversion",
    "conversion_value",
    "count",
    "currency",
    "currency_code",
    "custom_event_type",
    "delivery_category",
    "enqueued_at",
    "event",
    "event_id",
    "event_name",
    "event_source",
    "event_time",
    "event_type",
    "happened_at",
    "id",
    "item_id",
    "item_name",
    "items",
    "num_items",
    "occurred_at",
    "order_id",
    "platforms",
    "price",
    "priority",
    "quantity",
    "tenant_id",
    "timestamp",
    "timestamp_micros",
    "transaction_id",
    "type",
    "value",
];

/// Objects in which everything is about a person, whatever its name.
const PERSONAL: &[&str] = &[
    "user",
    "user_data",
    "user_properties",
    "user_info",
    "client",
    "page",
    "context",
];

/// The payload of a job, fit to be shown.
pub(crate) fn payload(bytes: &[u8]) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(value) => masked(value, true),
        Err(_) => hidden(bytes.len()),
    }
}

fn masked(value: Value, shown: bool) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields_masked(fields, shown)),
        Value::Array(items) => items.into_iter().map(|item| masked(item, shown)).collect(),
        Value::String(text) if !shown => hidden(text.len()),
        Value::Number(_) if !shown => Value::from("***"),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => value,
    }
}

fn fields_masked(fields: Map<String, Value>, shown: bool) -> Map<String, Value> {
    let one = |(name, value): (String, Value)| {
        let holds_more = value.is_object() || value.is_array();
        let fit = shown && !PERSONAL.contains(&name.as_str());
        let fit = fit && (holds_more || SHOWN.contains(&name.as_str()));
        let value = masked(value, fit);
        (name, value)
    };
    fields.into_iter().map(one).collect()
}

fn hidden(length: usize) -> Value {
    Value::from(format!("*** ({length} bytes)"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_fields_known_to_be_harmless_are_shown() {
        let message = json!({
            "event_id": "e-1",
            "data": {
                "event_name": "purchase",
                "user_data": {"em": ["5f2b"], "name": "Ana", "consent": true},
                "custom_data": {"value": 9.5, "coupon": "ana@x.es", "loyalty": 77},
                "items": [{"id": "sku", "serial": "x"}],
            },
        });
        let shown = payload(message.to_string().as_bytes());
        assert_eq!(shown["event_id"], "e-1");
        assert_eq!(shown["data"]["event_name"], "purchase");
        assert_eq!(shown["data"]["user_data"]["em"][0], "*** (4 bytes)");
        assert_eq!(shown["data"]["user_data"]["name"], "*** (3 bytes)");
        assert_eq!(shown["data"]["custom_data"]["value"], 9.5);
        assert_eq!(shown["data"]["custom_data"]["coupon"], "*** (8 bytes)");
        assert_eq!(shown["data"]["custom_data"]["loyalty"], "***");
        assert_eq!(
            shown["data"]["items"][0],
            json!({"id": "sku", "serial": "*** (1 bytes)"})
        );
    }

    #[test]
    fn what_is_not_json_is_hidden() {
        assert_eq!(payload(b"\x00\x01"), "*** (2 bytes)");
    }
}
