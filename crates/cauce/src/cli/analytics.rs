//! The options of `cauce analytics` and `cauce report`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Remote;

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The day, week or month that holds --from [default: the last one that is over]
    #[arg(long, value_parser = ["day", "week", "month"])]
    pub(crate) period: Option<String>,
    /// From here, as RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// To before here, as RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "period")]
    pub(crate) to: Option<String>,
    /// The time zone of hours and days, such as Europe/Madrid [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(crate) zone: Option<String>,
    /// The language of its words
    #[arg(long, default_value = "en", value_parser = ["en", "es"])]
    pub(crate) lang: String,
    /// How it is written
    #[arg(long, default_value = "pdf", value_parser = ["json", "csv", "xlsx", "pdf"])]
    pub(crate) format: String,
    /// Of CSV: this table alone, by its id in the JSON
    #[arg(long, value_name = "ID")]
    pub(crate) table: Option<String>,
    /// The file to write, or `-` for standard output
    #[arg(long, value_name = "FILE", required_unless_present = "send_now")]
    pub(crate) out: Option<PathBuf>,
    /// Send this report of the configuration to its people at once, on the last period that is over
    #[arg(long, value_name = "NAME", conflicts_with_all = ["out", "period", "from", "to", "table"])]
    pub(crate) send_now: Option<String>,
    /// Of this tenant [default: that of the key]
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// Options of `analytics`.
#[derive(Debug, Args)]
pub(crate) struct AnalyticsArgs {
    #[command(subcommand)]
    pub(crate) action: AnalyticsAction,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What can be done with analytics.
#[derive(Debug, Subcommand)]
pub(crate) enum AnalyticsAction {
    /// Erase people by their phone numbers; what was counted stays counted
    Erase {
        /// The tenant whose people they are
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// Their numbers
        #[arg(required = true, value_name = "PHONE")]
        phones: Vec<String>,
    },
    /// Make the sums of a data folder anew from the events that are kept, while no server runs on it
    Rebuild,
}
