//! What goes on from events.

use bytes::Bytes;
use cauce_flow::event::EventId;

/// What is to go on from an event that is durable and new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowUp {
    /// Where it stands; goes up from one to the next. Those of one call share it.
    pub position: u64,
    /// The event.
    pub event: EventId,
    /// As it was handed in.
    pub bytes: Bytes,
}
