//! What becomes of a scheduled campaign whose time came while the process was down.
//!
//! Offers for yesterday do harm today, so that a campaign may say what is right: send it at once,
//! leave it, or ask a person.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What to do about a late start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Send at once.
    #[default]
    Send,
    /// Do not send.
    Skip,
    /// Wait for a person.
    Ask,
}

/// What a scheduled campaign does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It waits until its time.
    At(Timestamp),
    /// It starts.
    Start,
    /// It is too late and is not sent.
    Missed,
    /// It is late, and a person has to say.
    Ask,
}

impl Policy {
    /// What a campaign that was to start at `at` does, where a start later than `grace` is late.
    pub fn decide(self, at: Timestamp, grace: Duration, now: Timestamp) -> Due {
        if now < at {
            return Due::At(at);
        }
        match self {
            _ if now.since(at) <= grace => Due::Start,
            Policy::Send => Due::Start,
            Policy::Skip => Due::Missed,
            Policy::Ask => Due::Ask,
        }
    }

    /// The name in the API and the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Policy::Send => "send",
            Policy::Skip => "skip",
            Policy::Ask => "ask",
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no policy.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` says nothing about a late start; use send, skip or ask")]
pub struct ParseError(String);

impl FromStr for Policy {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Policy, ParseError> {
        [Policy::Send, Policy::Skip, Policy::Ask]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| ParseError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
