//! What the messengers tell, and in what way.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use cauce_sim::{Callbacks, Options, Platform, Proof, Said, StandIn, Treatment};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    evolution,
    receiver::{Heard, Receiver},
    twilio, whatsapp_cloud,
};

const QUIET: Callbacks = Callbacks {
    url: None,
    through: None,
    secret: String::new(),
    proof: Proof::Right,
    headers: Vec::new(),
    max_delay: Duration::ZERO,
    repeats: 0.0,
    lost: 0.0,
    retry: Duration::from_millis(1),
};

async fn start(platform: Platform) -> StandIn {
    StandIn::start(platform, Options::default()).await.unwrap()
}

fn callbacks(receiver: &Receiver) -> Callbacks {
    Callbacks {
        url: Some(receiver.url("/hook")),
        secret: "secret".to_owned(),
        ..QUIET
    }
}

fn hmac_hex(secret: &str, bytes: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(bytes);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn twilio_message(to: &str, callback: &str) -> crate::client::Call {
    twilio::form(&[
        ("To", to),
        ("From", "whatsapp:+14155238886"),
        ("Body", "Hola"),
        ("StatusCallback", callback),
    ])
}

#[tokio::test]
async fn twilio_calls_the_address_of_the_message_through_the_proxy() {
    let twilio = start(Platform::Twilio).await;
    let receiver = Receiver::start(&[]).await;
    twilio.messages().call_back(Callbacks {
        through: Some(receiver.addr),
        ..callbacks(&receiver)
    });
    let to = "whatsapp:+34600123456";
    let call = twilio_message(to, "https://cauce.example/webhooks/twilio?job=7");
    let sid = call.send(&twilio).await.json()["sid"].clone();
    twilio.messages().called_back().await;
    let heard = receiver.heard();
    let mut statuses: Vec<_> = heard
        .iter()
        .filter_map(|h| h.form("MessageStatus"))
        .collect();
    statuses.sort();
    assert_eq!(statuses, ["delivered", "read", "sent"]);
    for one in &heard {
        assert_eq!(one.target, "/webhooks/twilio?job=7");
        assert_eq!(one.header("host"), Some("cauce.example"));
        assert_eq!(json!(one.form("MessageSid")), sid);
        assert!(one.header("x-twilio-signature").is_some());
    }
    assert_eq!(twilio.messages().callbacks().answered, [(200, 3)].into());
}

#[tokio::test]
async fn failure_is_told_with_its_code_on_every_platform() {
    let receiver = Receiver::start(&[]).await;
    let platforms = [
        Platform::Twilio,
        Platform::Evolution,
        Platform::WhatsAppCloud,
    ];
    for platform in platforms {
        let stand_in = start(platform).await;
        let messages = stand_in.messages();
        messages.call_back(callbacks(&receiver));
        messages.treat("34600123456", Treatment::FailsLater(63_016));
        let body = json!({"number": "34600123456", "text": "Hola"});
        let call = match platform {
            Platform::Twilio => twilio_message("whatsapp:+34600123456", &receiver.url("/t")),
            Platform::Evolution => evolution::send("sendText", &body),
            _ => whatsapp_cloud::send(&whatsapp_cloud::text()),
        };
        assert!(call.send(&stand_in).await.status < 300);
        messages.called_back().await;
        assert_eq!(messages.count(), 1);
    }
    let heard = receiver.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!(
        heard[0].form("MessageStatus").as_deref(),
        Some("undelivered")
    );
    assert_eq!(heard[0].form("ErrorCode").as_deref(), Some("63016"));
    assert_eq!(json_of(&heard[1])["data"]["status"], "ERROR");
    let status = &json_of(&heard[2])["entry"][0]["changes"][0]["value"]["statuses"][0];
    assert_eq!(
        (&status["status"], &status["errors"][0]["code"]),
        (&json!("failed"), &json!(63_016))
    );
    assert_eq!(status["biz_opaque_callback_data"], "job-1");
}

fn json_of(heard: &Heard) -> Value {
    serde_json::from_str(&heard.body).unwrap()
}

#[tokio::test]
async fn cloud_signs_the_bytes_that_it_sends() {
    let cloud = start(Platform::WhatsAppCloud).await;
    let receiver = Receiver::start(&[]).await;
    cloud.messages().call_back(callbacks(&receiver));
    cloud.say(&Said {
        from: "+34600123456".into(),
        to: "106540352242922".into(),
        text: "¡Adiós! 🚀".into(),
        reply_to: Some("wamid.1".into()),
    });
    cloud.messages().called_back().await;
    let heard = &receiver.heard()[0];
    assert!(heard.body.contains("\\u00a1Adi\\u00f3s! \\ud83d\\ude80"));
    let expected = format!("sha256={}", hmac_hex("secret", heard.body.as_bytes()));
    assert_eq!(heard.header("x-hub-signature-256"), Some(expected.as_str()));
    let message = &json_of(heard)["entry"][0]["changes"][0]["value"]["messages"][0];
    assert_eq!(message["text"]["body"], "¡Adiós! 🚀");
    assert_eq!(
        (&message["from"], &message["context"]["id"]),
        (&json!("34600123456"), &json!("wamid.1"))
    );
}

#[tokio::test]
async fn evolution_shows_a_token_and_tells_of_its_phone() {
    let evolution = start(Platform::Evolution).await;
    let receiver = Receiver::start(&[]).await;
    evolution.messages().call_back(Callbacks {
        headers: vec![("x-webhook-secret".to_owned(), "s".to_owned())],
        ..callbacks(&receiver)
    });
    evolution.connect("ventas", "close");
    evolution.messages().called_back().await;
    evolution.say(&Said {
        from: "+34600123456".into(),
        to: "ventas".into(),
        text: "BAJA".into(),
        reply_to: None,
    });
    evolution.messages().called_back().await;
    let heard = receiver.heard();
    let update = json_of(&heard[0]);
    assert_eq!(
        (&update["event"], &update["data"]["state"]),
        (&json!("connection.update"), &json!("close"))
    );
    let inbound = json_of(&heard[1]);
    assert_eq!(inbound["data"]["message"]["conversation"], "BAJA");
    assert_eq!(inbound["data"]["key"]["fromMe"], false);
    assert_eq!(heard[0].header("x-webhook-secret"), Some("s"));
    let token = heard[0].header("authorization").unwrap();
    let (signed, signature) = token
        .strip_prefix("Bearer ")
        .unwrap()
        .rsplit_once('.')
        .unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, hmac_hex("secret", signed.as_bytes()));
}

