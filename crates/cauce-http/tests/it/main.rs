//! The API on a real engine: over sockets, and called directly where a test has to stop half way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod bad_bodies;
mod bench;
mod contacts;
mod hang_up;
mod ingest;
mod ready;
mod sign_in;
mod tracking;
