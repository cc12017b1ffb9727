//! What observations add up to, beside the flow: nothing in the flow calls it.
//!
//! Time comes in as a value and the crate opens nothing, so that a test can play a year of figures
//! in a second.

pub mod alert;
pub mod analytics;
pub mod report;
