//! Which stored events are asked for, and in what pieces.

use cauce_flow::{
    event::{EventKind, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

use crate::row::Row;

/// Which stored events.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose; none for all tenants.
    pub tenant: Option<TenantId>,
    /// Of this site alone.
    pub site: Option<SiteId>,
    /// Of this visitor alone.
    pub visitor: Option<VisitorId>,
    /// Of this kind alone.
    pub kind: Option<EventKind>,
    /// That happened at this time or later.
    pub from: Timestamp,
    /// That happened before this time.
    pub to: Timestamp,
}

/// A piece of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Most rows.
    pub limit: usize,
    /// Where the piece before ended, as it was told.
    pub after: Option<String>,
}

/// One piece, and where the next begins.
#[derive(Clone, Debug)]
pub struct Paged {
    /// The rows, oldest first.
    pub rows: Vec<Row>,
    /// What to hand in for the next piece; none at the end.
    pub next: Option<String>,
}
