//! The stand-ins, seen from the wire.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod backend;
mod callbacks;
mod client;
mod evolution;
mod faults;
mod google_analytics;
mod linkedin;
mod meta;
mod receiver;
mod tiktok;
mod twilio;
mod webhook;
mod whatsapp_cloud;
