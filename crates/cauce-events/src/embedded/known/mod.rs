//! Known ids on disk.
//!
//! ```text
//! recent ids, in memory --sealed--> run --merged with others--> larger run --24 h--> gone
//! ```

mod layout;
mod merge;
mod run;
mod write;

pub(super) use merge::merged;
pub(super) use run::Run;
pub(super) use write::write;

#[cfg(test)]
mod tests;
