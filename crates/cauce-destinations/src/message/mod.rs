//! One message to one person on WhatsApp, and what providers tell of it.
//!
//! A [`Message`] is the payload of a job in the line of its sender. It is the same for every
//! provider: what a provider cannot carry is named by [`Message::check`] before the job is taken.
//! [`Told`] is what the webhooks of all providers come down to, and [`progress`] keeps a message
//! from being moved back by what comes late or twice.
//!
//! A message holds personal data in the clear. Its `Debug` shows none of it.

mod check;
mod content;
pub(crate) mod judge;
pub mod phone;
pub mod progress;
mod provider;
mod template;
#[cfg(test)]
mod tests;
mod told;
mod wording;

use std::fmt;

use bytes::Bytes;
use cauce_flow::reason::Reason;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use check::{MAX_CONVERSATION_BYTES, MAX_METADATA_BYTES};
pub use content::{Content, Location, Media, MediaKind, Reaction};
pub use phone::{Phone, PhoneError};
pub use progress::Step;
pub use provider::{ParseProviderError, Provider};
pub use template::Template;
pub use told::{Connection, ConnectionState, Inbound, InboundKind, Meaning, State, Status, Told};
pub use wording::Wording;

/// One message to one person: the payload of its job.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The person.
    pub to: Phone,
    /// What is said.
    pub content: Content,
    /// The campaign that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<CampaignPart>,
    /// The conversation that it belongs to, as the caller names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// What the caller wants to find again at the message.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// Which recipient of a campaign a message is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignPart {
    /// The campaign.
    pub id: String,
    /// The recipient's number in the campaign, in the order in which it was expanded.
    pub number: u64,
    /// The place of the variant among those of the campaign.
    #[serde(default)]
    pub variant: u16,
    /// The contact.
    pub contact: String,
    /// The time zone that the campaign's send window goes by for this person, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl Message {
    /// A message that belongs to nothing.
    pub fn new(to: Phone, content: Content) -> Message {
        Message {
            to,
            content,
            campaign: None,
            conversation_id: None,
            metadata: Map::new(),
        }
    }

    /// The message as the payload of a job.
    pub fn to_payload(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("texts, numbers and maps with text keys always serialise")
            .into()
    }

    /// The message that a payload holds.
    pub fn of_payload(payload: &[u8]) -> Result<Message, Reason> {
        serde_json::from_slice(payload)
            .map_err(|_| Reason::new("bad_payload", "the payload is not a message"))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} to {})", self.content.kind(), self.to)
    }
}
