use cauce_flow::time::Timestamp;

use crate::pixel::PixelEvent;

/// 2026-01-01.
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn event(json: &str) -> PixelEvent {
    serde_json::from_str(json).unwrap()
}

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    let faults = event(json).check(NOW);
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, expected, "{faults:?}");
}

const WHOLE: &str = r#"{
    "eventId": "0190f5e0-7b7a-7000-8000-000000000001", "tenantId": "acme",
    "eventType": "purchase", "occurredAt": "2025-12-31T23:59:00Z", "platforms": ["meta", "google"],
    "priority": "high",
    "user": {"email": "ana@example.com", "phone": "+34600123456", "firstName": "Ana",
        "lastName": "García", "gender": "f", "birthDate": "1990-01-31", "city": "Madrid",
        "state": "Madrid", "zip": 28001, "country": "España", "externalId": 7},
    "client": {"ip": "203.0.113.7", "userAgent": "Mozilla", "gaClientId": "1.2", "gaSessionId": 3},
    "page": {"url": "https://tienda.example/café?q=1", "referrer": "android-app://org.example",
        "title": "Café"},
    "data": {"value": "12.50", "currency": "eur", "orderId": "A-1", "coupon": "NAVIDAD",
        "points": 3, "gift": true, "nothing": null,
        "items": [{"id": 1, "name": "Taza", "quantity": 2, "price": 6.25}]},
    "consent": {"adStorage": "granted", "analytics": "denied"}
}"#;

#[test]
fn a_whole_event_has_no_fault() {
    check(WHOLE, &[]);
    let event = event(WHOLE);
    assert_eq!(event.user.zip.as_deref(), Some("28001"));
    assert_eq!(event.data.value.map(|value| value.0), Some(12.5));
    assert_eq!(event.data.custom.0.len(), 3, "a null is no field");
}

#[test]
fn snake_case_is_the_same_event() {
    let snake = event(
        r#"{"event_id": "0190f5e0-7b7a-7000-8000-000000000001", "event_type": "lead",
        "occurred_at": 1767225600000, "user": {"first_name": "Ana"}, "client": {"ga_client_id": 1},
        "data": {"order_id": 5}, "consent": {"ad_user_data": "denied"}}"#,
    );
    assert_eq!(snake.check(NOW), []);
    assert_eq!(snake.user.first_name.as_deref(), Some("Ana"));
    assert_eq!(snake.client.ga_client_id.as_deref(), Some("1"));
    assert_eq!(snake.data.order_id.as_deref(), Some("5"));
    assert!(snake.consent.ad_user_data.is_some());
}

#[test]
fn every_bad_field_is_named_at_once() {
    check(
        r#"{"eventId": "7", "tenantId": "a b", "eventType": "9lives",
        "occurredAt": "2026-01-01T00:01:01Z", "platforms": ["meta", "gogle"],
        "user": {"emial": "x", "country": "Atlantis"}, "client": {"ip": "300.1.1.1"},
        "page": {"url": "example.com", "referrer": "x y"},
        "data": {"value": -1, "currency": "EURO", "items": [{"price": 1e13, "sku": 1}],
            "own field": 1, "deep": {"a": [1]}}, "consent": {"marketing": "granted"}}"#,
        &[
            "/eventId",
            "/tenantId",
            "/eventType",
            "/occurredAt",
            "/platforms/1",
            "/user/emial",
            "/user/country",
            "/client/ip",
            "/page/url",
            "/page/referrer",
            "/data/value",
            "/data/currency",
            "/data/items/0/sku",
            "/data/items/0",
            "/data/items/0/price",
            "/data/own field",
            "/data/deep",
            "/consent/marketing",
        ],
    );
}

#[test]
fn a_misspelt_name_is_answered_with_the_one_that_was_meant() {
    let faults = event(r#"{"eventType": "lead", "user": {"frstName": 1, "zzz": 1}}"#).check(NOW);
    assert_eq!(faults[0].detail, "unknown field; meant `firstName`?");
    assert_eq!(
        faults[1].detail,
        "unknown field; fields of your own belong in `data`"
    );
}

#[test]
fn no_fault_repeats_a_value() {
    let faults = event(
        r#"{"eventType": "secret!", "user": {"country": "secret"},
        "client": {"ip": "secret"}, "page": {"url": "secret"}, "data": {"currency": "secret"}}"#,
    )
    .check(NOW);
    assert_eq!(faults.len(), 5);
    assert!(!format!("{faults:?}").contains("secret"));
}

#[test]
fn a_purchase_needs_its_worth() {
    check(
        r#"{"eventType": "purchase"}"#,
        &["/data/value", "/data/currency"],
    );
}

#[test]
fn seconds_taken_for_milliseconds_are_noticed() {
    check(
        r#"{"eventType": "lead", "occurredAt": 1767225600}"#,
        &["/occurredAt"],
    );
    check(r#"{"eventType": "lead", "occurredAt": 1767225600000}"#, &[]);
}

#[test]
fn an_event_says_what_happened() {
    check("{}", &["/eventType"]);
}

#[test]
fn the_number_of_faults_is_bounded() {
    let items = vec![r#"{"a": 1, "b": 2}"#; 100].join(",");
    let event = event(&format!(
        r#"{{"eventType": "lead", "data": {{"items": [{items}]}}}}"#
    ));
    assert_eq!(event.check(NOW).len(), super::MAX_FAULTS);
}

#[test]
fn an_event_is_completed_once() {
    let mut lead = event(r#"{"eventType": "lead"}"#);
    lead.complete(|| "made".to_owned(), NOW);
    lead.complete(
        || "again".to_owned(),
        NOW + std::time::Duration::from_secs(1),
    );
    assert_eq!(lead.event_id.as_deref(), Some("made"));
    assert_eq!(lead.occurred_at, Some(NOW));
}

#[test]
fn debug_shows_no_personal_data() {
    let event = event(WHOLE);
    let shown = format!(
        "{event:?} {:?} {:?} {:?} {:?}",
        event.user, event.client, event.page, event.data
    );
    for private in [
        "ana@",
        "600123456",
        "Ana",
        "García",
        "203.0.113.7",
        "tienda",
        "NAVIDAD",
    ] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}

#[test]
fn personal_data_in_a_field_of_ones_own_is_refused() {
    check(
        r#"{"eventType": "lead", "data": {"contact": "ana@example.com"}}"#,
        &["/data/contact"],
    );
}

#[test]
fn what_php_and_others_write_for_nothing_is_nothing() {
    check(
        r#"{"eventType": "lead", "eventId": null, "platforms": null, "user": [], "client": null,
        "page": [], "data": {"items": null, "value": null}, "consent": []}"#,
        &[],
    );
    let list = serde_json::from_str::<PixelEvent>(r#"{"eventType": "lead", "user": [1]}"#);
    assert!(list.is_err());
}

#[test]
fn control_characters_become_spaces() {
    let event =
        event("{\"page\": {\"title\": \"one\\ntwo\\u0000\"}, \"data\": {\"own\": \"a\\tb\"}}");
    assert_eq!(event.page.title.as_deref(), Some("one two"));
    let own = crate::pixel::CustomValue::Text("a b".to_owned());
    assert_eq!(event.data.custom.0, [("own".to_owned(), own)]);
}
