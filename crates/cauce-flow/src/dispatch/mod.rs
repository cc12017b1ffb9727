//! Stage 3: when a request may leave, what it holds, and what its answer means for each job.
//!
//! Each policy is a small state machine of its own; [`dispatcher`] puts them together for one line.

pub mod disposition;
pub mod policy;

pub mod batcher;

pub mod in_flight;
pub mod quota;

pub mod backoff;
pub mod retry_after;
pub mod retry_budget;

pub mod bisect;
pub mod breaker;

pub mod dispatcher;
