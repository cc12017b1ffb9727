//! The parameters of a message, and what makes Twilio refuse them.

use serde_json::Value;

use super::refuse;
use crate::{
    call::{Call, Refusal},
    check::is_url,
};

/// Longer texts are refused (Message resource).
const MAX_BODY_CHARS: usize = 1600;
const MAX_MEDIA: usize = 10;
/// Seconds that a message may wait at Twilio.
const VALIDITY: std::ops::RangeInclusive<u32> = 1..=36_000;
const KNOWN: [&str; 18] = [
    "To",
    "From",
    "MessagingServiceSid",
    "Body",
    "ContentSid",
    "ContentVariables",
    "MediaUrl",
    "StatusCallback",
    "ValidityPeriod",
    "SendAt",
    "ScheduleType",
    "PersistentAction",
    "Tags",
    "SmartEncoded",
    "Attempt",
    "ShortenUrls",
    "FallbackFrom",
    "ProvideFeedback",
];

/// A message that is in order.
pub(super) struct Form {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) kind: &'static str,
    pub(super) content: String,
    /// The parameter `Body`; a template's words are not known here.
    pub(super) words: String,
    pub(super) callback: Option<String>,
}

/// Reads a message.
pub(super) fn read(call: &Call) -> Result<Form, Refusal> {
    let is_form = call
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        // Twilio finds no parameter in another kind of body.
        return Err(refuse(21_604));
    }
    let pairs: Vec<(String, String)> = form_urlencoded::parse(call.body).into_owned().collect();
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, v)| v);
    if !pairs.iter().all(|(name, _)| KNOWN.contains(&name.as_str())) {
        return Err(refuse(20_001));
    }
    let to = get("To").ok_or_else(|| refuse(21_604))?;
    let from = sender(get("From"), get("MessagingServiceSid"))?;
    must(is_address(to), 21_211)?;
    must(to != from, 63_031)?;
    must(
        get("StatusCallback").is_none_or(|url| is_callback(url)),
        21_609,
    )?;
    let seconds = get("ValidityPeriod").map(|text| text.parse::<u32>());
    must(
        seconds.is_none_or(|s| s.is_ok_and(|s| VALIDITY.contains(&s))),
        20_001,
    )?;
    must(
        get("SendAt").is_none() || get("MessagingServiceSid").is_some(),
        35_118,
    )?;
    let (kind, content) = content(&pairs)?;
    Ok(Form {
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
        content,
        words: get("Body").cloned().unwrap_or_default(),
        callback: get("StatusCallback").cloned(),
    })
}

fn sender<'a>(from: Option<&'a String>, service: Option<&'a String>) -> Result<&'a str, Refusal> {
    match (from, service) {
        (Some(from), _) => {
            // Both ends must be of one channel.
            must(from.starts_with("whatsapp:"), 21_910)?;
            must(is_address(from), 21_212)?;
            Ok(from)
        }
        (None, Some(service)) => {
            must(is_sid(service, "MG"), 21_701)?;
            Ok(service)
        }
        (None, None) => Err(refuse(21_603)),
    }
}

fn content(pairs: &[(String, String)]) -> Result<(&'static str, String), Refusal> {
    let all = |name: &str| {
        let found = pairs.iter().filter(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let first = |name: &str| all(name).first().copied();
    if let Some(sid) = first("ContentSid") {
        must(is_sid(sid, "HX"), 21_655)?;
        let variables = first("ContentVariables").unwrap_or("{}");
        must(is_variables(variables), 21_656)?;
        return Ok(("template", format!("{sid} {variables}")));
    }
    must(first("ContentVariables").is_none(), 21_654)?;
    let media = all("MediaUrl");
    must(media.len() <= MAX_MEDIA, 21_623)?;
    must(media.iter().all(|url| is_url(url)), 21_620)?;
    let body = first("Body").unwrap_or_default();
    must(body.chars().count() <= MAX_BODY_CHARS, 21_617)?;
    must(!body.is_empty() || !media.is_empty(), 21_619)?;
    if let Some(action) = first("PersistentAction") {
        must(is_geo(action), 21_657)?;
        return Ok(("location", format!("{action} {body}")));
    }
    match media.is_empty() {
        true => Ok(("text", body.to_owned())),
        false => Ok(("media", format!("{} {body}", media.join(" ")))),
    }
}

/// `whatsapp:+` and 8 to 15 digits, the first not 0.
fn is_address(text: &str) -> bool {
    let digits = text.strip_prefix("whatsapp:+").unwrap_or_default();
    (8..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.len() == 34 && text.starts_with(prefix) && text[2..].bytes().all(|b| b.is_ascii_hexdigit())
}

/// The text of a JSON object whose values are all texts.
fn is_variables(text: &str) -> bool {
    let parsed = serde_json::from_str::<Value>(text).unwrap_or_default();
    let texts = |map: &serde_json::Map<String, Value>| map.values().all(Value::is_string);
    parsed.as_object().is_some_and(texts)
}

/// An address whose host Twilio takes: absolute, and without an underscore.
fn is_callback(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    is_url(url) && !host.contains('_')
}

/// `geo:{latitude},{longitude}`, perhaps with `|` and a label.
fn is_geo(text: &str) -> bool {
    let rest = text.strip_prefix("geo:").unwrap_or_default();
    let place = rest.split('|').next().unwrap_or_default();
    let number = |text: &str, most: f64| text.parse::<f64>().is_ok_and(|n| n.abs() <= most);
    let both = place.split_once(',');
    both.is_some_and(|(latitude, longitude)| number(latitude, 90.0) && number(longitude, 180.0))
}

fn must(holds: bool, code: u32) -> Result<(), Refusal> {
    match holds {
        true => Ok(()),
        false => Err(refuse(code)),
    }
}
