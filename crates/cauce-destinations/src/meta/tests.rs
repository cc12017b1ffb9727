use super::*;
use crate::{
    pixel::Platform,
    testing::{NOW, check_answers, check_credentials, check_forms, check_requests, covered},
};

const FORMS: &str = include_str!("fixtures/forms.json");
const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");

fn meta() -> Meta {
    let config = r#"{"dataset_id": "1", "access_token": "EAA|t", "app_secret": "app-secret"}"#;
    Meta::new(serde_json::from_str(config).unwrap())
}

#[test]
fn personal_data_is_hashed_in_metas_form() {
    check_forms(FORMS, Platform::Meta, |field| match field {
        "em" => ("email", "/data/event/user_data/em"),
        "ph" => ("phone", "/data/event/user_data/ph"),
        "fn" => ("firstName", "/data/event/user_data/fn"),
        "ln" => ("lastName", "/data/event/user_data/ln"),
        "ge" => ("gender", "/data/event/user_data/ge"),
        "db" => ("birthDate", "/data/event/user_data/db"),
        "ct" => ("city", "/data/event/user_data/ct"),
        "st" => ("state", "/data/event/user_data/st"),
        "zp" => ("zip", "/data/event/user_data/zp"),
        "country" => ("country", "/data/event/user_data/country"),
        "external_id" => ("externalId", "/data/event/user_data/external_id"),
        other => panic!("{other}"),
    });
}

#[test]
fn events_make_these_requests() {
    check_requests(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &meta());
}

#[test]
fn a_token_tells_of_itself() {
    check_credentials(include_str!("fixtures/checks.json"), &meta());
    let request = meta().check(NOW).unwrap();
    let proof = encode::proof("app-secret", "EAA|t");
    assert_eq!(
        request.url,
        format!(
            "https://graph.facebook.com/v26.0/debug_token\
             ?input_token=EAA%7Ct&access_token=EAA%7Ct&appsecret_proof={proof}"
        )
    );
    assert!(!format!("{request:?} {:?}", meta()).contains("EAA"));
}

#[test]
fn every_row_of_the_table_is_used() {
    for (codes, subcode, ..) in classify::TABLE {
        let code = format!("meta_{}", codes.start());
        let code = subcode.map_or(code.clone(), |subcode| format!("{code}_{subcode}"));
        assert!(ANSWERS.contains(&code), "no answer with {code}");
    }
}

#[test]
fn sets_of_weak_fields_are_withheld() {
    use crate::{
        pixel::{PixelEvent, Prepared, Withheld},
        testing::prepared,
    };
    let matches = |user: &str, client: &str| {
        let json = format!(
            r#"{{"eventId": "0190f5e0-7b7a-7000-8000-000000000001", "eventType": "lead",
            "occurredAt": 1767225600000, "user": {user}, "client": {client}}}"#
        );
        let event: PixelEvent = serde_json::from_str(&json).unwrap();
        match prepared(&event, Platform::Meta, "", NOW) {
            Prepared::Job { .. } => true,
            Prepared::Withheld(Withheld::NothingToMatch) => false,
            other => panic!("{other:?}"),
        }
    };
    let agent = r#"{"userAgent": "Mozilla"}"#;
    for refused in [
        r#"{}"#,
        r#"{"city": "a", "country": "es", "state": "b", "zip": 1, "gender": "f"}"#,
        r#"{"birthDate": "1990-01-31"}"#,
    ] {
        assert!(!matches(refused, agent), "{refused}");
    }
    for refused in [
        r#"{"firstName": "a", "gender": "f"}"#,
        r#"{"lastName": "a", "gender": "f"}"#,
    ] {
        assert!(!matches(refused, "{}"), "{refused}");
        assert!(matches(refused, agent), "{refused}");
    }
    for taken in [
        r#"{"email": "a@b.es"}"#,
        r#"{"firstName": "a", "lastName": "b"}"#,
        r#"{"birthDate": "1990-01-31", "zip": 1}"#,
    ] {
        assert!(matches(taken, "{}"), "{taken}");
    }
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[FORMS, REQUESTS, ANSWERS]),
        [
            "meta_capi: LIBRARY CONFLICTS (both run here)",
            "meta_capi: PITFALL: national phone number hashed without country code",
            "meta_capi: appsecret_proof",
            "meta_capi: hash: documented normalisation of email/phone/name/dob/country",
            "meta_capi: hash: param-builder tests for phone, city, zip, state",
            "meta_capi: hash: values already hashed pass through (lowercased), never hashed twice",
            "meta_capi: normalise: PHP SDK test cases",
            "meta_capi: request: form-encoded event (RudderStack)",
            "meta_capi: response: event too old",
            "meta_capi: response: purchase without value",
            "meta_capi: response: success",
        ]
    );
}
