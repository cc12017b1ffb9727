//! What Twilio's stand-in takes, shows and refuses.

use base64::{Engine, prelude::BASE64_STANDARD};
use cauce_sim::{Fault, Options, PairLimit, Platform, RetryAfter, StandIn, Treatment};
use serde_json::Value;

use crate::client::{Call, Reply};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TO: &str = "whatsapp:+34600123456";
const FROM: &str = "whatsapp:+14155238886";
const HX: &str = "HX0123456789abcdef0123456789abcdef";
const MG: &str = "MG0123456789abcdef0123456789abcdef";

async fn start() -> StandIn {
    StandIn::start(Platform::Twilio, Options::default())
        .await
        .unwrap()
}

fn basic(user: &str, token: &str) -> String {
    format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("{user}:{token}"))
    )
}

fn path() -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> Call {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Call::post(&path(), &Value::Null)
        .body(&body)
        .with("Content-Type", "application/x-www-form-urlencoded")
        .with("Authorization", &basic(ACCOUNT, "ok"))
}

fn text() -> Vec<(&'static str, &'static str)> {
    vec![("To", TO), ("From", FROM), ("Body", "Hola")]
}

/// The text with a parameter changed, or taken away where it is empty.
fn with<'a>(name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<_> = text().into_iter().filter(|(key, _)| *key != name).collect();
    if !value.is_empty() {
        pairs.push((name, value));
    }
    pairs
}

fn code(reply: &Reply) -> (u16, u64) {
    let code = reply.json()["code"].as_u64();
    (reply.status, code.unwrap_or(0))
}

#[tokio::test]
async fn message_is_taken_and_counted_for_its_recipient() {
    let twilio = start().await;
    let reply = form(&text()).send(&twilio).await;
    let body = reply.json();
    assert_eq!(
        (reply.status, body["status"].as_str()),
        (201, Some("queued"))
    );
    let sid = body["sid"].as_str().unwrap();
    assert!(sid.starts_with("SM") && sid.len() == 34, "{sid}");
    let messages = twilio.messages();
    assert_eq!(messages.effects(), [(34_600_123_456, 1)].into());
    assert_eq!(messages.effects_of("+34 600 123 456"), 1);
    let taken = &messages.taken()[0];
    assert_eq!((taken.id.as_str(), taken.content.as_str()), (sid, "Hola"));

    let accepted = form(&[("To", TO), ("MessagingServiceSid", MG), ("Body", "x")]);
    assert_eq!(accepted.send(&twilio).await.json()["status"], "accepted");
    assert_eq!(messages.effects_of(TO), 2);
}

#[tokio::test]
async fn each_kind_of_content_is_taken() {
    let twilio = start().await;
    for (pairs, kind) in [
        (vec![("Body", "Hola")], "text"),
        (vec![("MediaUrl", "https://a.example/1.png")], "media"),
        (
            vec![("ContentSid", HX), ("ContentVariables", "{\"1\":\"Ana\"}")],
            "template",
        ),
        (
            vec![("Body", "x"), ("PersistentAction", "geo:40.4,-3.7|Madrid")],
            "location",
        ),
    ] {
        let pairs = [vec![("To", TO), ("From", FROM)], pairs].concat();
        let reply = form(&pairs).send(&twilio).await;
        assert_eq!(reply.status, 201, "{kind}");
        let media = if kind == "media" { "1" } else { "0" };
        assert_eq!(reply.json()["num_media"], media, "{kind}");
        assert_eq!(twilio.messages().taken().last().unwrap().kind, kind);
    }
}

