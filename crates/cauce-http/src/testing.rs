//! For tests of a whole server: a client of a few lines, and a sweep over every route.
//!
//! The sweep reads the routes from the OpenAPI document, so a route that is added is swept without
//! anybody thinking of it.

mod client;
mod sweep;

pub use client::{Answer, call};
pub use sweep::Sweep;
