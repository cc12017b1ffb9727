//! The events of one call on their way in, and what became of them.

use std::{collections::BTreeMap, sync::Arc};

use cauce_events::store;
use cauce_flow::{
    event::{EventId, EventKind, SiteId},
    id::TenantId,
    shape::{allowance, clock::Untimely, consent::Signals, shaper::Told},
    time::Timestamp,
};

/// The events of one call, checked but for their times.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose they are.
    pub tenant: TenantId,
    /// The site that they happened on.
    pub site: SiteId,
    /// The events.
    pub events: Vec<Told>,
    /// When the client sent them, by its own clock.
    pub sent_at: Option<Timestamp>,
    /// What the call says of the visitor's wishes.
    pub signals: Signals,
    /// What the client calls itself.
    pub user_agent: Option<Arc<str>>,
    /// Whether it comes from a server that holds a secret key.
    pub from_server: bool,
    /// Bytes that they came in.
    pub bytes: usize,
    /// Whether the good ones shall be taken where others are bad.
    pub partial: bool,
    /// Bad entries that were found already.
    pub rejected: u32,
}

/// What became of the events of one call. The parts add up to `received`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Events handed in.
    pub received: u32,
    /// Stored as rows of their own.
    pub stored: u32,
    /// Added to the count of an equal event.
    pub merged: u32,
    /// Left out by the sampler.
    pub sampled_out: u32,
    /// Known by their ids.
    pub duplicates: u32,
    /// Left out for want of consent, or because their visitor was erased.
    pub withheld: u32,
    /// Events whose time was refused: their place in the call, and why.
    pub untimely: Vec<(usize, Untimely)>,
    /// Kinds of which less was kept than their rule says, and the rate in percent, because the
    /// tenant is near its quota.
    pub pressed: BTreeMap<EventKind, f64>,
    /// Events in the buffer afterwards.
    pub buffered: usize,
}

/// Why no event of a call was taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// Some have a wrong time, and the good ones were not to be taken without them.
    #[error("{} events have a time that is refused", .0.len())]
    Untimely(Vec<(usize, Untimely)>),
    /// The tenant hands in more than it may.
    #[error(transparent)]
    Quota(#[from] allowance::Refusal),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A new id for an event that came without one: a UUID of version 4 (RFC 9562).
pub fn random_event_id() -> EventId {
    let bits: u128 = rand::random();
    let versioned = (bits & !(0xf << 76)) | (0x4 << 76);
    EventId::from_u128((versioned & !(0b11 << 62)) | (0b10 << 62))
}
