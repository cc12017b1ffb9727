//! `cauce bench`: what this machine does, each workload beside its physical limit.
//!
//! With `--json`, one line for each workload: `{name, jobs, seconds, cpu_seconds, memory_bytes}`
//! and what else it found. CPU seconds are those of this process alone.

mod analytics;
mod campaigns;
mod deliver;
mod gauge;
mod latency;
mod raw;
mod server;
mod sessions;
mod sink;
mod start;
mod store;
mod tracking;
mod transport;
mod watch;

use serde_json::{Map, Value, json};

use crate::{failure::Failure, global::Global, output};

/// Options of `bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these workloads; several with commas
    #[arg(long, value_delimiter = ',', value_parser = clap::builder::PossibleValuesParser::new(WORKLOADS))]
    pub(crate) only: Vec<String>,
    /// An HTTP server that takes any POST [default: one of our own, in a process of its own]
    #[arg(long, value_name = "URL")]
    pub(crate) sink: Option<String>,
    /// Jobs, or events, of each workload [default: fit for the workload]
    #[arg(long, alias = "events")]
    pub(crate) jobs: Option<u64>,
    /// Another collector of events that runs already, for the workload `tracking`: address and process
    #[arg(long, hide = true, num_args = 2, value_names = ["ADDRESS", "PID"])]
    pub(crate) collector: Option<Vec<String>>,
    /// Be the HTTP server that deliveries go to
    #[arg(long, hide = true)]
    pub(crate) serve_sink: bool,
    /// Fill this folder with jobs and wait to be killed
    #[arg(long, hide = true, value_name = "DIR")]
    pub(crate) fill: Option<std::path::PathBuf>,
}

const WORKLOADS: [&str; 14] = [
    "fsync",
    "log",
    "loopback",
    "enqueue",
    "cycle_10k",
    "cycle_1m",
    "deliver",
    "deliver_batch",
    "latency",
    "start_1m",
    "sessions",
    "tracking",
    "campaigns",
    "analytics",
];

/// What a workload came to.
struct Measured {
    jobs: u64,
    seconds: f64,
    cpu_seconds: f64,
    memory_bytes: u64,
    /// What else was found, by name.
    more: Vec<(&'static str, f64)>,
}

/// Runs the command.
pub(crate) async fn run(args: Args, global: &Global) -> Result<(), Failure> {
    if args.serve_sink {
        return sink::serve().await;
    }
    if let Some(folder) = &args.fill {
        return start::fill(folder, args.jobs.unwrap_or(start::JOBS)).await;
    }
    if !global.json {
        output::line(&gauge::conditions());
    }
    let chosen: Vec<&str> = WORKLOADS
        .into_iter()
        .filter(|name| args.only.is_empty() || args.only.iter().any(|only| only == name))
        .collect();
    let mut rows = Vec::new();
    for name in chosen {
        output::note(&format!("{name} …"));
        let measured = measure(name, &args).await?;
        match global.json {
            true => output::line(&measured.to_json(name).to_string()),
            false => rows.push(measured.row(name)),
        }
    }
    if !global.json {
        output::table(
            &[
                "workload",
                "jobs",
                "per second",
                "CPU s per 10k",
                "RSS MB",
                "also",
            ],
            rows,
            "",
        );
    }
    Ok(())
}

async fn measure(name: &str, args: &Args) -> Result<Measured, Failure> {
    let jobs = |usual: u64| args.jobs.unwrap_or(usual);
    match name {
        "fsync" => raw::fsync(jobs(1_000)),
        "log" => raw::log(jobs(2_000_000)),
        "loopback" => raw::loopback(args.sink.as_deref(), jobs(50_000)).await,
        "enqueue" => store::enqueue(jobs(200_000)).await,
        "cycle_10k" => store::cycle(10_000, jobs(10_000)).await,
        "cycle_1m" => store::cycle(1_000_000, jobs(100_000)).await,
        "deliver" => deliver::run(args.sink.as_deref(), jobs(50_000), 1).await,
        "deliver_batch" => deliver::run(args.sink.as_deref(), jobs(200_000), 100).await,
        "latency" => latency::run(jobs(5_000)).await,
        "sessions" => sessions::run(jobs(40_000)).await,
        "campaigns" => campaigns::run(jobs(1_000_000)).await,
        "analytics" => analytics::run(jobs(analytics::EVENTS)).await,
        "tracking" => tracking::run(args.collector.as_deref(), jobs(1_000_000)),
        _ => start::run(jobs(start::JOBS)).await,
    }
}

impl Measured {
    fn to_json(&self, name: &str) -> Value {
        let mut line = Map::new();
        line.insert("name".to_owned(), json!(name));
        line.insert("jobs".to_owned(), json!(self.jobs));
        line.insert("seconds".to_owned(), json!(self.seconds));
        line.insert("cpu_seconds".to_owned(), json!(self.cpu_seconds));
        line.insert("memory_bytes".to_owned(), json!(self.memory_bytes));
        for (name, value) in &self.more {
            line.insert((*name).to_owned(), json!(value));
        }
        Value::Object(line)
    }

    fn row(&self, name: &str) -> Vec<String> {
        let more = self
            .more
            .iter()
            .map(|(name, value)| format!("{name} {value:.3}"));
        vec![
            name.to_owned(),
            self.jobs.to_string(),
            format!("{:.0}", self.jobs as f64 / self.seconds),
            format!("{:.3}", self.cpu_seconds / self.jobs as f64 * 10_000.0),
            format!("{:.0}", self.memory_bytes as f64 / 1e6),
            more.collect::<Vec<_>>().join("  "),
        ]
    }
}
