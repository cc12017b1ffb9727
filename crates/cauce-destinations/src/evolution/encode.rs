//! A message as the gateway wants it, and the requests.

use bytes::Bytes;
use cauce_flow::job::LeasedJob;
use serde_json::{Value, json};

use super::config::Config;
use crate::{
    answer::escaped,
    destination::{Header, Request},
    message::{Content, Media, MediaKind, Message, Template},
};

/// The request that carries a message. One that cannot be read, which screening does not let
/// through, leaves an empty text, which the gateway refuses.
pub(super) fn request(config: &Config, jobs: &[LeasedJob]) -> Request {
    let message = jobs
        .first()
        .and_then(|job| Message::of_payload(&job.payload).ok());
    let (route, body) = message
        .as_ref()
        .map_or(("sendText", json!({})), |message| written(message));
    let path = format!("/message/{route}/{}", escaped(&config.instance));
    let mut request = with_key(config, http::Method::POST, &path);
    request.headers.push(Header {
        name: "content-type",
        value: "application/json".to_owned(),
        secret: false,
    });
    request.body = body.to_string().into();
    request
}

/// The route of a message, and what it is sent.
fn written(message: &Message) -> (&'static str, Value) {
    let number = message.to.digits();
    match &message.content {
        Content::Text(text) => ("sendText", json!({"number": number, "text": text})),
        Content::Media(media) => of_media(number, media),
        Content::Template(Template::Named {
            name,
            language,
            components,
        }) => (
            "sendTemplate",
            json!({"number": number, "name": name, "language": language, "components": components}),
        ),
        // Screening names it.
        Content::Template(Template::Content { .. }) => ("sendTemplate", json!({})),
        Content::Location(location) => {
            let mut body = json!(location);
            body["number"] = number.into();
            ("sendLocation", body)
        }
        Content::Reaction(reaction) => {
            let key = json!({
                "remoteJid": format!("{number}@s.whatsapp.net"),
                "fromMe": false,
                "id": reaction.message_id,
            });
            (
                "sendReaction",
                json!({"key": key, "reaction": reaction.emoji}),
            )
        }
    }
}

fn of_media(number: &str, media: &Media) -> (&'static str, Value) {
    if media.kind == MediaKind::Audio {
        let body = json!({"number": number, "audio": media.url});
        return ("sendWhatsAppAudio", body);
    }
    let mut body = json!({
        "number": number, "mediatype": media.kind.as_str(), "media": media.url,
    });
    let texts = [("caption", &media.caption), ("fileName", &media.filename)];
    for (name, text) in texts {
        if let Some(text) = text {
            body[name] = text.as_str().into();
        }
    }
    ("sendMedia", body)
}

/// The request that asks whether the phone is connected.
pub(super) fn check(config: &Config) -> Request {
    let path = format!("/instance/connectionState/{}", escaped(&config.instance));
    with_key(config, http::Method::GET, &path)
}

fn with_key(config: &Config, method: http::Method, path: &str) -> Request {
    let base_url = config.base_url.trim_end_matches('/');
    Request {
        method,
        url: format!("{base_url}{path}"),
        headers: vec![Header {
            name: "apikey",
            value: config.api_key.expose().to_owned(),
            secret: true,
        }],
        body: Bytes::new(),
    }
}
