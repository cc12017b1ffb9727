use serde_json::{Value, json};

use super::*;
use crate::{
    pixel::Platform,
    testing::{NOW, check_answers, check_credentials, check_forms, check_requests, covered},
};

const FORMS: &str = include_str!("fixtures/forms.json");
const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");

fn tiktok(test_event_code: Option<&str>) -> TikTok {
    let config = json!({
        "pixel_code": "P", "access_token": "tok", "test_event_code": test_event_code,
    });
    TikTok::new(serde_json::from_value(config).unwrap())
}

#[test]
fn personal_data_is_hashed_in_tiktoks_form() {
    check_forms(FORMS, Platform::TikTok, |field| match field {
        "email" => ("email", "/data/event/user/email"),
        "phone" => ("phone", "/data/event/user/phone"),
        "external_id" => ("externalId", "/data/event/user/external_id"),
        "zip" => ("zip", "/data/event/user/zip_code"),
        "first_name" => ("firstName", "/data/event/user/first_name"),
        other => panic!("{other}"),
    });
}

#[test]
fn events_make_these_requests() {
    check_requests(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &tiktok(None));
}

#[test]
fn every_row_of_the_table_is_used() {
    for (codes, ..) in classify::TABLE {
        let named = |code: i64| ANSWERS.contains(&format!("tiktok_{code}"));
        assert!(codes.clone().any(named), "no answer with {codes:?}");
    }
}

#[test]
fn a_token_is_checked_by_a_test_event_and_only_so() {
    check_credentials(include_str!("fixtures/checks.json"), &tiktok(Some("TEST")));
    assert!(tiktok(None).check(NOW).is_none());
    let request = tiktok(Some("TEST")).check(NOW).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["test_event_code"], "TEST");
    assert_eq!(body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[FORMS, REQUESTS, ANSWERS]),
        [
            "tiktok_events: hash: e-mails",
            "tiktok_events: hash: external_id, e-mail, phone (RudderStack)",
            "tiktok_events: hash: phones get a leading + (max 15 characters kept)",
            "tiktok_events: request: contents item",
            "tiktok_events: request: custom event v2 (RudderStack)",
            "tiktok_events: response: HTML 502",
            "tiktok_events: response: HTTP 200, no permission for the pixel",
            "tiktok_events: response: HTTP 200, token revoked",
        ]
    );
}
