//! The sections of the configuration: each file reads one, checks it, and answers what the engine,
//! the server or the log is told.

pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod analytics;
pub(crate) mod campaigns;
mod endpoints;
mod fields;
mod found;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod messages;
pub(crate) mod pixels;
pub(crate) mod policy;
pub(crate) mod relays;
pub(crate) mod reports;
pub(crate) mod rest;
mod senders;
pub(crate) mod sessions;
pub(crate) mod tracking;
