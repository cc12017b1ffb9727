use std::time::Duration;

use cauce_flow::job::LeasedJob;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::{
    message::{Content, Message, Phone},
    testing::{
        NOW, check_answers, check_credentials, check_messages, check_table, covered, job, response,
        shown_told,
    },
};

const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");
const CALLBACKS: &str = include_str!("fixtures/callbacks.json");

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";
const SID: &str = "SM0123456789abcdef0123456789abcdef";
const OTHER: &str = "SMfedcba9876543210fedcba9876543210";

fn config(more: Value) -> Result<Twilio, ConfigError> {
    let mut config = json!({"account_sid": ACCOUNT, "auth_token": "tok"});
    let more = more.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(more);
    Twilio::new(serde_json::from_value(config).unwrap())
}

fn twilio() -> Twilio {
    config(json!({"from": "whatsapp:+34911222333"})).unwrap()
}

#[test]
fn messages_make_these_requests() {
    check_messages(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &twilio());
}

#[test]
fn every_row_of_the_table_is_used() {
    let codes = classify::TABLE.iter();
    check_table("twilio", ANSWERS, codes.map(|(codes, ..)| codes.start()));
}

#[test]
fn the_id_of_a_message_is_kept() {
    let sent = response(201, &json!({"sid": SID, "status": "queued"}));
    let judgement = twilio().classify(&[job("{}".into())], &sent, NOW);
    assert_eq!(judgement.verdict, judge::taken(SID));
}

#[test]
fn the_account_tells_of_itself() {
    check_credentials(include_str!("fixtures/checks.json"), &twilio());
    let request = twilio().check(NOW).unwrap();
    let url = format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}.json");
    assert_eq!((request.url, request.method), (url, http::Method::GET));
    assert!(!format!("{:?} {:?}", request.headers, twilio()).contains("dG9r"));
    assert!(!format!("{:?}", twilio()).contains("\"tok\""));
}

#[test]
fn an_account_is_refused_for_what_it_lacks() {
    for (more, expected) in [
        (json!({}), ConfigError::Origin),
        (
            json!({"from": "whatsapp:+34911222333", "messaging_service_sid": SERVICE}),
            ConfigError::Origin,
        ),
        (json!({"from": "+34911222333"}), ConfigError::From),
        (json!({"from": "whatsapp:34911222333"}), ConfigError::From),
        (
            json!({"messaging_service_sid": "MG1"}),
            ConfigError::Service,
        ),
    ] {
        assert_eq!(config(more.clone()).unwrap_err(), expected, "{more}");
    }
    let wrong = json!({"account_sid": "1", "from": "whatsapp:+34911222333"});
    assert_eq!(config(wrong).unwrap_err(), ConfigError::AccountSid);
}

#[test]
fn what_twilio_cannot_carry_is_not_sent() {
    let alien = job("{\"x\":1}".into());
    assert!(
        matches!(twilio().screen(&alien, NOW), Screened::Refuse(reason) if reason.code == "bad_payload")
    );
    let request = twilio().encode(&[alien], NOW);
    assert!(request.body.is_empty());
    let long = text_job(&"a".repeat(1_601));
    let Screened::Refuse(reason) = twilio().screen(&long, NOW) else {
        panic!("it is sent");
    };
    assert_eq!(reason.code, "message_unfit");
    assert!(
        reason.detail.starts_with("/text: longer"),
        "{}",
        reason.detail
    );
}

fn text_job(text: &str) -> LeasedJob {
    job(message(Content::Text(text.to_owned())).to_payload())
}

fn message(content: Content) -> Message {
    let to: Phone = "+34600123456".parse().unwrap();
    Message::new(to, content)
}

#[derive(Deserialize)]
struct Call {
    about: String,
    url: String,
    body: String,
    told: Vec<String>,
}

fn calls() -> Vec<Call> {
    serde_json::from_str(CALLBACKS).unwrap()
}

#[test]
fn calls_tell_this() {
    for call in calls() {
        let told = callback::told(&callback::Call {
            url: &call.url,
            body: call.body.as_bytes(),
            signature: "",
        });
        let told: Vec<String> = told.iter().map(shown_told).collect();
        assert_eq!(told, call.told, "{}", call.about);
    }
}

