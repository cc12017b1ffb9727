//! The rules by which things flow, and nothing else.
//!
//! Every policy here is a plain value: time comes in as a [`time::Timestamp`], chance as a draw in
//! `0.0..1.0`, and what should happen next goes out as a value that somebody at the edge executes.
//! The crate opens nothing, waits for nothing and calls nobody, so that a simulator can drive it
//! through a year of faults in a second.
//!
//! Modules stand in the order in which a job meets them; a module never names one further down
//! this list.

pub mod currency;
pub mod id;
pub mod priority;
pub mod reason;
pub mod size;
pub mod time;

pub mod event;
pub mod job;
pub mod observation;

pub mod shape;

pub mod queue;

pub mod dispatch;

pub mod campaign;
