//! What an event is, as a short name that the site chooses.

use std::{fmt, str::FromStr, sync::Arc};

/// Most bytes in the kind of an event.
pub const MAX_KIND_BYTES: usize = 64;

/// The kind of an event: `PAGE_VIEW`, `ADD_TO_CART`, or a name of the site's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKind(Arc<str>);

/// Why a text is not the kind of an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// Nothing was given, or more than [`MAX_KIND_BYTES`].
    #[error("has {len} bytes; give it 1 to {MAX_KIND_BYTES}")]
    Length {
        /// Its length in bytes.
        len: usize,
    },
    /// Another character than `A-Z a-z 0-9 _ . : -`.
    #[error("holds {found:?}; use letters, digits and _ . : -")]
    Character {
        /// The first character that may not stand there.
        found: char,
    },
}

impl EventKind {
    /// Checks the text and takes it as a kind.
    pub fn new(text: &str) -> Result<EventKind, KindError> {
        if text.is_empty() || text.len() > MAX_KIND_BYTES {
            return Err(KindError::Length { len: text.len() });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        match text.chars().find(|c| !allowed(*c)) {
            Some(found) => Err(KindError::Character { found }),
            None => Ok(EventKind(Arc::from(text))),
        }
    }

    /// The kind as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EventKind {
    type Err = KindError;
    fn from_str(text: &str) -> Result<EventKind, KindError> {
        EventKind::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_is_a_short_name() {
        assert_eq!(EventKind::new("PAGE_VIEW").unwrap().as_str(), "PAGE_VIEW");
        assert_eq!(EventKind::new(""), Err(KindError::Length { len: 0 }));
        let long = "A".repeat(MAX_KIND_BYTES + 1);
        assert_eq!(EventKind::new(&long), Err(KindError::Length { len: 65 }));
        let found = KindError::Character { found: ' ' };
        assert_eq!(EventKind::new("PAGE VIEW"), Err(found));
    }
}
