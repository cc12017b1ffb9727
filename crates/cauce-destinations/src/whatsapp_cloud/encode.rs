//! A message as the Cloud API wants it.

use cauce_flow::job::LeasedJob;
use serde_json::{Map, Value, json};

use super::config::Config;
use crate::{
    destination::{Header, Request},
    message::{Content, Media, Message, Template},
};

/// The request that carries a message. One that cannot be read, which screening does not let
/// through, leaves an empty object, which Meta refuses.
pub(super) fn request(config: &Config, jobs: &[LeasedJob]) -> Request {
    let body = jobs.first().and_then(|job| {
        let message = Message::of_payload(&job.payload).ok()?;
        let mut body = written(&message);
        body["biz_opaque_callback_data"] = job.id.to_string().into();
        Some(body)
    });
    let Config {
        base_url,
        api_version,
        phone_number_id,
        access_token,
        ..
    } = config;
    let base_url = base_url.trim_end_matches('/');
    Request {
        method: http::Method::POST,
        url: format!("{base_url}/{api_version}/{phone_number_id}/messages"),
        headers: vec![
            Header {
                name: "authorization",
                value: format!("Bearer {}", access_token.expose()),
                secret: true,
            },
            Header {
                name: "content-type",
                value: "application/json".to_owned(),
                secret: false,
            },
        ],
        body: body.unwrap_or_else(|| json!({})).to_string().into(),
    }
}

fn written(message: &Message) -> Value {
    let (kind, content) = match &message.content {
        Content::Text(text) => {
            let has_link = text.contains("https://") || text.contains("http://");
            ("text", json!({"body": text, "preview_url": has_link}))
        }
        Content::Media(media) => (media.kind.as_str(), of_media(media)),
        Content::Template(Template::Named {
            name,
            language,
            components,
        }) => {
            let mut template = json!({"name": name, "language": {"code": language}});
            if !components.is_empty() {
                template["components"] = components.clone().into();
            }
            ("template", template)
        }
        // Screening names it.
        Content::Template(Template::Content { .. }) => ("template", json!({})),
        Content::Location(location) => ("location", json!(location)),
        Content::Reaction(reaction) => (
            "reaction",
            json!({"message_id": reaction.message_id, "emoji": reaction.emoji}),
        ),
    };
    json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.to.digits(),
        "type": kind,
        kind: content,
    })
}

fn of_media(media: &Media) -> Value {
    let mut object = Map::from_iter([("link".to_owned(), media.url.clone().into())]);
    let texts = [("caption", &media.caption), ("filename", &media.filename)];
    for (name, text) in texts {
        object.extend(text.clone().map(|text| (name.to_owned(), text.into())));
    }
    object.into()
}
