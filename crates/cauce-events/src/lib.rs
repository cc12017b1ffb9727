//! The store of tracking events: a durable log first, then immutable Parquet files by month.
//!
//! [`store`] is the seam that the engine talks to, [`row`] what is kept of an event.

pub mod row;
pub mod store;
