//! Reports that are sent by themselves.

use cauce_flow::{
    id::{AccountName, TenantId},
    job::Line,
};
use cauce_observe::report::{Language, Schedule};
use cauce_report::Format;

use super::alerts::alert_queue;

/// A report that is sent by e-mail, period after period.
#[derive(Clone, Debug)]
pub struct ScheduledReport {
    /// Its name.
    pub name: String,
    /// Whose figures it holds.
    pub tenant: TenantId,
    /// On which periods, and when.
    pub schedule: Schedule,
    /// What the zone of its days is called.
    pub zone_name: String,
    /// In which language.
    pub language: Language,
    /// As which files.
    pub formats: Vec<Format>,
    /// The addresses of its people.
    pub to: Vec<String>,
    /// The line that carries it.
    pub line: Line,
}

impl ScheduledReport {
    /// The line of the report of this name, if it can be one. Letters go through the queue that
    /// carries those of alerts.
    pub fn line_of(name: &str) -> Option<Line> {
        Some(Line {
            queue: alert_queue(),
            account: AccountName::new(&format!("reports:{name}")).ok()?,
        })
    }
}
