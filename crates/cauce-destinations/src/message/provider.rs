//! The providers that carry messages to WhatsApp.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A provider that carries messages to WhatsApp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Twilio Programmable Messaging.
    Twilio,
    /// An Evolution API gateway.
    Evolution,
    /// The WhatsApp Cloud API of Meta.
    WhatsappCloud,
}

impl Provider {
    /// All three.
    pub const ALL: [Provider; 3] = [
        Provider::Twilio,
        Provider::Evolution,
        Provider::WhatsappCloud,
    ];

    /// The name in accounts and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Provider::Twilio => "twilio",
            Provider::Evolution => "evolution",
            Provider::WhatsappCloud => "whatsapp_cloud",
        }
    }

    /// The queue of its messages. Messages and campaigns of one sender go through its one line there.
    pub const fn queue(self) -> &'static str {
        match self {
            Provider::Twilio => "campaigns",
            Provider::Evolution | Provider::WhatsappCloud => "whatsapp",
        }
    }

    /// Its name in sentences.
    pub(crate) const fn shown(self) -> &'static str {
        match self {
            Provider::Twilio => "Twilio",
            Provider::Evolution => "Evolution",
            Provider::WhatsappCloud => "WhatsApp Cloud",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a provider.
#[derive(Debug, thiserror::Error)]
#[error("not a provider of messages; use twilio, evolution or whatsapp_cloud")]
pub struct ParseProviderError;

impl FromStr for Provider {
    type Err = ParseProviderError;
    fn from_str(text: &str) -> Result<Self, ParseProviderError> {
        Provider::ALL
            .into_iter()
            .find(|provider| provider.as_str() == text)
            .ok_or(ParseProviderError)
    }
}
