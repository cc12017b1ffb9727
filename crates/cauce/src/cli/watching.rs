//! Options of the commands that watch a running server.

use clap::Args;

use super::Remote;

/// Options of `ready`.
#[derive(Debug, Args)]
pub(crate) struct ReadyArgs {
    /// The address of the server [default: that of `http.listen`]
    #[arg(long, env = "CAUCE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// Options of `top`.
#[derive(Debug, Args)]
pub(crate) struct TopArgs {
    /// Print one frame and end, for scripts
    #[arg(long)]
    pub(crate) once: bool,
    /// Seconds from one look to the next
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 2,
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub(crate) interval: u64,
    /// Show only queues and accounts with this text in their name
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
