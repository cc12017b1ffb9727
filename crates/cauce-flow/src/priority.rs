//! The four priorities of a job.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// How urgent a job is. The order of the variants is the order of service.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Before everything else.
    Critical,
    /// Before the usual traffic.
    High,
    /// The usual traffic.
    #[default]
    Normal,
    /// When nothing else waits, and a small share besides.
    Low,
}

impl Priority {
    /// All four, most urgent first.
    pub const ALL: [Priority; 4] = [
        Priority::Critical,
        Priority::High,
        Priority::Normal,
        Priority::Low,
    ];

    /// The place in [`Priority::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The priority at `index` of [`Priority::ALL`].
    pub fn from_index(index: usize) -> Option<Priority> {
        Priority::ALL.get(index).copied()
    }

    /// Whether a batch is flushed after `priority_wait` for it, not after `max_wait`.
    pub const fn is_urgent(self) -> bool {
        matches!(self, Priority::Critical | Priority::High)
    }

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Priority::Critical => "critical",
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Low => "low",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a priority.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a priority; use critical, high, normal or low")]
pub struct ParseError(String);

impl FromStr for Priority {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Priority::ALL
            .into_iter()
            .find(|priority| priority.as_str() == text)
            .ok_or_else(|| ParseError(text.to_owned()))
    }
}
