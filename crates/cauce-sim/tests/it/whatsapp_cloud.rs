//! What the stand-in of WhatsApp Cloud takes, shows and refuses.

use cauce_sim::{Fault, Options, PairLimit, Platform, RetryAfter, StandIn, Template, Treatment};
use serde_json::{Value, json};

use crate::client::{Call, Reply, set};

const PATH: &str = "/v25.0/106540352242922/messages";

async fn start() -> StandIn {
    StandIn::start(Platform::WhatsAppCloud, Options::default())
        .await
        .unwrap()
}

pub(crate) fn text() -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "34600123456",
        "type": "text", "text": {"body": "Hola", "preview_url": false},
        "biz_opaque_callback_data": "job-1",
    })
}

fn of(kind: &str, part: Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": "34600123456", "type": kind, kind: part})
}

fn template() -> Value {
    let text = json!({"type": "text", "text": "Ana"});
    let body = json!({"type": "body", "parameters": [text]});
    let part = json!({"name": "hola", "language": {"code": "es"}, "components": [body]});
    of("template", part)
}

pub(crate) fn send(body: &Value) -> Call {
    Call::post(PATH, body).with("Authorization", "Bearer ok")
}

fn code(reply: &Reply) -> (u16, u64) {
    let code = reply.json()["error"]["code"].as_u64();
    (reply.status, code.unwrap_or(0))
}

#[tokio::test]
async fn each_kind_of_message_is_taken() {
    let cloud = start().await;
    let bodies = [
        text(),
        template(),
        of(
            "image",
            json!({"link": "https://a.example/1.png", "caption": "x"}),
        ),
        of("document", json!({"id": "7", "filename": "a.pdf"})),
        of(
            "location",
            json!({"latitude": 40.4, "longitude": "-3.7", "name": "x"}),
        ),
        of("reaction", json!({"message_id": "wamid.1", "emoji": "👍"})),
    ];
    for body in &bodies {
        let reply = send(body).send(&cloud).await;
        let answer = reply.json();
        assert_eq!(reply.status, 200, "{body}");
        assert_eq!(answer["contacts"][0]["wa_id"], "34600123456");
        assert!(
            answer["messages"][0]["id"]
                .as_str()
                .unwrap()
                .starts_with("wamid.")
        );
    }
    let messages = cloud.messages();
    assert_eq!(messages.effects(), [(34_600_123_456, 6)].into());
    assert_eq!(messages.taken()[0].reference.as_deref(), Some("job-1"));
    assert_eq!(cloud.ledger().count("job-1"), 1);
}

#[tokio::test]
async fn each_fault_of_a_body_has_its_code() {
    let cloud = start().await;
    let link = json!({"link": "https://a.example/1.png"});
    let long = "a".repeat(4097);
    let button = json!({"type": "button", "parameters": []});
    let cases = [
        (set(text(), "/messaging_product", Value::Null), 100),
        (set(text(), "/recipient_type", json!("group")), 100),
        (set(text(), "/to", Value::Null), 100),
        (set(text(), "/to", json!("600 123")), 131_009),
        (set(text(), "/to", json!("034600123456")), 131_009),
        (set(text(), "/to", json!("106540352242922")), 131_021),
        (set(text(), "/type", json!("sticker")), 100),
        (set(text(), "/text", Value::Null), 131_008),
        (set(text(), "/text/body", Value::Null), 131_008),
        (set(text(), "/text/body", json!("")), 131_009),
        (set(text(), "/text/body", json!(long)), 131_009),
        (set(text(), "/text/preview_url", json!("yes")), 131_009),
        (set(text(), "/text/bdy", json!("x")), 100),
        (set(text(), "/context", json!({})), 100),
        (
            set(text(), "/biz_opaque_callback_data", json!(long)),
            131_009,
        ),
        (of("poll", json!({})), 131_051),
        (of("image", json!({})), 131_008),
        (of("image", json!({"link": "no"})), 131_009),
        (
            set(of("audio", link.clone()), "/audio/caption", json!("x")),
            100,
        ),
        (set(of("image", link), "/image/filename", json!("x")), 100),
        (set(template(), "/template/name", Value::Null), 131_008),
        (set(template(), "/template/language", json!("es")), 131_008),
        (
            set(template(), "/template/components/0/type", json!("foot")),
            131_009,
        ),
        (
            set(
                template(),
                "/template/components/0/parameters/0/text",
                json!(""),
            ),
            131_009,
        ),
        (set(template(), "/template/components/0", button), 131_009),
        (
            of("location", json!({"latitude": 91, "longitude": 0})),
            131_009,
        ),
        (of("location", json!({"latitude": 40})), 131_008),
        (of("reaction", json!({"emoji": "x"})), 131_008),
    ];
    for (body, expected) in cases {
        let reply = send(&body).send(&cloud).await;
        assert_eq!(code(&reply), (400, expected), "{body}");
    }
    let broken = send(&text()).body("{\"to\":");
    assert_eq!(code(&broken.send(&cloud).await), (400, 100));
    let form = send(&text()).with("Content-Type", "text/plain");
    assert_eq!(code(&form.send(&cloud).await), (400, 100));
    assert_eq!(cloud.messages().count(), 0);
}