#[tokio::test]
async fn each_fault_of_a_message_has_its_code() {
    let twilio = start().await;
    let long = "ñ".repeat(1601);
    let cases = [
        (with("To", ""), 21_604),
        (with("To", "+34600123456"), 21_211),
        (with("To", "whatsapp:34600123456"), 21_211),
        (with("To", "whatsapp:+034600123456"), 21_211),
        (with("To", "whatsapp:+3460012345678901"), 21_211),
        (with("To", FROM), 63_031),
        (with("From", ""), 21_603),
        (with("From", "+14155238886"), 21_910),
        (with("From", "whatsapp:14155238886"), 21_212),
        (with("Body", ""), 21_619),
        (with("Body", &long), 21_617),
        (with("MediaUrl", "ftp://a.example/1.png"), 21_620),
        (with("PersistentAction", "geo:91,0"), 21_657),
        (with("StatusCallback", "/callback"), 21_609),
        (with("StatusCallback", "https://a_b.example/"), 21_609),
        (with("ValidityPeriod", "36001"), 20_001),
        (with("SendAt", "2026-01-01T00:00:00Z"), 35_118),
        (with("ContentSid", "HX1"), 21_655),
        (with("ContentVariables", "{}"), 21_654),
        (with("Boddy", "x"), 20_001),
    ];
    for (pairs, expected) in cases {
        let reply = form(&pairs).send(&twilio).await;
        assert_eq!(code(&reply), (400, expected), "{pairs:?}");
    }
    for variables in ["[]", "{\"1\":7}", "no"] {
        let pairs = [
            with("ContentSid", HX),
            vec![("ContentVariables", variables)],
        ]
        .concat();
        assert_eq!(code(&form(&pairs).send(&twilio).await).1, 21_656);
    }
    let many = vec![("MediaUrl", "https://a.example/1.png"); 11];
    let many = [text(), many].concat();
    assert_eq!(code(&form(&many).send(&twilio).await).1, 21_623);
    let json = form(&text()).with("Content-Type", "application/json");
    assert_eq!(code(&json.send(&twilio).await).1, 21_604);
    assert_eq!(twilio.messages().count(), 0);
    assert_eq!(twilio.ledger().refusals()["21211"], 4);
}

#[tokio::test]
async fn errors_come_in_two_forms() {
    let twilio = start().await;
    let old = form(&with("To", "x")).send(&twilio).await.json();
    assert!(old["message"].is_string() && old["more_info"].is_string());
    twilio.messages().treat(TO, Treatment::Refused(21_610));
    let new = form(&text()).send(&twilio).await.json();
    assert!(new["message"].is_null() && new["title"].is_string() && new["detail"].is_string());
}

#[tokio::test]
async fn credentials_and_account_decide() {
    let options = Options {
        account: Some(ACCOUNT.into()),
        ..Options::default()
    };
    let twilio = StandIn::start(Platform::Twilio, options).await.unwrap();
    let as_ = |user: &str, token: &str| form(&text()).with("Authorization", &basic(user, token));
    assert_eq!(as_(ACCOUNT, "ok").send(&twilio).await.status, 201);
    assert_eq!(as_("SK0123", "ok").send(&twilio).await.status, 201);
    for (user, token, expected) in [
        (ACCOUNT, "unheard-of", (401, 20_003)),
        (ACCOUNT, "expired", (401, 20_003)),
        ("AC99", "ok", (401, 20_003)),
        (ACCOUNT, "throttled", (429, 20_429)),
    ] {
        let reply = as_(user, token).send(&twilio).await;
        assert_eq!(code(&reply), expected, "{user} {token}");
    }
    let bare = form(&text()).without("Authorization");
    assert_eq!(code(&bare.send(&twilio).await), (401, 20_003));
    let other = path().replace(ACCOUNT, "AC77");
    let other = Call::get(&other).with("Authorization", &basic("AC77", "ok"));
    assert_eq!(code(&other.send(&twilio).await), (404, 20_404));
    let check = |token: &str| {
        Call::get(&format!("/2010-04-01/Accounts/{ACCOUNT}.json"))
            .with("Authorization", &basic(ACCOUNT, token))
    };
    let good = check("ok").send(&twilio).await;
    assert_eq!(
        (good.status, &good.json()["status"]),
        (200, &"active".into())
    );
    assert_eq!(check("revoked").send(&twilio).await.status, 401);
}

