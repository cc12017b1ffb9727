//! The stand-ins, seen from the wire.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod backend;
mod client;
mod faults;
mod google_analytics;
mod linkedin;
mod meta;
mod tiktok;
mod webhook;
