//! Options of every command.

use std::path::PathBuf;

use clap::Args;

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// The configuration file [default: ./cauce.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "CAUCE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The folder that holds all data (setting `data_dir`)
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print JSON instead of tables and sentences
    #[arg(long, global = true)]
    pub(crate) json: bool,
}
