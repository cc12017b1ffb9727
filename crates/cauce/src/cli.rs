//! The command line: what can be asked, and nothing of how it is done.

mod alerts;
mod analytics;
mod watching;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::alerts::Alerts;
pub(crate) use self::analytics::{AnalyticsAction, AnalyticsArgs, ReportArgs};
pub(crate) use self::watching::{ReadyArgs, TopArgs};
use crate::{bench, demo, global::Global};

/// Takes conversion events over HTTP, keeps them durably, and delivers them to ad platforms no
/// faster than each allows.
#[derive(Debug, Parser)]
#[command(
    name = "cauce",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the engine and its HTTP API
    Serve(ServeArgs),
    /// Show everything at work in one minute, with stand-ins for the outside systems
    Demo(demo::Args),
    /// Check the configuration, the data folder and the credentials of every account
    Check(CheckArgs),
    /// Ask a running server whether it is ready; needs no key
    Ready(ReadyArgs),
    /// Create, list and revoke API keys, in the data folder or through a server
    #[command(subcommand)]
    Keys(Keys),
    /// Show the queues of a running server, or pause, resume and drain one
    Queues(QueuesArgs),
    /// Watch the queues of a running server, as top watches processes
    Top(TopArgs),
    /// Look into the jobs of a running server
    Jobs(JobsArgs),
    /// List dead letters of a running server, and put them back in their queue
    #[command(subcommand)]
    Dead(Dead),
    /// List what is wrong on a running server, and test the channels that it is told to
    #[command(subcommand)]
    Alerts(Alerts),
    /// Erase people from analytics, or make its sums anew
    Analytics(AnalyticsArgs),
    /// Write a report of a running server into a file: a day, a week, a month or any range
    Report(ReportArgs),
    /// Write what a running server keeps into a file
    #[command(subcommand)]
    Export(Export),
    /// Bring what is in a file into a running server, or into a data folder
    #[command(subcommand)]
    Import(Import),
    /// Look after the files of a data folder while no server runs on it
    #[command(subcommand)]
    Store(Store),
    /// Measure this machine: durable enqueues, cycles of a queue, deliveries
    Bench(bench::Args),
    /// Print the OpenAPI document
    #[command(hide = true)]
    Openapi,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on (setting `http.listen`)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// The level of the log (setting `log.level`)
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Ask no outside system
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Which server is asked, and with which key.
#[derive(Clone, Debug, Args)]
pub(crate) struct Remote {
    /// The address of the server [default: that of `http.listen`]
    #[arg(long, global = true, env = "CAUCE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// An API key [default: `http.admin_key`]
    #[arg(
        long,
        global = true,
        env = "CAUCE_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) key: Option<String>,
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key; it is shown this once
    Create(CreateKey),
    /// List keys
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Take a key back, at once and for ever
    Revoke {
        /// The id of the key, as `keys list` shows it
        id: String,
        #[command(flatten)]
        remote: Remote,
    },
}

/// A key to be made.
#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// What the key is for
    #[arg(long)]
    pub(crate) name: String,
    /// The tenant it belongs to, or `*` for all
    #[arg(long)]
    pub(crate) tenant: String,
    /// What it may do: ingest, send, read, manage, admin; several with commas
    #[arg(
        long = "scopes",
        alias = "scope",
        value_delimiter = ',',
        required_unless_present = "site"
    )]
    pub(crate) scopes: Vec<String>,
    /// Makes it a public write key for this site, which may stand in web pages; it can ingest alone
    #[arg(long, value_name = "SITE", requires = "origins")]
    pub(crate) site: Option<String>,
    /// The origins whose pages may use it, `https://shop.example` say; several with commas
    #[arg(
        long = "origins",
        alias = "origin",
        value_name = "ORIGIN",
        value_delimiter = ',',
        requires = "site"
    )]
    pub(crate) origins: Vec<String>,
    /// When it ends, as RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) expires_at: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// Options of `queues`.
#[derive(Debug, Args)]
pub(crate) struct QueuesArgs {
    #[command(subcommand)]
    pub(crate) action: Option<QueueAction>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What can be done with queues.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueAction {
    /// Every queue in one line (the default)
    List,
    /// One queue with its lines, limits and breakers
    Show { queue: String },
    /// Start no new attempt
    Pause(Gate),
    /// Let jobs flow again
    Resume(Gate),
    /// Take no new jobs, finish what is there
    Drain(Gate),
}

/// A queue whose flow is changed.
#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// The queue
    pub(crate) queue: String,
    /// For this tenant alone
    #[arg(long)]
    pub(crate) tenant: Option<String>,
}

