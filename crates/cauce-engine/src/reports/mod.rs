//! Reports: gathers the figures of a period and of the one before.

mod gather;

pub(crate) use gather::{material, past};
