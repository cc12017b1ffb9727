//! The engine: runs the rules of the pure crates on tokio.
//!
//! One file for each loop. A loop waits on a closed set of inputs, hands them to a pure state
//! machine, and executes the commands that come out. Only [`transport`] opens connections.

pub mod data_dir;
pub mod settings;
pub mod status;

mod again;
mod alerting;
pub mod alerts;
mod analytics;
pub mod campaigns;
mod catch_up;
mod clock;
mod connections;
pub mod contacts;
pub mod messages;
mod pixels;
pub mod relays;
pub mod reports;
pub mod sessions;
mod stats;
mod view;
mod why;

mod janitor;
mod line;
mod lines;
mod screen;
mod stager;
pub mod tokens;

pub mod transport;

pub mod bucket;

pub mod tracking;

mod inner;

pub mod engine;
pub mod offline;

pub use engine::Engine;
