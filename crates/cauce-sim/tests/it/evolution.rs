//! What Evolution's stand-in takes, shows and refuses.

use cauce_sim::{Fault, Options, PairLimit, Platform, StandIn, Treatment};
use serde_json::{Value, json};

use crate::client::{Call, Reply, set};

async fn start() -> StandIn {
    let options = Options {
        account: Some("ventas".into()),
        ..Options::default()
    };
    StandIn::start(Platform::Evolution, options).await.unwrap()
}

pub(crate) fn send(kind: &str, body: &Value) -> Call {
    Call::post(&format!("/message/{kind}/ventas"), body).with("apikey", "ok")
}

fn text() -> Value {
    json!({"number": "34600123456", "text": "Hola"})
}

fn message(reply: &Reply) -> Value {
    reply.json()["response"]["message"].clone()
}

#[tokio::test]
async fn each_kind_of_message_is_taken() {
    let evolution = start().await;
    let media = json!({
        "number": "+34600123456", "mediatype": "image", "media": "https://a.example/1.png",
        "caption": "x",
    });
    let key = json!({"id": "BAE5", "remoteJid": "34600123456@s.whatsapp.net", "fromMe": false});
    for (kind, body) in [
        ("sendText", text()),
        ("sendMedia", media),
        (
            "sendLocation",
            json!({"number": "34600123456", "latitude": 40.4, "longitude": -3.7, "name": "x"}),
        ),
        ("sendReaction", json!({"key": key, "reaction": "👍"})),
        (
            "sendWhatsAppAudio",
            json!({"number": "34600123456", "audio": "https://a.example/1.ogg"}),
        ),
    ] {
        let reply = send(kind, &body).send(&evolution).await;
        let answer = reply.json();
        assert_eq!(reply.status, 201, "{kind}");
        assert_eq!(answer["key"]["remoteJid"], "34600123456@s.whatsapp.net");
        assert!(answer["key"]["id"].as_str().unwrap().starts_with("BAE5"));
    }
    assert_eq!(evolution.messages().effects_of("34600123456"), 5);
}

#[tokio::test]
async fn each_fault_of_a_body_is_refused_in_a_nested_list() {
    let evolution = start().await;
    let media =
        json!({"number": "34600123456", "mediatype": "image", "media": "https://a.example/"});
    let place = json!({"number": "34600123456", "latitude": 40.4, "longitude": -3.7});
    let key = json!({"id": "BAE5", "remoteJid": "34600123456@s.whatsapp.net", "fromMe": false});
    let reaction = json!({"key": key, "reaction": "x"});
    for (kind, body) in [
        ("sendText", set(text(), "/text", Value::Null)),
        ("sendText", set(text(), "/text", json!(""))),
        ("sendText", set(text(), "/text", json!(7))),
        ("sendText", set(text(), "/number", Value::Null)),
        ("sendText", set(text(), "/number", json!("abc"))),
        ("sendText", set(text(), "/txt", json!("x"))),
        ("sendText", json!([])),
        ("sendMedia", set(media.clone(), "/mediatype", json!("gif"))),
        ("sendMedia", set(media, "/media", json!("short"))),
        ("sendLocation", set(place, "/latitude", json!("40"))),
        ("sendReaction", set(reaction.clone(), "/key", json!({}))),
        ("sendReaction", set(reaction, "/reaction", Value::Null)),
    ] {
        let reply = send(kind, &body).send(&evolution).await;
        assert_eq!(reply.status, 400, "{kind} {body}");
        assert!(message(&reply)[0][0].is_string(), "{kind} {body}");
    }
    let plain = send("sendText", &text()).with("Content-Type", "text/plain");
    assert_eq!(plain.send(&evolution).await.status, 400);
    assert_eq!(evolution.messages().count(), 0);
}

#[tokio::test]
async fn instance_is_asked_before_the_key() {
    let evolution = start().await;
    let to = |instance: &str, key: &str| {
        Call::post(&format!("/message/sendText/{instance}"), &text()).with("apikey", key)
    };
    let unknown = to("nope", "wrong").send(&evolution).await;
    assert_eq!(unknown.status, 404);
    assert_eq!(
        message(&unknown),
        json!(["The \"nope\" instance does not exist"])
    );
    let refused = to("ventas", "wrong").send(&evolution).await;
    assert_eq!(
        (refused.status, message(&refused)),
        (401, json!("Unauthorized"))
    );
    let bare = to("ventas", "ok").without("apikey");
    assert_eq!(bare.send(&evolution).await.status, 401);
    let no_route = send("sendNothing", &text()).send(&evolution).await;
    assert_eq!(
        (no_route.status, message(&no_route)),
        (404, json!(["Cannot POST /message/sendNothing/ventas"]))
    );
}

