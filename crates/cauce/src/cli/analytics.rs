//! The options of `cauce analytics`.

use clap::{Args, Subcommand};

use super::Remote;

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
