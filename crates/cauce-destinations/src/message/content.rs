//! What a message says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::template::Template;

/// What a message says. Written as an object with one name: `{"text": "Hola"}`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Words.
    Text(String),
    /// A picture, a film, a sound or a file, by its address.
    Media(Media),
    /// A template that the provider knows.
    Template(Template),
    /// A place.
    Location(Location),
    /// A sign at a message that was there before.
    Reaction(Reaction),
}

impl Content {
    /// The kind in one word; also its name in a message.
    pub const fn kind(&self) -> &'static str {
        match self {
            Content::Text(_) => "text",
            Content::Media(_) => "media",
            Content::Template(_) => "template",
            Content::Location(_) => "location",
            Content::Reaction(_) => "reaction",
        }
    }
}

/// Shows the kind: what is said is for the one it is said to.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({})", self.kind())
    }
}

/// A picture, a film, a sound or a file, by its address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// Where the provider finds it.
    pub url: String,
    /// Words that go with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The name that a document is shown with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// What a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A sound.
    Audio,
    /// A file.
    Document,
}

impl MediaKind {
    /// The name in messages, which WhatsApp uses too.
    pub const fn as_str(self) -> &'static str {
        match self {
            MediaKind::Image => "image",
            MediaKind::Video => "video",
            MediaKind::Audio => "audio",
            MediaKind::Document => "document",
        }
    }
}

/// A place.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
    /// What the place is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A sign at a message that was there before.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reaction {
    /// The provider's id of that message.
    pub message_id: String,
    /// One emoji; empty takes the sign away.
    pub emoji: String,
}
