//! The options of `cauce alerts`.

use clap::Subcommand;

use super::Remote;

/// What can be done with alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum Alerts {
    /// List the alerts that fire
    List {
        /// Those that are over, too
        #[arg(long)]
        all: bool,
        /// Of this tenant
        #[arg(long)]
        tenant: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        #[command(flatten)]
        remote: Remote,
    },
    /// Send a message to a channel that only shows that it works
    Test {
        /// The channel
        channel: String,
        #[command(flatten)]
        remote: Remote,
    },
}
