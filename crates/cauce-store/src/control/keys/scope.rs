//! What a key allows, as a few words that people write.

use std::{fmt, str::FromStr};

/// What a key allows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// Hand in events and states.
    Ingest,
    /// Send messages and campaigns.
    Send,
    /// Look at everything.
    Read,
    /// Control queues, jobs and dead letters.
    Manage,
    /// Make and revoke keys; read the audit log.
    Admin,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [KeyScope; 5] = [
        KeyScope::Ingest,
        KeyScope::Send,
        KeyScope::Read,
        KeyScope::Manage,
        KeyScope::Admin,
    ];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyScope::Ingest => "ingest",
            KeyScope::Send => "send",
            KeyScope::Read => "read",
            KeyScope::Manage => "manage",
            KeyScope::Admin => "admin",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a scope.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a scope; use ingest, send, read, manage or admin")]
pub struct ParseScopeError(String);

impl FromStr for KeyScope {
    type Err = ParseScopeError;
    fn from_str(text: &str) -> Result<Self, ParseScopeError> {
        let found = KeyScope::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text);
        found.ok_or_else(|| ParseScopeError(text.to_owned()))
    }
}
