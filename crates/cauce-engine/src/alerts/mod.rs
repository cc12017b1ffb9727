//! Alerts: looks at how everything does, follows it by rules, and tells people.
//!
//! ```text
//! look (every few seconds) --> readings --> watches --> notices --> jobs of the queue `alerts`
//!                                             |
//!                                   control store: how each stands, and the history
//! ```
//!
//! What is told is a job like any other, so it is durable, tried again, and in nobody's way. The
//! rules look at every queue but that one: a channel that fails raises no alert for itself.

mod look;
mod readings;
mod say;
mod tell;
mod windows;

pub(crate) use look::run;
pub use say::{alert_id, link_path};
pub(crate) use tell::{job, test};

pub use crate::alerting::Refusal;
