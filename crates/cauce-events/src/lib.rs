//! The store of tracking events: a durable log first, then immutable Parquet files by month.
//!
//! [`store`] is the seam that the engine talks to, [`row`] what is kept of an event. A [`part`] is
//! one file of rows.

pub mod row;
pub mod store;

pub mod fault;

mod folder;
mod sink;

mod coding;
mod columns;
mod texts;

pub mod rollup;

pub mod part;

pub mod export;
pub mod stats;

pub mod embedded;
pub mod offline;

pub mod conformance;

pub use folder::Folder;

#[cfg(test)]
mod testing;