#[tokio::test]
async fn token_number_and_path_decide() {
    let options = Options {
        account: Some("42".into()),
        ..Options::default()
    };
    let cloud = StandIn::start(Platform::WhatsAppCloud, options)
        .await
        .unwrap();
    let to = |path: &str, token: &str| {
        Call::post(path, &text()).with("Authorization", &format!("Bearer {token}"))
    };
    let path = "/v25.0/42/messages";
    for (token, expected) in [
        ("ok", (200, 0)),
        ("expired", (401, 190)),
        ("unheard-of", (401, 190)),
        ("forbidden", (403, 10)),
        ("throttled", (400, 80_007)),
    ] {
        assert_eq!(
            code(&to(path, token).send(&cloud).await),
            expected,
            "{token}"
        );
    }
    let other = to("/v25.0/43/messages", "ok").send(&cloud).await;
    assert_eq!(other.json()["error"]["error_subcode"], 33);
    assert_eq!(
        code(&to("/42/messages", "ok").send(&cloud).await),
        (400, 2500)
    );
    let number = Call::get("/v25.0/42").with("Authorization", "Bearer ok");
    assert_eq!(number.send(&cloud).await.json()["quality_rating"], "GREEN");
    let bare = Call::get("/v25.0/42");
    assert_eq!(code(&bare.send(&cloud).await), (401, 190));
    let token = Call::get("/v25.0/debug_token?input_token=ok&access_token=ok");
    assert_eq!(token.send(&cloud).await.json()["data"]["is_valid"], true);
}

#[tokio::test]
async fn templates_are_missing_paused_or_disabled_as_told() {
    let cloud = start().await;
    let messages = cloud.messages();
    messages.set_template("other", Template::Good);
    assert_eq!(code(&send(&template()).send(&cloud).await), (404, 132_001));
    messages.set_template("hola", Template::Paused);
    assert_eq!(code(&send(&template()).send(&cloud).await), (400, 132_015));
    messages.set_template("hola", Template::Disabled);
    assert_eq!(code(&send(&template()).send(&cloud).await), (400, 132_016));
    messages.set_template("hola", Template::Good);
    assert_eq!(send(&template()).send(&cloud).await.status, 200);
}

#[tokio::test]
async fn pair_limit_holds_one_recipient_and_no_other() {
    let cloud = start().await;
    let mut last = (0, 0);
    for _ in 0..46 {
        last = code(&send(&text()).send(&cloud).await);
    }
    assert_eq!(last, (400, 131_056));
    assert_eq!(cloud.messages().effects_of("34600123456"), 45);
    let other = set(text(), "/to", json!("34600000001"));
    assert_eq!(send(&other).send(&cloud).await.status, 200);
    cloud.messages().set_pair_limit(Some(PairLimit {
        every: std::time::Duration::from_nanos(1),
        burst: 1,
    }));
    assert_eq!(send(&text()).send(&cloud).await.status, 200);
    assert_eq!(send(&text()).send(&cloud).await.status, 200);
}

#[tokio::test]
async fn people_and_limits_are_refused_by_code() {
    let cloud = start().await;
    cloud
        .messages()
        .treat("34600123456", Treatment::Refused(131_026));
    assert_eq!(code(&send(&text()).send(&cloud).await), (400, 131_026));
    cloud.messages().treat_others(Treatment::Leaves);
    let other = set(text(), "/to", json!("34600000001"));
    cloud
        .faults()
        .next(1, Fault::TooManyRequests(RetryAfter::Seconds(3)));
    let limited = send(&other).send(&cloud).await;
    assert_eq!(code(&limited), (429, 130_429));
    assert_eq!(limited.header("retry-after"), Some("3"));
    cloud.faults().next(1, Fault::Throttled { minutes: 7 });
    let limited = send(&other).send(&cloud).await;
    assert_eq!(code(&limited), (429, 130_429));
    assert!(
        limited
            .header("x-business-use-case-usage")
            .unwrap()
            .contains("\"estimated_time_to_regain_access\":7")
    );
    cloud.faults().next(1, Fault::ServerError { status: 503 });
    assert_eq!(code(&send(&other).send(&cloud).await), (503, 131_016));
    assert_eq!(cloud.messages().count(), 0);
}