/// Options of `jobs`.
#[derive(Debug, Args)]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    pub(crate) action: JobAction,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What can be asked of jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum JobAction {
    /// List the jobs of a queue, newest first
    List(Filter),
    /// One job with every attempt it made
    Show { id: String },
    /// Why a job is not running yet
    Why { id: String },
    /// Take a job back that has not been delivered
    Cancel { id: String },
}

/// Which jobs are listed.
#[derive(Clone, Debug, Args)]
pub(crate) struct Filter {
    /// The queue
    pub(crate) queue: String,
    /// In this state: scheduled, waiting, active, completed, dead, unknown, expired, cancelled
    #[arg(long)]
    pub(crate) state: Option<String>,
    /// Of this tenant
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Of this group
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// With this text in the last error
    #[arg(long, short = 'q', value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) limit: u16,
    /// Where the page before ended
    #[arg(long)]
    pub(crate) cursor: Option<String>,
}

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum Dead {
    /// List the dead letters of a queue, grouped by reason and one by one
    List {
        #[command(flatten)]
        filter: DeadFilter,
        #[command(flatten)]
        remote: Remote,
    },
    /// Put one dead letter, or those of a queue, back in their line with fresh attempts
    Retry(Retry),
}

/// Which dead letters are listed.
#[derive(Clone, Debug, Args)]
pub(crate) struct DeadFilter {
    /// The queue
    pub(crate) queue: String,
    /// Of this tenant
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// With this text in the reason
    #[arg(long, short = 'q', value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) limit: u16,
}

/// Which dead letters are put back.
#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["id", "queue"])]
pub(crate) struct Retry {
    /// The id of one job
    pub(crate) id: Option<String>,
    /// All of a queue
    #[arg(long)]
    pub(crate) queue: Option<String>,
    /// Of this tenant
    #[arg(long, conflicts_with = "id")]
    pub(crate) tenant: Option<String>,
    /// With this text in the reason
    #[arg(long, short = 'q', value_name = "TEXT", conflicts_with = "id")]
    pub(crate) text: Option<String>,
    /// Only count them
    #[arg(long, conflicts_with = "id")]
    pub(crate) dry_run: bool,
    /// At most so many become due in a second
    #[arg(long, value_name = "JOBS", conflicts_with = "id")]
    pub(crate) per_second: Option<u32>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What can be exported.
#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Tracked events of a range of time
    Events(ExportEvents),
}

/// Which events are exported, and where to.
#[derive(Debug, Args)]
pub(crate) struct ExportEvents {
    /// From here, as RFC 3339 [default: a day before --to]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// To before here, as RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// How they are written
    #[arg(long, default_value = "ndjson", value_parser = ["ndjson", "csv", "parquet"])]
    pub(crate) format: String,
    /// The file to write, or `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Of this tenant
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Of this site
    #[arg(long, value_name = "UUID")]
    pub(crate) site: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Contacts of a CSV file, whatever its encoding and delimiter
    Contacts(ImportContacts),
}

/// Which contacts are imported, and how the file is read.
#[derive(Debug, Args)]
pub(crate) struct ImportContacts {
    /// The CSV or XLSX file; its first row names the columns
    pub(crate) file: PathBuf,
    /// Of this tenant [default: that of the key]
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// The country that completes national numbers, two letters [default: pixels.default_country]
    #[arg(long, value_name = "COUNTRY")]
    pub(crate) default_country: Option<String>,
    /// Tags that every contact gets beside its own; several with commas
    #[arg(long, value_name = "TAGS")]
    pub(crate) tags: Option<String>,
    /// The encoding of the file [default: found out]
    #[arg(long)]
    pub(crate) encoding: Option<String>,
    /// What stands between the columns: ; , | or tab [default: found out]
    #[arg(long)]
    pub(crate) delimiter: Option<String>,
    /// The sheet of a workbook (XLSX) that is meant [default: the first that can be seen]
    #[arg(long, value_name = "NAME")]
    pub(crate) worksheet: Option<String>,
    /// Only look at the file, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write into the data folder, while no server runs on it
    #[arg(long, requires = "tenant", conflicts_with_all = ["url", "key"])]
    pub(crate) offline: bool,
    /// The file for the rows that are not taken [default: FILE.rejected.csv]
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// What can be done with the files of a data folder.
#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Read every record and compare every checksum; changes nothing
    Check,
    /// Set aside what is corrupt, so that everything around it is served
    Repair,
    /// Free the space of finished jobs
    Compact,
    /// Copy the data folder, consistent as of one moment, to a new folder
    Backup {
        /// A folder that does not exist yet
        to: PathBuf,
    },
}
