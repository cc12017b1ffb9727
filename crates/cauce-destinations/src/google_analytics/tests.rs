use serde_json::{Value, json};

use super::*;
use crate::{
    pixel::{PixelEvent, Platform, Prepared, Withheld},
    testing::{
        NOW, check_answers, check_credentials, check_forms, check_requests, covered, job, payload,
        prepared,
    },
};

const FORMS: &str = include_str!("fixtures/forms.json");
const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");
const VALIDATIONS: &str = include_str!("fixtures/validations.json");

fn google(debug: bool) -> GoogleAnalytics {
    let config = json!({"measurement_id": "G-1", "api_secret": "S3", "debug": debug});
    GoogleAnalytics::new(serde_json::from_value(config).unwrap())
}

fn event(fields: Value) -> PixelEvent {
    let mut event = json!({
        "eventId": "0190f5e0-7b7a-7000-8000-000000000001", "eventType": "lead",
        "occurredAt": NOW, "client": {"gaClientId": "1.2"},
    });
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    serde_json::from_value(event).unwrap()
}

/// The parameters that Google is sent of an event.
fn params(fields: Value) -> Value {
    let payload = payload(&event(fields), Platform::Google, "", NOW);
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["data"]["event"]["params"].clone()
}

#[test]
fn personal_data_is_hashed_in_googles_form() {
    check_forms(FORMS, Platform::Google, |field| match field {
        "email" => ("email", "/data/person/user_data/sha256_email_address/0"),
        "phone" => ("phone", "/data/person/user_data/sha256_phone_number/0"),
        "first_name" => (
            "firstName",
            "/data/person/user_data/address/0/sha256_first_name",
        ),
        "last_name" => (
            "lastName",
            "/data/person/user_data/address/0/sha256_last_name",
        ),
        other => panic!("{other}"),
    });
}

#[test]
fn events_make_these_requests() {
    check_requests(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &google(false));
    check_answers(VALIDATIONS, &google(true));
}

#[test]
fn a_secret_cannot_be_checked() {
    check_credentials(include_str!("fixtures/checks.json"), &google(false));
    let request = google(false).check(NOW).unwrap();
    assert!(
        request.url.contains("/debug/mp/collect?"),
        "nothing may be recorded"
    );
    serde_json::from_slice::<Value>(&request.body).unwrap();
    assert!(!format!("{request:?} {:?}", google(false)).contains("S3"));
}

#[test]
fn a_request_is_of_one_browser_one_person_and_one_consent() {
    let key = |fields| {
        let job = job(payload(&event(fields), Platform::Google, "", NOW));
        google(false).batch_key(&job)
    };
    let one = key(json!({}));
    assert_eq!(
        one,
        key(json!({"eventType": "search", "data": {"search": "x"}}))
    );
    assert_ne!(one, key(json!({"client": {"gaClientId": "1.3"}})));
    assert_ne!(one, key(json!({"user": {"externalId": "7"}})));
    assert_ne!(
        one,
        key(json!({"consent": {"adPersonalization": "denied"}}))
    );
}

#[test]
fn names_that_google_keeps_are_withheld() {
    for name in [
        "session_start",
        "ga_own",
        "google_x",
        "firebase_x",
        "gtag",
        "error",
    ] {
        let event = event(json!({"eventType": name}));
        let found = prepared(&event, Platform::Google, "", NOW);
        assert_eq!(found, Prepared::Withheld(Withheld::ReservedName), "{name}");
    }
}

#[test]
fn names_that_google_refuses_are_refused_at_the_door() {
    for name in [
        "campaign@details",
        "_badEventName",
        "9lives",
        &"a".repeat(41),
    ] {
        let faults = event(json!({"eventType": name})).check(NOW);
        assert_eq!(faults[0].pointer, "/eventType", "{name}");
    }
}

#[test]
fn an_event_without_a_browser_is_withheld() {
    let found = prepared(&event(json!({"client": {}})), Platform::Google, "", NOW);
    assert_eq!(found, Prepared::Withheld(Withheld::NoClientId));
}

#[test]
fn no_more_than_25_parameters_are_sent_and_none_that_is_reserved() {
    let mut data = json!({"ga_x": 1, "_x": 1, "google_x": 1, "session_id": "own"});
    for number in 0..40 {
        data[format!("own_{number}")] = json!(number);
    }
    let params = params(json!({"data": data}));
    let params = params.as_object().unwrap();
    assert_eq!(params.len(), 25);
    let reserved = |name: &String| name.starts_with(['_', 'g']) || name == "session_id";
    assert!(!params.keys().any(reserved), "{params:?}");
}

#[test]
fn long_values_are_cut_at_characters() {
    let params = params(json!({
        "page": {"url": format!("https://a.es/{}", "ñ".repeat(995)), "title": "é".repeat(400)},
        "data": {"own": "ü".repeat(200)},
    }));
    let chars = |name: &str| params[name].as_str().unwrap().chars().count();
    assert_eq!(
        (chars("page_location"), chars("page_title"), chars("own")),
        (1000, 300, 100)
    );
}

#[test]
fn items_past_what_a_request_holds_are_left_out() {
    let item = json!({"id": "\"".repeat(500), "name": "ñ".repeat(500), "brand": "ñ".repeat(500)});
    let fields = json!({"data": {"items": vec![item; 200]}});
    assert_eq!(event(fields.clone()).check(NOW), []);
    let payload = payload(&event(fields), Platform::Google, "", NOW);
    assert!(payload.len() < 100_000, "{}", payload.len());
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let items = payload["data"]["event"]["params"]["items"]
        .as_array()
        .unwrap()
        .len();
    assert!((100..200).contains(&items), "{items}");
}

#[test]
fn a_purchase_without_an_order_is_known_by_its_event() {
    let params = params(json!({"eventType": "purchase", "data": {"value": 1, "currency": "EUR"}}));
    assert_eq!(
        params["transaction_id"],
        "0190f5e0-7b7a-7000-8000-000000000001"
    );
}

#[test]
fn an_id_that_is_an_address_is_not_sent_plain() {
    let event = event(json!({"user": {"externalId": "Ana@example.com"}}));
    let payload = payload(&event, Platform::Google, "", NOW);
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let hash = Hash::of("ana@example.com");
    assert_eq!(payload["data"]["person"]["user_id"], hash.as_str());
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[FORMS, REQUESTS, ANSWERS, VALIDATIONS]),
        [
            "ga4_mp: app stream url: firebase_app_id keeps its colons",
            "ga4_mp: debug: illegal character in the event name",
            "ga4_mp: debug: name starts with underscore",
            "ga4_mp: debug: valid event",
            "ga4_mp: user_data: gmail address",
            "ga4_mp: user_data: phone",
        ]
    );
}
