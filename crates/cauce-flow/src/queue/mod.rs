//! Stage 2: what a line holds, who is served next, and how a job leaves its lease.

pub mod backlog;
pub mod coalescer;
pub mod fairness;
pub mod settlement;
