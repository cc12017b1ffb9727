//! Reports: gathers the figures of a period and of the one before, and sends them by themselves.

mod gather;
mod letter;
mod send;

pub use self::send::Failure;
pub(crate) use self::{
    gather::{material, past},
    send::{mark_of, run, send},
};
