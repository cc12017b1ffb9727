//! How much a batch of tracked events may hold.

use crate::body;

/// How much a batch may hold.
pub(super) struct Limits {
    /// Most events.
    pub(super) max_events: usize,
    /// Most bytes of one event's metadata.
    pub(super) max_metadata_bytes: usize,
    /// How deep JSON may be nested, from the outside of the batch.
    pub(super) max_depth: usize,
}

/// Batch, list of events, event: the levels around metadata.
const LEVELS_AROUND: usize = 3;

impl Limits {
    /// Whether the metadata of an event is nested too deeply.
    pub(super) fn is_too_deep(&self, metadata: &str) -> bool {
        // Each level takes a bracket, so that short texts need no look.
        let room = self.max_depth.saturating_sub(LEVELS_AROUND);
        metadata.len() > room && body::too_deep(metadata.as_bytes(), room).is_some()
    }
}
