//! What happened on a web site, as a browser or an application tells it.
//!
//! An [`Event`] cannot be built invalid: ids are UUIDs, the kind is a checked name, and the metadata
//! is one JSON object in canonical form, so that two events that say the same are equal byte for byte.

mod ids;
mod kind;
mod metadata;

use crate::time::Timestamp;

pub(crate) use self::kind::USUAL;
pub use self::{
    ids::{EventId, ParseIdError, SessionId, SiteId, VisitorId},
    kind::{EventKind, KindError, MAX_KIND_BYTES},
    metadata::{Metadata, MetadataError},
};

/// One tracked event of a site, before or after the shaping.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its identity, by which a repeat is recognised.
    pub id: EventId,
    /// Who did it: a browser, not a person.
    pub visitor: VisitorId,
    /// The visit that it belongs to.
    pub session: SessionId,
    /// What it is: `PAGE_VIEW`, `CLICK`, ….
    pub kind: EventKind,
    /// When it happened, by the corrected clock of the client.
    pub occurred_at: Timestamp,
    /// What else is known of it.
    pub metadata: Metadata,
    /// Whether a bot did it, as far as its user agent says.
    pub bot: bool,
}
