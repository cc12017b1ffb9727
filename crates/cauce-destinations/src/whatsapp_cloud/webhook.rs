//! What Meta tells of a number: how far messages have come, and what somebody has written.
//!
//! Meta signs the bytes that it sends, in which letters beyond ASCII are escaped: the raw body is
//! checked, never one that was read and written again. One call may tell many things, of several
//! numbers of the same app. What is late comes again for up to seven days.

use cauce_flow::{reason::Reason, time::Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use super::{config::Config, reason_of};
use crate::{
    form::Form,
    jwt,
    message::{Inbound, InboundKind, Phone, State, Status, Told},
    secret::Secret,
};

/// The header that carries the signature.
pub const SIGNATURE: &str = "x-hub-signature-256";

/// What it takes to hear what Meta tells of one number.
#[derive(Clone, Debug)]
pub struct Webhooks {
    phone_number_id: String,
    app_secret: Secret,
    verify_token: Secret,
}

impl Webhooks {
    pub(super) fn new(config: &Config) -> Webhooks {
        Webhooks {
            phone_number_id: config.phone_number_id.clone(),
            app_secret: config.app_secret.clone(),
            verify_token: config.verify_token.clone(),
        }
    }

    /// Whether Meta has sent this body for the app of this number.
    pub fn is_authentic(&self, body: &[u8], signature: &str) -> bool {
        let signature = signature.strip_prefix("sha256=").and_then(unhex);
        let Some(signature) = signature else {
            return false;
        };
        let mut mac = Hmac::<Sha256>::new_from_slice(self.app_secret.expose().as_bytes())
            .expect("a key of HMAC may have any length");
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    }

    /// What to answer to the call with which Meta checks the address; none where it is not Meta's.
    pub fn challenge(&self, query: &str) -> Option<String> {
        let form = Form::read(query.as_bytes());
        let token = form.get("hub.verify_token")?;
        let is_same = jwt::is_same(token.as_bytes(), self.verify_token.expose().as_bytes());
        let is_known = is_same && form.get("hub.mode") == Some("subscribe");
        form.get("hub.challenge")
            .filter(|_| is_known)
            .map(str::to_owned)
    }

    /// Everything that a body tells of this number, in its order; none where it is not Meta's form.
    pub fn told(&self, body: &[u8]) -> Option<Vec<Told>> {
        let body: Body = serde_json::from_slice(body).ok()?;
        let changes = body.entry.into_iter().flat_map(|entry| entry.changes);
        let values = changes
            .filter(|change| change.field == "messages")
            .map(|change| change.value)
            .filter(|value| value.metadata.phone_number_id == self.phone_number_id);
        Some(values.flat_map(of_value).collect())
    }
}

#[derive(Deserialize)]
struct Body {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    field: String,
    #[serde(default)]
    value: ValueOf,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ValueOf {
    metadata: Metadata,
    statuses: Vec<Value>,
    messages: Vec<Value>,
    contacts: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    phone_number_id: String,
}

/// One that cannot be read is left out: it must not take the others with it.
fn of_value(value: ValueOf) -> Vec<Told> {
    let statuses = value.statuses.iter().filter_map(status).map(Told::Status);
    let contacts = &value.contacts;
    let written = value.messages.iter();
    let inbound = written.filter_map(|message| inbound(message, contacts));
    statuses.chain(inbound.map(Told::Inbound)).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.filter(|text| !text.is_empty())
}

/// Seconds, as a text or as a number.
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = match &value["timestamp"] {
        Value::String(text) => text.parse::<i64>().ok(),
        other => other.as_i64(),
    };
    seconds.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)))
}

fn status(status: &Value) -> Option<Status> {
    let state = match text(status, "/status")? {
        "sent" => State::Sent,
        "delivered" => State::Delivered,
        "read" | "played" => State::Read,
        "failed" => {
            let code = status.pointer("/errors/0/code").and_then(Value::as_i64);
            let title = text(status, "/errors/0/title").unwrap_or_default();
            State::Failed(match code {
                Some(code) => reason_of(code, title),
                None => Reason::new("whatsapp_failed", "Meta does not say why"),
            })
        }
        _ => return None,
    };
    Some(Status {
        provider_id: text(status, "/id")?.to_owned(),
        job: text(status, "/biz_opaque_callback_data").and_then(|id| id.parse().ok()),
        state,
        at: moment(status),
    })
}

fn inbound(message: &Value, contacts: &[Value]) -> Option<Inbound> {
    let from = text(message, "/from")?;
    let (kind, words) = match text(message, "/type")? {
        "text" => (InboundKind::Text, text(message, "/text/body")),
        "button" => (InboundKind::Button, text(message, "/button/text")),
        "interactive" => {
            let pressed = text(message, "/interactive/button_reply/title");
            let chosen = || text(message, "/interactive/list_reply/title");
            (InboundKind::Button, pressed.or_else(chosen))
        }
        kind @ ("image" | "video" | "audio" | "document" | "sticker") => {
            let caption = text(message, &format!("/{kind}/caption"));
            (InboundKind::Media, caption)
        }
        "location" => (InboundKind::Location, text(message, "/location/name")),
        "reaction" => (InboundKind::Reaction, text(message, "/reaction/emoji")),
        _ => (InboundKind::Other, None),
    };
    let quoted = text(message, "/context/id").or_else(|| text(message, "/reaction/message_id"));
    let contact = contacts
        .iter()
        .find(|contact| text(contact, "/wa_id") == Some(from));
    Some(Inbound {
        provider_id: text(message, "/id")?.to_owned(),
        from: Phone::of_whatsapp(from)?,
        text: words.map(str::to_owned),
        reply_to: quoted.map(str::to_owned),
        at: moment(message),
        kind,
        name: contact
            .and_then(|contact| text(contact, "/profile/name"))
            .map(str::to_owned),
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let pairs = (0..32).map(|place| u8::from_str_radix(&text[2 * place..2 * place + 2], 16));
    pairs.collect::<Result<_, _>>().ok()
}
