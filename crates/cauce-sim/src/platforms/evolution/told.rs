//! What Evolution tells, and the token that goes along: it signs no bodies.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::jid;
use crate::messages::{Notice, Said, Step, Taken, seconds};

/// `messages.update`. A business instance has words of its own for the same states.
pub(super) fn status(taken: &Taken, step: Step, business: bool) -> Notice {
    let status = match (step, business) {
        (Step::Sent, false) => "SERVER_ACK",
        (Step::Delivered, false) => "DELIVERY_ACK",
        (Step::Read, false) => "READ",
        (Step::Failed(_), false) => "ERROR",
        (Step::Sent, true) => "SENT",
        (Step::Delivered, true) => "DELIVERED",
        (Step::Read, true) => "READ",
        (Step::Failed(_), true) => "FAILED",
    };
    let data = json!({
        "keyId": taken.id, "remoteJid": jid::of(&taken.to), "fromMe": true, "status": status,
        "instanceId": "1", "messageId": format!("m-{}", taken.id),
    });
    envelope("messages.update", &taken.from, data)
}

/// `messages.upsert` of a person.
pub(crate) fn inbound(id: &str, said: &Said) -> Notice {
    let message = match &said.reply_to {
        None => json!({"conversation": said.text}),
        Some(id) => {
            let context = json!({"stanzaId": id});
            json!({"extendedTextMessage": {"text": said.text, "contextInfo": context}})
        }
    };
    let kind = match said.reply_to {
        None => "conversation",
        Some(_) => "extendedTextMessage",
    };
    let data = json!({
        "key": {"remoteJid": jid::of(&said.from), "fromMe": false, "id": id}, "pushName": "Ana",
        "status": "DELIVERY_ACK", "message": message, "messageType": kind,
        "messageTimestamp": seconds(std::time::SystemTime::now()), "instanceId": "1",
        "source": "android",
    });
    envelope("messages.upsert", &said.to, data)
}

/// `connection.update`.
pub(crate) fn connection(instance: &str, state: &str) -> Notice {
    let reason = if state == "close" { 401 } else { 200 };
    let data = json!({"instance": instance, "state": state, "statusReason": reason});
    envelope("connection.update", instance, data)
}

/// `Authorization` with a token that lives ten minutes, as the header `jwt_key` is turned into.
pub(crate) fn sign(secret: &str, now_s: i64) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({"alg": "HS256", "typ": "JWT"}));
    let claims = part(json!({
        "iat": now_s, "exp": now_s + 600, "app": "evolution", "action": "webhook",
    }));
    let signed = format!("{head}.{claims}");
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    format!("Bearer {signed}.{signature}")
}

/// Its `date_time` is a local time that claims to be UTC: nobody should read it.
fn envelope(event: &str, instance: &str, data: Value) -> Notice {
    let body = json!({
        "event": event, "instance": instance, "data": data, "destination": "x",
        "date_time": "2025-01-08T10:52:50.212Z", "sender": "34911222333@s.whatsapp.net",
        "server_url": "http://localhost:8080", "apikey": null,
    });
    Notice {
        url: None,
        content_type: "application/json",
        body: body.to_string().into(),
    }
}
