//! The engine as its callers see it, with a destination that does as a test says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod gates;
mod panics;
mod wishes;
