//! The four ad platforms.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// An ad platform that takes conversion events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Meta Conversions API.
    Meta,
    /// Google Analytics 4 Measurement Protocol.
    Google,
    /// LinkedIn Conversions API.
    LinkedIn,
    /// TikTok Events API.
    TikTok,
}

impl Platform {
    /// All four.
    pub const ALL: [Platform; 4] = [
        Platform::Meta,
        Platform::Google,
        Platform::LinkedIn,
        Platform::TikTok,
    ];

    /// The name in events, accounts and the API; also the name of its queue.
    pub const fn as_str(self) -> &'static str {
        match self {
            Platform::Meta => "meta",
            Platform::Google => "google",
            Platform::LinkedIn => "linkedin",
            Platform::TikTok => "tiktok",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a platform.
#[derive(Debug, thiserror::Error)]
#[error("not a pixel platform; use meta, google, linkedin or tiktok")]
pub struct ParsePlatformError;

impl FromStr for Platform {
    type Err = ParsePlatformError;
    fn from_str(text: &str) -> Result<Self, ParsePlatformError> {
        Platform::ALL
            .into_iter()
            .find(|platform| platform.as_str() == text)
            .ok_or(ParsePlatformError)
    }
}
