//! What becomes of tracked events before they are stored: thinned, recognised, added up.

pub mod sampler;

pub mod month;

mod digest;

pub mod aggregator;
pub mod deduplicator;
