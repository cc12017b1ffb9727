//! Stage 3: when a request may leave, what it holds, and what its answer means for each job.

pub mod disposition;
