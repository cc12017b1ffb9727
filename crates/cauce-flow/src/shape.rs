//! What becomes of tracked events before they are stored: thinned, recognised, added up.
//!
//! [`shaper`] decides on the events of a call, in the request's own task. [`deduplicator`] and
//! [`aggregator`] look at one stream of all calls, on the thread that writes.

pub mod allowance;
pub mod bots;
pub mod clock;
pub mod consent;
pub mod sampler;

pub mod shaper;

pub mod month;

mod digest;

pub mod aggregator;
pub mod deduplicator;
