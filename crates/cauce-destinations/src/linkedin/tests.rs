use serde_json::json;

use super::*;
use crate::{
    catalog,
    normalize::country::Country,
    pixel::{Choice, Consent, Defaults, PixelEvent, Platform, Prepared, Withheld},
    testing::{
        NOW, check_answers, check_credentials, check_forms, check_requests, covered, job, payload,
        prepared, refusal,
    },
};

const FORMS: &str = include_str!("fixtures/forms.json");
const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");

fn config() -> Config {
    serde_json::from_value(json!({
        "access_token": "tok&en", "client_id": "id", "client_secret": "s=1",
        "conversions": {"lead": "urn:lla:llaPartnerConversion:1"},
    }))
    .unwrap()
}

fn linkedin() -> LinkedIn {
    LinkedIn::new(config()).unwrap()
}

fn event(event_type: &str, user: serde_json::Value) -> PixelEvent {
    serde_json::from_value(json!({
        "eventId": "0190f5e0-7b7a-7000-8000-000000000001", "eventType": event_type,
        "occurredAt": NOW, "user": user,
    }))
    .unwrap()
}

#[test]
fn addresses_are_hashed_in_linkedins_form() {
    check_forms(FORMS, Platform::LinkedIn, |field| match field {
        "email" => ("email", "/data/event/user/userIds/0/idValue"),
        other => panic!("{other}"),
    });
}

#[test]
fn events_make_these_requests() {
    check_requests(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &linkedin());
}

#[test]
fn a_token_is_asked_about_with_the_apps_secret() {
    check_credentials(include_str!("fixtures/checks.json"), &linkedin());
    let request = linkedin().check(NOW).unwrap();
    assert_eq!(
        request.url,
        "https://www.linkedin.com/oauth/v2/introspectToken"
    );
    assert_eq!(
        &request.body[..],
        b"client_id=id&client_secret=s%3D1&token=tok%26en"
    );
    let own = Config {
        base_url: "http://127.0.0.1:9".to_owned(),
        ..config()
    };
    assert_eq!(
        encode::check(&own).unwrap().url,
        "http://127.0.0.1:9/oauth/v2/introspectToken"
    );
    let without = Config {
        client_secret: None,
        ..config()
    };
    assert!(encode::check(&without).is_none());
}

#[test]
fn a_rule_is_named_as_linkedin_names_it() {
    for bad in [
        "1",
        "urn:lla:llaPartnerConversion:",
        "urn:lla:llaPartnerConversion:1\"",
    ] {
        let mut config = config();
        config
            .conversions
            .insert("purchase".to_owned(), bad.to_owned());
        let fault = LinkedIn::new(config).unwrap_err();
        assert_eq!(
            fault,
            ConfigError::Rule {
                event_type: "purchase".to_owned()
            }
        );
    }
}

#[test]
fn an_event_without_a_rule_is_withheld_and_one_whose_rule_is_gone_is_refused() {
    let tenant = cauce_flow::id::TenantId::new("acme").unwrap();
    let config = config();
    let defaults = Defaults {
        tenant: &tenant,
        country: Country::find("ES"),
        consent: Consent::all(Choice::Granted),
        conversions: Some(&config.conversions),
    };
    let found = |event_type| {
        let event = event(event_type, json!({"email": "a@b.es"}));
        catalog::prepare(&event, Platform::LinkedIn, defaults, NOW)
    };
    assert_eq!(
        found("contact"),
        Prepared::Withheld(Withheld::NoConversionRule)
    );
    assert!(matches!(found("lead"), Prepared::Job { .. }));
    let email = json!({"email": "a@b.es"});
    let job = job(payload(
        &event("contact", email),
        Platform::LinkedIn,
        "",
        NOW,
    ));
    let refused = refusal(&linkedin(), &job, NOW).unwrap();
    assert_eq!(refused.code, "no_conversion_rule");
}

#[test]
fn half_a_name_is_no_name() {
    let found = |user| prepared(&event("lead", user), Platform::LinkedIn, "", NOW);
    let withheld = Prepared::Withheld(Withheld::NothingToMatch);
    assert_eq!(found(json!({"firstName": "Ana"})), withheld);
    assert_eq!(found(json!({"phone": "+34600123456"})), withheld);
    assert!(matches!(
        found(json!({"firstName": "Ana", "lastName": "G"})),
        Prepared::Job { .. }
    ));
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[FORMS, REQUESTS, ANSWERS]),
        [
            "linkedin_capi: hash: e-mail (RudderStack)",
            "linkedin_capi: hash: e-mail (lowercased before hashing)",
            "linkedin_capi: parse: error map of two indexes",
            "linkedin_capi: request: single event, all fields",
            "linkedin_capi: response: 400 wrong conversion rule",
            "linkedin_capi: response: 401 revoked vs invalid token",
            "linkedin_capi: response: 422 names the bad elements; the whole batch is refused",
            "linkedin_capi: time: milliseconds",
        ]
    );
}

#[test]
fn names_that_came_hashed_are_not_sent_as_names() {
    let hash = "a".repeat(64);
    for user in [
        json!({"email": "a@b.es", "firstName": hash, "lastName": "García"}),
        json!({"email": "a@b.es", "firstName": "Ana", "lastName": hash}),
    ] {
        let payload = payload(&event("lead", user), Platform::LinkedIn, "", NOW);
        let payload = String::from_utf8(payload.to_vec()).unwrap();
        assert!(!payload.contains("userInfo"), "{payload}");
    }
}
