//! What an import has to tell.

use std::collections::BTreeMap;

use cauce_store::campaigns::{
    imports::{Import, State},
    upsert::Upserted,
};
use serde::{Deserialize, Serialize};

/// What an import has to tell. It is kept with the import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Whether it only looks and changes nothing.
    pub dry_run: bool,
    /// The encoding of the file.
    pub encoding: String,
    /// What stands between its columns.
    pub delimiter: String,
    /// The sheet of a workbook that was read.
    pub worksheet: Option<String>,
    /// What each of its columns becomes; nothing for those that are left out.
    pub columns: Vec<String>,
    /// Rows that were looked at.
    pub rows: u64,
    /// Contacts that were made.
    pub created: u64,
    /// Contacts that were changed.
    pub updated: u64,
    /// Rows that were not taken.
    pub rejected: u64,
    /// Those of them that can be looked at.
    pub rejected_kept: u64,
    /// How many for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// Why it ended before the last row of the file, where it did.
    pub fault: Option<String>,
}

impl Report {
    /// What is kept with an import.
    pub fn of(import: &Import) -> Report {
        let mut report: Report = serde_json::from_value(import.told.clone()).unwrap_or_default();
        if import.state == State::Interrupted && report.fault.is_none() {
            let what = "the server stopped before the last row; import the file again, which \
                        changes what is there and makes the rest";
            report.fault = Some(what.to_owned());
        }
        report
    }

    /// Counts a row that was taken.
    pub(super) fn count(&mut self, row: &Upserted) {
        self.rows += 1;
        match (self.dry_run, row.made) {
            (true, _) => {}
            (false, true) => self.created += 1,
            (false, false) => self.updated += 1,
        }
    }

    /// Counts a row that was not taken.
    pub(super) fn reject(&mut self, code: &str) {
        self.rows += 1;
        self.rejected += 1;
        *self.reasons.entry(code.to_owned()).or_default() += 1;
    }
}