#[test]
fn a_call_is_for_the_sender_that_it_is_about() {
    let by_number = twilio().callbacks();
    let by_service = config(json!({"messaging_service_sid": SERVICE})).unwrap();
    let by_service = by_service.callbacks();
    let us = "whatsapp%3A%2B34911222333";
    let them = "whatsapp%3A%2B34600123456";
    for (body, number, service) in [
        (
            format!("AccountSid={ACCOUNT}&MessageStatus=sent&From={us}&To={them}"),
            true,
            false,
        ),
        (
            format!("AccountSid={ACCOUNT}&SmsStatus=received&From={them}&To={us}"),
            true,
            false,
        ),
        (
            format!("AccountSid={ACCOUNT}&SmsStatus=received&From={us}&To={them}"),
            false,
            false,
        ),
        (
            format!("AccountSid={SERVICE}&MessageStatus=sent&From={us}"),
            false,
            false,
        ),
        (
            format!("AccountSid={ACCOUNT}&MessageStatus=sent&MessagingServiceSid={SERVICE}"),
            false,
            true,
        ),
        (String::new(), false, false),
    ] {
        let call = callback::Call {
            url: "",
            body: body.as_bytes(),
            signature: "",
        };
        assert_eq!(by_number.is_ours(&call), number, "{body}");
        assert_eq!(by_service.is_ours(&call), service, "{body}");
    }
}

