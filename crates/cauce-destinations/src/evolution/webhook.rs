//! What the gateway tells: how far messages have come, what somebody has written, whether its phone
//! is connected.
//!
//! The gateway does not sign its bodies. It shows a secret: in the header `x-webhook-secret`, or as
//! the key of a token in `Authorization`, which is how it turns its header `jwt_key`.
//!
//! Its own times of events are local and say that they are UTC, so they are not used. An update
//! without a status (an edit, a vote) is called `DELETED` and says nothing of the message. An
//! update that the gateway gets too early is lost there: a message may stay as it is for ever.

use cauce_flow::{reason::Reason, time::Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::config::Config;
use crate::{
    jwt,
    message::{Connection, ConnectionState, Inbound, InboundKind, Phone, State, Status, Told},
    secret::Secret,
};

/// The header that carries the secret as it is.
pub const SECRET: &str = "x-webhook-secret";

/// What it takes to hear what the gateway tells of one instance.
#[derive(Clone, Debug)]
pub struct Webhooks {
    instance: String,
    secret: Option<Secret>,
}

impl Webhooks {
    pub(super) fn new(config: &Config) -> Webhooks {
        Webhooks {
            instance: config.instance.clone(),
            // Nobody proves anything by showing nothing.
            secret: config
                .webhook_secret
                .clone()
                .filter(|secret| !secret.expose().is_empty()),
        }
    }

    /// Whether the gateway has shown the secret: the value of the header [`SECRET`], or that of
    /// `Authorization`. Without a secret nobody is believed.
    pub fn is_authentic(
        &self,
        shown: Option<&str>,
        authorization: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let Some(secret) = self.secret.as_ref().map(Secret::expose) else {
            return false;
        };
        if let Some(shown) = shown {
            return jwt::is_same(shown.as_bytes(), secret.as_bytes());
        }
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| jwt::is_signed(token, secret, now))
    }

    /// Everything that a body tells of this instance; none where it is not the gateway's form.
    pub fn told(&self, body: &[u8]) -> Option<Vec<Told>> {
        let envelope: Envelope = serde_json::from_slice(body).ok()?;
        if envelope.instance != self.instance {
            return Some(Vec::new());
        }
        Some(told(&envelope))
    }
}

/// What every webhook has.
#[derive(Deserialize)]
struct Envelope {
    event: String,
    #[serde(default)]
    instance: String,
    #[serde(default)]
    data: Value,
}

