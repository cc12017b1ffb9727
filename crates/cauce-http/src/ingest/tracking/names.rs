//! Ids for events that come without one.

use cauce_engine::tracking::random_event_id;
use cauce_flow::event::EventId;

use crate::idempotency::Call;

/// How events without an id are named.
pub(super) enum Names {
    /// Each by chance.
    Random,
    /// By the call and the place in it: alike each time the call is made.
    OfCall(Call),
}

impl Names {
    /// The id of an event at this place of the call.
    pub(super) fn of(&self, index: usize) -> EventId {
        match self {
            Names::Random => random_event_id(),
            // The tenant is not known before the batch is read; the key in the call is.
            Names::OfCall(call) => EventId::from_u128(call.id("", index).as_u128()),
        }
    }
}
