//! For tests of a whole server: a client of a few lines, the routes without a socket, and a sweep
//! over every route.
//!
//! The sweep reads the routes from the OpenAPI document, so a route that is added is swept without
//! anybody thinking of it.

mod client;
mod direct;
mod sweep;

pub use client::{Answer, call};
pub use direct::Direct;
pub use sweep::Sweep;
