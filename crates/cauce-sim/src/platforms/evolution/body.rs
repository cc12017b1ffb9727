//! The bodies of messages, and what the schemas of Evolution refuse in them.

use http::StatusCode;
use serde_json::{Value, json};

use super::errors::{no_route, refuse};
use crate::{
    call::{Call, Refusal},
    check::is_url,
};

/// What goes along with any message.
const COMMON: [&str; 7] = [
    "number",
    "delay",
    "quoted",
    "linkPreview",
    "mentionsEveryOne",
    "mentioned",
    "encoding",
];
const MEDIA_TYPES: [&str; 5] = ["image", "document", "video", "audio", "ptv"];

/// A message that is in order.
pub(super) struct Sent<'a> {
    pub(super) to: String,
    pub(super) kind: &'a str,
    pub(super) content: String,
}

/// What a schema wants: the fields that must be there, and those that may.
type Schema = (&'static [&'static str], &'static [&'static str]);

/// Reads a message.
pub(super) fn read<'a>(call: &Call, kind: &'a str, body: &Value) -> Result<Sent<'a>, Refusal> {
    let (required, optional) = schema(kind).ok_or_else(|| no_route(call))?;
    let fields = body.as_object().filter(|_| call.is_json());
    let fields = fields.ok_or_else(|| invalid("is not of a type(s) object"))?;
    for name in required {
        let is_there = match &body[*name] {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
        };
        must(is_there, &format!("requires property \"{name}\""))?;
    }
    for name in fields.keys().map(String::as_str) {
        let is_known =
            required.contains(&name) || optional.contains(&name) || COMMON.contains(&name);
        must(
            is_known,
            &format!("is not allowed to have the property {name}"),
        )?;
    }
    check_values(kind, body)?;
    let to = match kind {
        "sendReaction" => body["key"]["remoteJid"].as_str(),
        _ => body["number"].as_str(),
    };
    let to = to.filter(|to| to.bytes().filter(u8::is_ascii_digit).count() >= 5);
    let to = to.ok_or_else(|| invalid(".number does not match pattern"))?;
    Ok(Sent {
        to: to.trim_start_matches('+').to_owned(),
        kind: kind.strip_prefix("send").unwrap_or(kind),
        content: content(kind, body),
    })
}

fn schema(kind: &str) -> Option<Schema> {
    Some(match kind {
        "sendText" => (&["number", "text"], &[]),
        "sendMedia" => (
            &["number", "mediatype", "media"],
            &["mimetype", "caption", "fileName"],
        ),
        "sendWhatsAppAudio" => (&["number", "audio"], &[]),
        "sendTemplate" => (
            &["number", "name", "language"],
            &["components", "webhookUrl"],
        ),
        "sendLocation" => (&["number", "latitude", "longitude"], &["name", "address"]),
        "sendReaction" => (&["key"], &["reaction"]),
        _ => return None,
    })
}

fn check_values(kind: &str, body: &Value) -> Result<(), Refusal> {
    let is_text = |name: &str| body[name].is_string();
    match kind {
        "sendText" => must(is_text("text"), ".text is not of a type(s) string"),
        "sendMedia" => {
            let kind = body["mediatype"].as_str().unwrap_or_default();
            must(
                MEDIA_TYPES.contains(&kind),
                ".mediatype is not one of enum values",
            )?;
            let media = body["media"].as_str().unwrap_or_default();
            let is_base64 = media.len() > 100 && !media.contains(':');
            must(
                is_url(media) || is_base64,
                "Owned media must be a url or base64",
            )?;
            let is_named = kind != "document" || is_text("fileName") || is_url(media);
            must(is_named, "For base64 the file name must be informed.")
        }
        "sendLocation" => {
            let numbers = body["latitude"].is_number() && body["longitude"].is_number();
            must(numbers, ".latitude is not of a type(s) number")
        }
        "sendTemplate" => must(is_text("language"), ".language is not of a type(s) string"),
        "sendReaction" => {
            let key = &body["key"];
            let is_whole =
                key["id"].is_string() && key["remoteJid"].is_string() && key["fromMe"].is_boolean();
            must(is_whole, ".key requires property \"id\"")?;
            must(is_text("reaction"), ".reaction is not of a type(s) string")
        }
        _ => Ok(()),
    }
}

fn content(kind: &str, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match kind {
        "sendText" => text("text"),
        "sendMedia" => format!("{} {}", text("media"), text("caption")),
        "sendTemplate" => format!("{} {}", text("name"), body["components"]),
        "sendLocation" => format!(
            "{},{} {}",
            body["latitude"],
            body["longitude"],
            text("name")
        ),
        "sendReaction" => format!("{} {}", body["key"]["id"], text("reaction")),
        _ => text("audio"),
    }
}

fn invalid(what: &str) -> Refusal {
    let text = format!("instance {what}");
    refuse(StatusCode::BAD_REQUEST, &json!([[text]]))
}

fn must(holds: bool, what: &str) -> Result<(), Refusal> {
    match holds {
        true => Ok(()),
        false => Err(invalid(what)),
    }
}