#[test]
fn only_the_account_whose_token_has_signed_is_believed() {
    let sender = config(json!({"from": "whatsapp:+34911222333", "auth_token": "12345"}));
    let call = callback::Call {
        url: "https://mycompany.com/myapp.php?foo=1&bar=2",
        body: b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
        signature: "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    };
    assert!(sender.unwrap().callbacks().is_authentic(&call));
    assert!(!twilio().callbacks().is_authentic(&call));
}

/// A message of the list, made `seconds` after [`NOW`].
fn listed(sid: &str, seconds: i64, body: &str) -> Value {
    let at = jiff::Timestamp::from_second(NOW.as_millis() / 1000 + seconds).unwrap();
    let at = at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    json!({
        "sid": sid, "direction": "outbound-api", "to": "whatsapp:+34600123456",
        "from": "whatsapp:+34911222333", "body": body, "num_media": "0", "status": "queued",
        "date_created": at, "date_sent": null,
    })
}

fn found(content: Content, list: Value, more: bool, after: u64) -> Found {
    let payload = message(content).to_payload();
    let asked = Asked {
        job: job(payload.clone()).id,
        payload: &payload,
        sent_at: NOW,
    };
    let next = more.then_some("/2010-04-01/next");
    let page = response(200, &json!({"messages": list, "next_page_uri": next}));
    twilio().classify_ask(&asked, &page, NOW + Duration::from_secs(after))
}

#[test]
fn a_message_is_found_by_its_person_its_time_and_its_words() {
    let there = Found::There {
        provider_id: SID.to_owned(),
    };
    let text = || Content::Text("Hola".to_owned());
    let with = |field: &str, value: Value| {
        let mut one = listed(SID, 1, "Hola");
        one[field] = value;
        json!([one])
    };
    let hola = || listed(SID, 1, "Hola");
    for (about, list, more, after, expected) in [
        ("it is there", json!([hola()]), false, 5, there.clone()),
        (
            "among others",
            json!([listed(OTHER, 3, "Otra"), hola()]),
            false,
            5,
            there.clone(),
        ),
        (
            "far enough back",
            json!([hola(), listed(OTHER, -61, "x")]),
            true,
            5,
            there.clone(),
        ),
        (
            "not far enough back",
            json!([hola()]),
            true,
            5,
            Found::CannotTell,
        ),
        (
            "two could be it",
            json!([hola(), listed(OTHER, 2, "Hola")]),
            false,
            500,
            Found::CannotTell,
        ),
        (
            "one of another time",
            json!([listed(SID, -61, "Hola")]),
            false,
            500,
            Found::NotThere,
        ),
        ("none", json!([]), false, 180, Found::NotThere),
        (
            "none, and more to read",
            json!([listed(OTHER, 200, "Otra")]),
            true,
            500,
            Found::CannotTell,
        ),
        ("none yet", json!([]), false, 179, Found::CannotTell),
        (
            "other words",
            json!([listed(SID, 1, "Otra")]),
            false,
            500,
            Found::NotThere,
        ),
        (
            "with a picture",
            with("num_media", json!("1")),
            false,
            500,
            Found::NotThere,
        ),
        (
            "written by the person",
            with("direction", json!("inbound")),
            false,
            500,
            Found::NotThere,
        ),
        (
            "to another",
            with("to", json!("whatsapp:+34600000000")),
            false,
            500,
            Found::NotThere,
        ),
        (
            "an id that is none",
            with("sid", json!("x")),
            false,
            500,
            Found::NotThere,
        ),
        (
            "a time that is none",
            with("date_created", json!("x")),
            false,
            500,
            Found::CannotTell,
        ),
    ] {
        assert_eq!(found(text(), list, more, after), expected, "{about}");
    }
}

#[test]
fn a_message_that_may_have_left_long_before_is_not_taken_for_missing() {
    let payload = message(Content::Text("Hola".to_owned())).to_payload();
    let asked = Asked {
        job: job(payload.clone()).id,
        payload: &payload,
        sent_at: NOW + Duration::from_secs(3600),
    };
    let late = NOW + Duration::from_secs(7200);
    let found = |seconds: i64, more: Option<&str>| {
        let list = json!([listed(SID, seconds, "Hola"), listed(OTHER, seconds, "Otra")]);
        let page = response(200, &json!({"messages": list, "next_page_uri": more}));
        twilio().classify_ask(&asked, &page, late)
    };
    for seconds in [-60, 1, 1800, 3539] {
        assert_eq!(found(seconds, None), Found::CannotTell, "{seconds}");
    }
    assert!(matches!(found(3540, None), Found::There { .. }));
    // Before the job was taken: another message.
    assert_eq!(found(-61, None), Found::NotThere);
    assert_eq!(found(-61, Some("/more")), Found::NotThere);
    assert_eq!(found(3661, Some("/more")), Found::CannotTell);
}

#[test]
fn the_words_of_a_template_are_not_known_here() {
    let template = json!({"template": {"contentSid": "HX0123456789abcdef0123456789abcdef"}});
    let content = || serde_json::from_value::<Content>(template.clone()).unwrap();
    let one = json!([listed(SID, 1, "Hola, Ana")]);
    assert!(matches!(
        found(content(), one, false, 5),
        Found::There { .. }
    ));
    let two = json!([listed(SID, 1, "Hola, Ana"), listed(OTHER, 2, "Adiós")]);
    assert_eq!(found(content(), two, false, 500), Found::CannotTell);
}

#[test]
fn an_answer_that_is_no_list_says_nothing() {
    let payload = message(Content::Text("Hola".to_owned())).to_payload();
    let asked = Asked {
        job: job(payload.clone()).id,
        payload: &payload,
        sent_at: NOW,
    };
    let late = NOW + Duration::from_secs(500);
    for answer in [
        response(200, &json!({})),
        response(500, &json!({"messages": []})),
        response(401, &json!({"code": 20003})),
        Answer::NotSent(crate::destination::Fault::Connect),
    ] {
        let found = twilio().classify_ask(&asked, &answer, late);
        assert_eq!(found, Found::CannotTell, "{answer:?}");
    }
}

#[test]
fn the_newest_messages_to_the_person_are_asked_for() {
    let payload = message(Content::Text("Hola".to_owned())).to_payload();
    let mut asked = Asked {
        job: job(payload.clone()).id,
        payload: &payload,
        sent_at: NOW,
    };
    let request = twilio().ask(&asked, NOW).unwrap();
    let expected = format!(
        "https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json\
         ?To=whatsapp%3A%2B34600123456&PageSize=100&From=whatsapp%3A%2B34911222333"
    );
    assert_eq!((request.url, request.method), (expected, http::Method::GET));
    asked.payload = b"{}";
    assert!(twilio().ask(&asked, NOW).is_none());
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[ANSWERS]),
        ["twilio_whatsapp: error bodies: legacy, RFC 9457, RFC 9457 with field list, not JSON"]
    );
}