#[tokio::test]
async fn two_kinds_of_400_are_told_apart_by_their_message() {
    let evolution = start().await;
    let messages = evolution.messages();
    messages.treat("34600123456", Treatment::Refused(0));
    let absent = send("sendText", &text()).send(&evolution).await;
    assert_eq!(
        (absent.status, message(&absent)),
        (
            400,
            json!([{"jid": "34600123456@s.whatsapp.net", "exists": false, "number": "34600123456"}])
        )
    );
    messages.treat("34600123456", Treatment::Reads);
    evolution.connect("ventas", "close");
    let closed = send("sendText", &text()).send(&evolution).await;
    assert_eq!(
        (closed.status, message(&closed)),
        (400, json!(["Error: Connection Closed"]))
    );
    let state = Call::get("/instance/connectionState/ventas").with("apikey", "ok");
    let shown = state.send(&evolution).await.json();
    assert_eq!(
        shown["instance"],
        json!({"instanceName": "ventas", "state": "close"})
    );
    evolution.connect("ventas", "open");
    assert_eq!(send("sendText", &text()).send(&evolution).await.status, 201);
    assert_eq!(messages.count(), 1);
}

#[tokio::test]
async fn business_instance_answers_201_with_an_error_inside() {
    let evolution = start().await;
    let template = json!({"number": "34600123456", "name": "hola", "language": "es"});
    let phone = send("sendTemplate", &template).send(&evolution).await;
    assert_eq!(phone.status, 500);
    let messages = evolution.messages();
    messages.set_business(true);
    messages.treat("34600000001", Treatment::Refused(131_026));
    assert_eq!(
        send("sendTemplate", &template)
            .send(&evolution)
            .await
            .status,
        201
    );
    let refused = set(text(), "/number", json!("34600000001"));
    let refused = send("sendText", &refused).send(&evolution).await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (201, &json!(131_026))
    );
    assert!(refused.json()["key"].is_null());
    messages.set_pair_limit(Some(PairLimit {
        every: std::time::Duration::from_secs(60),
        burst: 1,
    }));
    assert!(send("sendText", &text()).send(&evolution).await.json()["key"].is_object());
    let pair = send("sendText", &text()).send(&evolution).await;
    assert_eq!((pair.status, &pair.json()["code"]), (201, &json!(131_056)));
    evolution.faults().next(1, Fault::Throttled { minutes: 1 });
    let limited = send("sendText", &text()).send(&evolution).await.json();
    assert_eq!(limited["code"], 130_429);
    assert_eq!(messages.count(), 2);
}

#[tokio::test]
async fn key_numbers_and_webhook_are_shown() {
    let evolution = start().await;
    let verify = Call::post("/verify-creds", &json!({}));
    assert_eq!(verify.clone_with("ok").send(&evolution).await.status, 200);
    assert_eq!(verify.clone_with("no").send(&evolution).await.status, 401);
    evolution
        .messages()
        .treat("34600000001", Treatment::Refused(0));
    let numbers = Call::post(
        "/chat/whatsappNumbers/ventas",
        &json!({"numbers": ["34600000001", "5531998765432"]}),
    );
    let shown = numbers.clone_with("ok").send(&evolution).await.json();
    assert_eq!(shown[0]["exists"], false);
    assert_eq!(shown[1]["jid"], "553198765432@s.whatsapp.net");
    let flat = Call::post("/webhook/set/ventas", &json!({"url": "https://a.example/"}));
    assert_eq!(flat.clone_with("ok").send(&evolution).await.status, 400);
    let webhook = json!({"enabled": true, "url": "https://a.example/", "headers": {}});
    let nested = Call::post("/webhook/set/ventas", &json!({"webhook": webhook}));
    assert_eq!(nested.clone_with("ok").send(&evolution).await.status, 201);
    let found = Call::get("/webhook/find/ventas").with("apikey", "ok");
    assert_eq!(
        found.send(&evolution).await.json()["url"],
        "https://a.example/"
    );
}

impl Call {
    fn clone_with(&self, key: &str) -> Call {
        self.clone().with("apikey", key)
    }
}
