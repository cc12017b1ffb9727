//! What is kept of an event: one row.
//!
//! Equal events within a minute are one row with a `count`. When the second of them comes after the
//! first has been written to a file, a *delta row* with the same identity goes into a later file; a
//! merge of the files adds the two up, and whoever sums `count` is right before and after.

use cauce_flow::{
    event::{EventId, EventKind, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

const HOUR_MS: i64 = 3_600_000;

/// One stored event.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Whose it is.
    pub tenant: TenantId,
    /// The site that it happened on.
    pub site: SiteId,
    /// Who did it.
    pub visitor: VisitorId,
    /// The visit that it belongs to.
    pub session: SessionId,
    /// When the first of the equal events happened.
    pub occurred_at: Timestamp,
    /// The identity of the first of the equal events.
    pub id: EventId,
    /// What it is.
    pub kind: EventKind,
    /// What else is known of it.
    pub metadata: Metadata,
    /// How many equal events it stands for.
    pub count: u32,
    /// How many true events each of those stands for: one over the sampling rate at its time.
    pub weight: f64,
    /// Whether a bot did it.
    pub bot: bool,
}

impl Row {
    /// Rows stand in files in this order: hour by hour, so that a range of time is a few pieces of a
    /// file; within the hour a visitor's trail in one piece, its visits in theirs, so that ids repeat
    /// side by side. Rows with the same key are one event.
    pub fn key(&self) -> impl Ord + '_ {
        (
            &self.tenant,
            self.site,
            Row::hour(self.occurred_at),
            self.visitor,
            self.session,
            self.occurred_at,
            self.id,
        )
    }

    /// The hour of UTC that a moment belongs to, counted from the Unix epoch.
    pub fn hour(at: Timestamp) -> i64 {
        at.as_millis().div_euclid(HOUR_MS)
    }
}
