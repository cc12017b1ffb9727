//! Event ids in 16 bytes.

use std::fmt;

use uuid::Uuid;

/// An event id: itself where it is a UUID, a hash of its text where it is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(pub u128);

impl EventKey {
    /// The key of an event id.
    pub fn of(event_id: &str) -> EventKey {
        match Uuid::try_parse(event_id) {
            Ok(id) => EventKey(id.as_u128()),
            Err(_) => EventKey(xxhash_rust::xxh3::xxh3_128(event_id.as_bytes())),
        }
    }
}

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_u128(self.0).fmt(f)
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_u128(self.0).fmt(f)
    }
}
