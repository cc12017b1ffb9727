//! The API on a real engine: over sockets, and called directly where a test has to stop half way.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod bench;
mod hang_up;
mod ingest;
mod ready;
