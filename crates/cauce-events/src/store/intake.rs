//! The events of one call, on their way into the store, and what became of them.

use bytes::Bytes;
use cauce_flow::{
    event::{Event, SiteId},
    id::TenantId,
};

/// The events of one call, after sampling.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Whose they are.
    pub tenant: TenantId,
    /// The site that they happened on.
    pub site: SiteId,
    /// What the sampler kept, in the order of the call.
    pub events: Vec<Shaped>,
    /// What it did not keep.
    pub sampled_out: u32,
    /// What may not be kept for want of consent.
    pub withheld: u32,
    /// Bad entries of a call that asked for the good ones to be taken.
    pub rejected: u32,
}

/// An event that is to be kept.
#[derive(Clone, Debug)]
pub struct Shaped {
    /// The event.
    pub event: Event,
    /// How many true events it stands for.
    pub weight: f64,
    /// What shall go on from here once the event is durable and new: a conversion for the pixels,
    /// in the engine's own encoding. It is kept in the same commit.
    pub follow_up: Option<Bytes>,
}

/// What became of the events of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Stored as rows of their own.
    pub stored: u32,
    /// Added to the count of an equal event.
    pub merged: u32,
    /// Known by their ids.
    pub duplicates: u32,
    /// Of a visitor that was erased, and older than the erasure.
    pub erased: u32,
    /// Events in the buffer afterwards.
    pub buffered: usize,
}
