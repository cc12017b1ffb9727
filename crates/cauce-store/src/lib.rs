//! Durable state behind small traits.
//!
//! [`jobs`] is the seam of the queue, [`embedded`] its backend on files in the data folder, and
//! [`conformance`] the suite that any backend passes unchanged. [`control`] keeps what operators
//! manage: keys, the audit log, remembered answers, rollups.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod control;
pub mod embedded;
pub mod jobs;
pub mod kept;
pub mod rollups;