#[tokio::test]
async fn people_senders_and_pairs_are_refused_as_told() {
    let twilio = start().await;
    let messages = twilio.messages();
    messages.treat(TO, Treatment::Refused(21_610));
    assert_eq!(code(&form(&text()).send(&twilio).await), (400, 21_610));
    messages.treat(TO, Treatment::Reads);
    messages.set_senders(&["whatsapp:+1999999999"]);
    assert_eq!(code(&form(&text()).send(&twilio).await), (400, 63_007));
    messages.set_senders(&[FROM]);
    messages.set_pair_limit(Some(PairLimit {
        every: std::time::Duration::from_secs(60),
        burst: 2,
    }));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(form(&text()).send(&twilio).await.status);
    }
    assert_eq!(statuses, [201, 201, 400]);
    assert_eq!(messages.count(), 2);
}

#[tokio::test]
async fn lost_message_is_found_by_its_recipient_and_its_day() {
    let twilio = start().await;
    twilio.faults().next(1, Fault::ResetLate { accepts: true });
    assert!(form(&text()).try_send(twilio.addr).await.is_err());
    twilio.faults().next(1, Fault::ResetLate { accepts: false });
    let lost = [
        ("To", "whatsapp:+34600000001"),
        ("From", FROM),
        ("Body", "x"),
    ];
    assert!(form(&lost).try_send(twilio.addr).await.is_err());
    assert_eq!(twilio.messages().effects(), [(34_600_123_456, 1)].into());

    let list = async |query: &str| {
        let call = Call::get(&format!("{}?{query}", path()));
        let call = call.with("Authorization", &basic(ACCOUNT, "ok"));
        let reply = call.send(&twilio).await;
        assert_eq!(reply.status, 200);
        reply.json()["messages"].as_array().unwrap().clone()
    };
    let found = list("To=whatsapp%3A%2B34600123456&PageSize=20").await;
    assert_eq!((found.len(), &found[0]["body"]), (1, &"Hola".into()));
    assert_eq!(found[0]["status"], "read");
    assert!(
        found[0]["date_created"]
            .as_str()
            .unwrap()
            .ends_with("+0000")
    );
    assert!(list("To=whatsapp%3A%2B34600000001").await.is_empty());
    assert_eq!(list("DateSent%3E=2026-01-01").await.len(), 1);
    assert!(list("DateSent%3C=2026-01-01").await.is_empty());
    assert!(list("DateSent=2026-01-01").await.is_empty());

    let sid = found[0]["sid"].as_str().unwrap();
    let one = path().replace("Messages.json", &format!("Messages/{sid}.json"));
    let one = Call::get(&one).with("Authorization", &basic(ACCOUNT, "ok"));
    assert_eq!(one.send(&twilio).await.json()["sid"], sid);
    let none = path().replace("Messages.json", "Messages/SM1.json");
    let none = Call::get(&none).with("Authorization", &basic(ACCOUNT, "ok"));
    assert_eq!(code(&none.send(&twilio).await), (404, 20_404));
}

#[tokio::test]
async fn trouble_of_its_own_takes_nothing() {
    let twilio = start().await;
    let faults = twilio.faults();
    faults.next(1, Fault::TooManyRequests(RetryAfter::Seconds(2)));
    let limited = form(&text()).send(&twilio).await;
    assert_eq!(code(&limited), (429, 20_429));
    assert_eq!(limited.header("retry-after"), Some("2"));
    faults.next(1, Fault::ServerError { status: 500 });
    assert_eq!(code(&form(&text()).send(&twilio).await), (500, 20_500));
    faults.next(1, Fault::ServerError { status: 503 });
    let page = form(&text()).send(&twilio).await;
    assert!(page.status == 503 && page.body.starts_with(b"<html>"));
    assert_eq!(twilio.messages().count(), 0);
}
