//! The commands, one file each. A command answers a [`Failure`] or has printed its result.
//!
//! [`Failure`]: crate::failure::Failure

pub(crate) mod alerts;
pub(crate) mod analytics;
pub(crate) mod check;
pub(crate) mod dead;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod queues;
pub(crate) mod ready;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod store;
