//! Durable state behind small traits.
//!
//! [`jobs`] is the seam of the queue, [`embedded`] its backend on files in the data folder, and
//! [`conformance`] the suite that any backend passes unchanged. [`control`] keeps what operators
//! manage: keys, the audit log, remembered answers, rollups. [`campaigns`] keeps contacts, and who
//! wants no messages; [`messages`] what became of messages; [`analytics`] what they and tracked
//! events add up to.

pub mod analytics;
pub mod campaigns;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod control;
mod database;
pub mod embedded;
pub mod jobs;
pub mod kept;
pub mod messages;
mod personal;
pub mod rollups;
mod seal;

pub use database::OpenError;
pub use personal::{FILE as PERSONAL_KEY_FILE, PhoneHash};