#[tokio::test]
async fn twilio_tells_of_people_who_write() {
    let twilio = start(Platform::Twilio).await;
    let receiver = Receiver::start(&[]).await;
    twilio.messages().call_back(callbacks(&receiver));
    twilio.say(&Said {
        from: "+34600123456".into(),
        to: "whatsapp:+14155238886".into(),
        text: "STOP".into(),
        reply_to: Some("SM1".into()),
    });
    twilio.messages().called_back().await;
    let heard = &receiver.heard()[0];
    assert_eq!(heard.form("Body").as_deref(), Some("STOP"));
    assert_eq!(heard.form("From").as_deref(), Some("whatsapp:+34600123456"));
    assert_eq!(heard.form("WaId").as_deref(), Some("34600123456"));
    assert_eq!(
        heard.form("OriginalRepliedMessageSid").as_deref(),
        Some("SM1")
    );
}

#[tokio::test]
async fn callbacks_come_out_of_order_again_and_never() {
    let twilio = start(Platform::Twilio).await;
    let receiver = Receiver::start(&[]).await;
    twilio.messages().call_back(Callbacks {
        max_delay: Duration::from_millis(30),
        repeats: 0.5,
        lost: 0.2,
        ..callbacks(&receiver)
    });
    for number in 0..60 {
        let to = format!("whatsapp:+346001{number:05}");
        twilio_message(&to, &receiver.url("/t")).send(&twilio).await;
    }
    twilio.messages().called_back().await;
    let counts = twilio.messages().callbacks();
    assert_eq!(counts.made, 180);
    assert!(counts.lost > 10 && counts.repeated > 30, "{counts:?}");
    let heard = receiver.heard();
    assert_eq!(heard.len() as u64, 180 - counts.lost + counts.repeated);
    let place = |sid: &str, status: &str| {
        heard.iter().position(|one| {
            one.form("MessageSid").as_deref() == Some(sid)
                && one.form("MessageStatus").as_deref() == Some(status)
        })
    };
    let taken = twilio.messages().taken();
    let turned = taken.iter().filter(|message| {
        let read = place(&message.id, "read");
        read.is_some() && read < place(&message.id, "sent")
    });
    assert!(turned.count() > 0, "some are read before they are sent");
}

#[tokio::test]
async fn what_is_not_taken_comes_again_as_the_platform_has_it() {
    for (platform, statuses, requests, given_up) in [
        (Platform::WhatsAppCloud, vec![500, 403, 503], 4, 0),
        (Platform::Evolution, vec![503, 500], 3, 0),
        (Platform::Evolution, vec![404], 1, 1),
        (Platform::Twilio, vec![503], 1, 1),
    ] {
        let stand_in = start(platform).await;
        let receiver = Receiver::start(&statuses).await;
        stand_in.messages().call_back(callbacks(&receiver));
        stand_in.say(&Said {
            from: "+34600123456".into(),
            to: "x".into(),
            text: "hola".into(),
            reply_to: None,
        });
        stand_in.messages().called_back().await;
        assert_eq!(
            receiver.heard().len(),
            requests,
            "{platform:?} {statuses:?}"
        );
        assert_eq!(stand_in.messages().callbacks().given_up, given_up);
    }
}

#[tokio::test]
async fn proof_is_wrong_or_missing_as_told() {
    let cloud = start(Platform::WhatsAppCloud).await;
    let receiver = Receiver::start(&[]).await;
    let said = Said {
        from: "+34600123456".into(),
        to: "1".into(),
        text: "hola".into(),
        reply_to: None,
    };
    for proof in [Proof::Wrong, Proof::Missing] {
        cloud.messages().call_back(Callbacks {
            proof,
            ..callbacks(&receiver)
        });
        cloud.say(&said);
        cloud.messages().called_back().await;
    }
    let heard = receiver.heard();
    let right = format!("sha256={}", hmac_hex("secret", heard[0].body.as_bytes()));
    let wrong = heard[0].header("x-hub-signature-256").unwrap();
    assert_ne!(wrong, right);
    assert_eq!(heard[1].header("x-hub-signature-256"), None);
}

#[tokio::test]
async fn without_an_address_nothing_is_told() {
    let evolution = start(Platform::Evolution).await;
    let body = json!({"number": "34600123456", "text": "Hola"});
    evolution::send("sendText", &body).send(&evolution).await;
    evolution.messages().called_back().await;
    let counts = evolution.messages().callbacks();
    assert_eq!((counts.made, counts.lost), (3, 3));
}
