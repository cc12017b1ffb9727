//! Messages as they are handed in.

use std::collections::BTreeMap;

use cauce_destinations::message::{Content, Location, Media, MediaKind, Reaction, Template};
use cauce_flow::{
    id::{AccountName, GroupName},
    priority::Priority,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::problem::Fault;

/// A message: to whom, and one of `text`, `media`, `template`, `location` and `reaction`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewMessage)]
pub(crate) struct MessageBody {
    /// The recipient's phone number, in any common form. A national one is completed by the country
    /// of the tenant.
    #[schema(example = "+34600123456")]
    pub(crate) to: String,
    /// Words.
    #[schema(example = "Su cita es mañana a las 10:00")]
    text: Option<String>,
    /// A picture, a film, a sound or a file.
    media: Option<MediaBody>,
    /// A template that the provider knows.
    template: Option<TemplateBody>,
    /// A place.
    location: Option<LocationBody>,
    /// A sign at a message that was there before.
    reaction: Option<ReactionBody>,
    /// How urgent it is: `critical`, `high`, `normal` or `low`.
    #[schema(value_type = Option<String>, example = "high")]
    pub(crate) priority: Option<Priority>,
    /// Not before this.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) scheduled_at: Option<Timestamp>,
    /// Not after this: what has not been sent by then expires.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) expires_at: Option<Timestamp>,
    /// The account that sends it. May be left out where the tenant has one.
    #[schema(value_type = Option<String>)]
    pub(crate) sender: Option<AccountName>,
    /// The campaign that it belongs to.
    #[schema(value_type = Option<String>)]
    pub(crate) campaign_id: Option<GroupName>,
    /// Your own name of the conversation that it belongs to.
    pub(crate) conversation_id: Option<String>,
    /// Your own JSON, to be found again at the message.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) metadata: Map<String, Value>,
}

/// A picture, a film, a sound or a file, by its address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Media)]
struct MediaBody {
    /// `image`, `video`, `audio` or `document`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "image")]
    kind: MediaKind,
    /// Where the provider finds it.
    #[schema(example = "https://shop.example/house.jpg")]
    url: String,
    /// Words that go with it.
    caption: Option<String>,
    /// The name that a document is shown with.
    filename: Option<String>,
}

/// A template: `contentSid` and `variables` for Twilio; `name`, `language` and `components` for the
/// others.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = Template)]
struct TemplateBody {
    /// Twilio's id of it.
    #[schema(example = "HX0123456789abcdef0123456789abcdef")]
    content_sid: Option<String>,
    /// What stands for its placeholders.
    variables: Option<BTreeMap<String, String>>,
    /// Its name.
    name: Option<String>,
    /// Its language.
    #[schema(example = "es")]
    language: Option<String>,
    /// What stands for its placeholders, as WhatsApp writes it.
    #[schema(value_type = Option<Vec<Object>>)]
    components: Option<Vec<Value>>,
}

/// A place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Location)]
struct LocationBody {
    /// Degrees north of the equator.
    latitude: f64,
    /// Degrees east of Greenwich.
    longitude: f64,
    /// What the place is called.
    name: Option<String>,
    /// Its address.
    address: Option<String>,
}

/// A sign at a message that was there before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = Reaction)]
struct ReactionBody {
    /// The provider's id of that message.
    message_id: String,
    /// One emoji; empty takes the sign away.
    emoji: String,
}

impl MessageBody {
    /// What is said: one thing.
    pub(crate) fn content(&mut self) -> Result<Content, Fault> {
        let text = self.text.take().map(Content::Text);
        let media = self.media.take().map(Content::from);
        let location = self.location.take().map(Content::from);
        let reaction = self.reaction.take().map(Content::from);
        let template = self
            .template
            .take()
            .map(TemplateBody::content)
            .transpose()?;
        let given = [text, media, template, location, reaction];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(content), None) => Ok(content),
            _ => Err(Fault::at(
                "",
                "one of text, media, template, location and reaction has to be there, and one only",
            )),
        }
    }
}

impl TemplateBody {
    fn content(self) -> Result<Content, Fault> {
        let TemplateBody {
            content_sid,
            variables,
            name,
            language,
            components,
        } = self;
        let has_name = name.is_some() || language.is_some() || components.is_some();
        let has_sid = content_sid.is_some() || variables.is_some();
        let template = match (content_sid, name, language) {
            (Some(content_sid), ..) if !has_name => Template::Content {
                content_sid,
                variables: variables.unwrap_or_default(),
            },
            (None, Some(name), Some(language)) if !has_sid => Template::Named {
                name,
                language,
                components: components.unwrap_or_default(),
            },
            _ => {
                let what = "either contentSid with variables, or name and language with components";
                return Err(Fault::at("/template", what));
            }
        };
        Ok(Content::Template(template))
    }
}

impl From<MediaBody> for Content {
    fn from(body: MediaBody) -> Content {
        Content::Media(Media {
            kind: body.kind,
            url: body.url,
            caption: body.caption,
            filename: body.filename,
        })
    }
}

impl From<LocationBody> for Content {
    fn from(body: LocationBody) -> Content {
        Content::Location(Location {
            latitude: body.latitude,
            longitude: body.longitude,
            name: body.name,
            address: body.address,
        })
    }
}

impl From<ReactionBody> for Content {
    fn from(body: ReactionBody) -> Content {
        Content::Reaction(Reaction {
            message_id: body.message_id,
            emoji: body.emoji,
        })
    }
}
