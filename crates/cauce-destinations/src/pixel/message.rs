//! The payload of a pixel job: the same envelope for every platform, around what the platform
//! wants to be sent.

use serde::{Deserialize, Serialize};

use super::platform::Platform;

/// The payload of a pixel job.
///
/// The texts are borrowed from the payload: ids, names and types hold nothing that JSON escapes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Message<'a, D> {
    /// The event's own id.
    pub event_id: &'a str,
    /// Whose it is.
    pub tenant_id: &'a str,
    /// What happened.
    pub event_type: &'a str,
    /// The platform of this job: one event is one job for each.
    pub platforms: [Platform; 1],
    /// What the platform wants, and when the event happened.
    pub data: D,
    /// When it was accepted, in seconds since the Unix epoch.
    pub enqueued_at: i64,
}
