//! The bodies of messages, and what the Cloud API refuses in them. Fields that the sources do not
//! name are refused: Graph does so too.

use serde_json::{Map, Value};

use super::errors::refuse;
use crate::{
    Template,
    call::{Call, Refusal},
    check::is_url,
};

const MAX_TEXT_CHARS: usize = 4096;
const MAX_CAPTION_CHARS: usize = 1024;
/// `biz_opaque_callback_data` holds so many characters.
const MAX_REFERENCE_CHARS: usize = 512;
const FIELDS: [&str; 6] = [
    "messaging_product",
    "recipient_type",
    "to",
    "type",
    "context",
    "biz_opaque_callback_data",
];
/// A parameter is missing; its value is wrong; the kind of message is unknown.
const MISSING: u32 = 131_008;
const WRONG: u32 = 131_009;
const UNSUPPORTED: u32 = 131_051;

/// A message that is in order.
pub(super) struct Sent {
    pub(super) to: String,
    pub(super) kind: String,
    pub(super) content: String,
    pub(super) reference: Option<String>,
}

type Checked<T> = Result<T, u32>;

/// Reads a message.
pub(super) fn read(call: &Call, body: &Value) -> Result<Sent, Refusal> {
    envelope(call, body).map_err(|code| refuse(call.world, code))
}

fn envelope(call: &Call, body: &Value) -> Checked<Sent> {
    let fields = body.as_object().ok_or(100_u32)?;
    must(body["messaging_product"] == "whatsapp", 100)?;
    let recipient = body.get("recipient_type");
    must(recipient.is_none_or(|kind| kind == "individual"), 100)?;
    let to = body["to"].as_str().ok_or(100_u32)?;
    must(is_number(to), WRONG)?;
    let kind = body.get("type").map_or(Some("text"), Value::as_str);
    let kind = kind.ok_or(100_u32)?;
    let known = |name: &String| FIELDS.contains(&name.as_str()) || name == kind;
    must(fields.keys().all(known), 100)?;
    let reference = body.get("biz_opaque_callback_data");
    must(
        reference.is_none_or(|text| is_text(text, MAX_REFERENCE_CHARS)),
        WRONG,
    )?;
    let context = body.get("context");
    must(
        context.is_none_or(|context| context["message_id"].is_string()),
        100,
    )?;
    let part = body.get(kind).and_then(Value::as_object);
    let content = match kind {
        "text" => text(part.ok_or(MISSING)?)?,
        "image" | "video" | "audio" | "document" | "sticker" => media(kind, part.ok_or(MISSING)?)?,
        "template" => template(call, part.ok_or(MISSING)?)?,
        "location" => location(part.ok_or(MISSING)?)?,
        "reaction" => reaction(part.ok_or(MISSING)?)?,
        _ => return Err(UNSUPPORTED),
    };
    Ok(Sent {
        to: to.to_owned(),
        kind: kind.to_owned(),
        content,
        reference: reference.and_then(Value::as_str).map(str::to_owned),
    })
}

fn text(part: &Map<String, Value>) -> Checked<String> {
    only(part, &["body", "preview_url"])?;
    let body = part.get("body").ok_or(MISSING)?;
    must(is_text(body, MAX_TEXT_CHARS), WRONG)?;
    must(part.get("preview_url").is_none_or(Value::is_boolean), WRONG)?;
    Ok(body.as_str().unwrap_or_default().to_owned())
}

fn media(kind: &str, part: &Map<String, Value>) -> Checked<String> {
    only(part, &["link", "id", "caption", "filename"])?;
    let link = part.get("link").and_then(Value::as_str);
    let id = part.get("id").and_then(Value::as_str);
    must(link.is_some() != id.is_some(), MISSING)?;
    must(link.is_none_or(is_url), WRONG)?;
    let caption = part.get("caption");
    let has_caption = !matches!(kind, "audio" | "sticker");
    must(caption.is_none() || has_caption, 100)?;
    must(
        caption.is_none_or(|text| is_text(text, MAX_CAPTION_CHARS)),
        WRONG,
    )?;
    must(part.get("filename").is_none() || kind == "document", 100)?;
    let caption = caption.and_then(Value::as_str).unwrap_or_default();
    Ok(format!("{} {caption}", link.or(id).unwrap_or_default()))
}

fn template(call: &Call, part: &Map<String, Value>) -> Checked<String> {
    only(part, &["name", "language", "components"])?;
    let name = part.get("name").and_then(Value::as_str).ok_or(MISSING)?;
    let language = part.get("language").ok_or(MISSING)?;
    must(language["code"].is_string(), MISSING)?;
    match call.world.messages.template(name) {
        Some(Template::Good) => {}
        Some(Template::Paused) => return Err(132_015),
        Some(Template::Disabled) => return Err(132_016),
        None => return Err(132_001),
    }
    let components = part.get("components").cloned().unwrap_or_default();
    for component in components.as_array().into_iter().flatten() {
        must(is_component(component), WRONG)?;
    }
    Ok(format!("{name} {components}"))
}

fn is_component(component: &Value) -> bool {
    let kind = component["type"].as_str().unwrap_or_default();
    let is_known = ["header", "body", "button"].contains(&kind);
    let has_place = kind != "button"
        || (component["sub_type"].is_string()
            && (component["index"].is_string() || component["index"].is_number()));
    let is_parameter = |one: &Value| match one["type"].as_str() {
        Some("text") => one["text"].as_str().is_some_and(|text| !text.is_empty()),
        Some("payload") => one["payload"].is_string(),
        Some("image" | "video" | "document" | "currency" | "date_time") => true,
        _ => false,
    };
    let parameters = component["parameters"].as_array();
    is_known && has_place && parameters.is_none_or(|all| all.iter().all(is_parameter))
}

fn location(part: &Map<String, Value>) -> Checked<String> {
    only(part, &["latitude", "longitude", "name", "address"])?;
    let number = |name: &str, most: f64| {
        let value = part.get(name).ok_or(MISSING)?;
        let value = match value {
            Value::String(text) => text.parse().map_err(|_| WRONG)?,
            other => other.as_f64().ok_or(WRONG)?,
        };
        must(value.abs() <= most, WRONG)?;
        Ok::<f64, u32>(value)
    };
    let (latitude, longitude) = (number("latitude", 90.0)?, number("longitude", 180.0)?);
    Ok(format!("{latitude},{longitude}"))
}

fn reaction(part: &Map<String, Value>) -> Checked<String> {
    only(part, &["message_id", "emoji"])?;
    let id = part.get("message_id").and_then(Value::as_str);
    let emoji = part.get("emoji").and_then(Value::as_str);
    Ok(format!("{} {}", id.ok_or(MISSING)?, emoji.ok_or(MISSING)?))
}

/// Digits, perhaps after a plus: 8 to 15 of them, the first not 0.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
}

fn is_text(value: &Value, max: usize) -> bool {
    let chars = value.as_str().map(|text| text.chars().count());
    chars.is_some_and(|chars| (1..=max).contains(&chars))
}

fn only(part: &Map<String, Value>, known: &[&str]) -> Checked<()> {
    must(part.keys().all(|name| known.contains(&name.as_str())), 100)
}

fn must(holds: bool, code: u32) -> Checked<()> {
    match holds {
        true => Ok(()),
        false => Err(code),
    }
}