fn told(envelope: &Envelope) -> Vec<Told> {
    let data = &envelope.data;
    let each: &[Value] = match data {
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    };
    match envelope.event.as_str() {
        "messages.update" | "send.message.update" => {
            let states = each.iter().filter_map(|item| status(item, "/keyId"));
            states.map(Told::Status).collect()
        }
        "send.message" => {
            let states = each.iter().filter_map(|item| status(item, "/key/id"));
            states.map(Told::Status).collect()
        }
        "messages.upsert" => {
            let written = each.iter().filter_map(inbound);
            written.map(Told::Inbound).collect()
        }
        "connection.update" | "status.instance" | "logout.instance" | "qrcode.updated" => {
            session(envelope).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.filter(|text| !text.is_empty())
}

fn session(envelope: &Envelope) -> Option<Told> {
    let data = &envelope.data;
    let instance = || envelope.instance.clone();
    let connection = |state| {
        let instance = instance();
        Some(Told::Connection(Connection { instance, state }))
    };
    match envelope.event.as_str() {
        "connection.update" => connection(ConnectionState::named(text(data, "/state")?)?),
        "status.instance" if text(data, "/status") == Some("closed") => {
            connection(ConnectionState::Close)
        }
        "logout.instance" => connection(ConnectionState::Close),
        "qrcode.updated" => {
            let code = text(data, "/qrcode/code").or_else(|| text(data, "/qrcode/base64"));
            match code {
                Some(code) => Some(Told::Qr {
                    instance: instance(),
                    code: code.to_owned(),
                }),
                // Without a code it tells that the limit of codes is reached.
                None => {
                    data.get("message")?;
                    connection(ConnectionState::Refused)
                }
            }
        }
        _ => None,
    }
}

fn status(item: &Value, id: &str) -> Option<Status> {
    let state = match text(item, "/status")? {
        "PENDING" => State::Accepted,
        "SERVER_ACK" | "SENT" => State::Sent,
        "DELIVERY_ACK" | "DELIVERED" => State::Delivered,
        "READ" | "PLAYED" => State::Read,
        "ERROR" | "FAILED" => State::Failed(Reason::new(
            "evolution_failed",
            "WhatsApp refused the message; the gateway does not say why",
        )),
        _ => return None,
    };
    Some(Status {
        provider_id: text(item, id)?.to_owned(),
        job: None,
        state,
        at: None,
    })
}

/// Kinds of messages, with where each has its words.
const KINDS: [(&str, InboundKind, &[&str]); 13] = [
    ("conversation", InboundKind::Text, &[""]),
    ("extendedTextMessage", InboundKind::Text, &["/text"]),
    (
        "buttonsResponseMessage",
        InboundKind::Button,
        &["/selectedDisplayText", "/selectedButtonId"],
    ),
    (
        "templateButtonReplyMessage",
        InboundKind::Button,
        &["/selectedDisplayText", "/selectedId"],
    ),
    ("listResponseMessage", InboundKind::Button, &["/title"]),
    (
        "interactiveResponseMessage",
        InboundKind::Button,
        &["/body/text"],
    ),
    ("imageMessage", InboundKind::Media, &["/caption"]),
    ("videoMessage", InboundKind::Media, &["/caption"]),
    ("audioMessage", InboundKind::Media, &[]),
    ("documentMessage", InboundKind::Media, &["/caption"]),
    ("stickerMessage", InboundKind::Media, &[]),
    ("locationMessage", InboundKind::Location, &["/name"]),
    ("reactionMessage", InboundKind::Reaction, &["/text"]),
];

fn inbound(item: &Value) -> Option<Inbound> {
    // What was written on the phone itself comes the same way.
    if item.pointer("/key/fromMe") != Some(&Value::Bool(false)) {
        return None;
    }
    let message = item.get("message").unwrap_or(&Value::Null);
    let found = KINDS.iter().find_map(|(name, kind, words)| {
        let part = message.get(name).filter(|part| !part.is_null())?;
        let words = words.iter().find_map(|pointer| text(part, pointer));
        Some((*kind, words, part))
    });
    let (kind, words, part) = found.unwrap_or((InboundKind::Other, None, &Value::Null));
    let quoted = text(item, "/contextInfo/stanzaId")
        .or_else(|| text(part, "/contextInfo/stanzaId"))
        .or_else(|| text(part, "/key/id"));
    Some(Inbound {
        provider_id: text(item, "/key/id")?.to_owned(),
        from: sender(item)?,
        text: words.map(str::to_owned),
        reply_to: quoted.map(str::to_owned),
        at: moment(&item["messageTimestamp"]),
        kind,
        name: text(item, "/pushName").map(str::to_owned),
    })
}

/// The person. WhatsApp may hide the number behind an address of its own (`@lid`); then it stands
/// beside it.
fn sender(item: &Value) -> Option<Phone> {
    let places = ["/key/remoteJid", "/key/remoteJidAlt", "/key/senderPn"];
    let mut named = places.into_iter().filter_map(|place| text(item, place));
    named.find_map(Phone::of_whatsapp)
}

/// Seconds, as a number or as a text.
fn moment(seconds: &Value) -> Option<Timestamp> {
    let seconds = match seconds {
        Value::String(text) => text.parse::<i64>().ok(),
        other => other.as_i64(),
    };
    seconds.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)))
}
