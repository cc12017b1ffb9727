//! What each outside system wants to be sent, and what its answers mean.
//!
//! Pure: a batch of jobs goes in and a request comes out; an answer goes in and a verdict for each
//! job comes out. Nothing here opens a connection, reads a clock or knows that other jobs exist.
//! Each destination is one folder that always holds the same files: `mod config encode classify
//! tests` and `fixtures/`.

pub mod destination;
pub mod fault;
pub mod form;
pub mod jwt;
pub mod secret;

pub mod contact;
pub mod message;
pub mod normalize;
pub mod pixel;

mod answer;
mod graph;
mod headers;
mod payload;

pub mod backend;
pub mod evolution;
pub mod google_analytics;
pub mod linkedin;
pub mod mail;
pub mod meta;
pub mod tiktok;
pub mod twilio;
pub mod webhook;
pub mod whatsapp_cloud;

pub mod catalog;
pub mod senders;

#[cfg(test)]
mod testing;
