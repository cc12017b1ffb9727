//! `cauce bench`: what this machine does.

use crate::{failure::Failure, global::Global};

/// Options of `bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these workloads; several with commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Deliver to this HTTP server instead of one of its own
    #[arg(long, value_name = "URL")]
    pub(crate) sink: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    let _ = (args.only, args.sink, global);
    Err(Failure::failed("the benchmark is not in this build"))
}
