//! What an event is, as a short name that the site chooses.
//!
//! The usual names are known beforehand, so that an event of such a kind takes no memory for it, and
//! its rules are found without a search.

use std::{cmp::Ordering, fmt, str::FromStr, sync::Arc};

/// Most bytes in the kind of an event.
pub const MAX_KIND_BYTES: usize = 64;

/// The usual kinds, in order.
pub(crate) const USUAL: [&str; 42] = [
    "ADD_PAYMENT_INFO",
    "ADD_TO_CART",
    "ADD_TO_WISHLIST",
    "BLUR",
    "CHECKOUT",
    "CLICK",
    "COMPLETE_REGISTRATION",
    "CONTACT",
    "CUSTOM",
    "DOWNLOAD",
    "ERROR",
    "FOCUS",
    "FORM_START",
    "FORM_SUBMIT",
    "HEARTBEAT",
    "HOVER",
    "IDENTIFY",
    "INITIATE_CHECKOUT",
    "KEY_PRESS",
    "LEAD",
    "LOGIN",
    "LOGOUT",
    "MOUSE_MOVE",
    "OUTBOUND_CLICK",
    "PAGE_VIEW",
    "PERFORMANCE",
    "PURCHASE",
    "REFUND",
    "REMOVE_FROM_CART",
    "RESIZE",
    "SCROLL",
    "SEARCH",
    "SESSION_END",
    "SESSION_START",
    "SIGN_UP",
    "SUBSCRIBE",
    "TOUCH_MOVE",
    "VIDEO_COMPLETE",
    "VIDEO_PLAY",
    "VIDEO_PROGRESS",
    "VIEW_CONTENT",
    "VISIBILITY_CHANGE",
];

/// The kind of an event: `PAGE_VIEW`, `ADD_TO_CART`, or a name of the site's own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventKind(Name);

/// A usual name is always held as such, so that equal kinds are held alike.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Name {
    Usual(u8),
    Own(Arc<str>),
}

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
        if let Ok(place) = USUAL.binary_search(&text) {
            return Ok(EventKind(Name::Usual(place as u8)));
        }
        if text.is_empty() || text.len() > MAX_KIND_BYTES {
            return Err(KindError::Length { len: text.len() });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        match text.chars().find(|c| !allowed(*c)) {
            Some(found) => Err(KindError::Character { found }),
            None => Ok(EventKind(Name::Own(Arc::from(text)))),
        }
    }

    /// The kind as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Usual(place) => USUAL[usize::from(*place)],
            Name::Own(text) => text,
        }
    }

    /// Its place among [`USUAL`], if it is one of them.
    pub(crate) fn usual(&self) -> Option<usize> {
        match self.0 {
            Name::Usual(place) => Some(usize::from(place)),
            Name::Own(_) => None,
        }
    }
}

/// In the order of the text.
impl Ord for EventKind {
    fn cmp(&self, other: &EventKind) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for EventKind {
    fn partial_cmp(&self, other: &EventKind) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

    #[test]
    fn usual_kinds_are_kinds_and_in_order() {
        assert!(USUAL.is_sorted());
        for (place, text) in USUAL.into_iter().enumerate() {
            let kind = EventKind::new(text).unwrap();
            assert_eq!((kind.as_str(), kind.usual()), (text, Some(place)));
        }
        assert_eq!(EventKind::new("page_view").unwrap().usual(), None);
    }

    #[test]
    fn kinds_are_in_the_order_of_their_text() {
        let texts = ["A", "CLICK", "CLICKS", "PAGE", "PAGE_VIEW", "Z", "a"];
        let kinds = texts.map(|text| EventKind::new(text).unwrap());
        assert!(kinds.is_sorted());
    }
}
