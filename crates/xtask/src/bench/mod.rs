//! `cargo xtask bench`: Cauce and what a team would run today beside it, in the same minutes, on the
//! same machine.
//!
//! Queues are compared with BullMQ, tracking with a collector on Fastify and SQLite. Each workload is
//! run in turns, Cauce then the other, and the medians are compared. Both sides come to one JSON line
//! a run: `{name, jobs, seconds, cpu_seconds, memory_bytes}`. The CPU seconds of BullMQ are those of
//! Node and Redis together. The HTTP sink is this process, and counts for neither side.

mod bullmq;
mod fastify;
mod sink;

use std::{collections::BTreeMap, process::Command};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{cargo, output_of, print, run as run_command, say};
use bullmq::Redis;
use fastify::Fastify;

/// The workloads, and what each is compared with. BullMQ has no batches of jobs in one request, so
/// one job a request stands against both ways of delivery.
const WORKLOADS: [(&str, Peer); 6] = [
    ("enqueue", Peer::BullMq("enqueue")),
    ("cycle_10k", Peer::BullMq("cycle_10k")),
    ("cycle_1m", Peer::BullMq("cycle_1m")),
    ("deliver", Peer::BullMq("deliver")),
    ("deliver_batch", Peer::BullMq("deliver")),
    ("tracking", Peer::Fastify),
];

/// What a workload is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// A workload of BullMQ.
    BullMq(&'static str),
    /// The collector on Fastify and SQLite.
    Fastify,
}

/// One run of one side.
#[derive(Clone, Copy, Debug)]
struct Measured {
    per_second: f64,
    cpu_per_10k: f64,
    memory_bytes: Option<f64>,
}

/// What was asked for.
struct Wanted {
    runs: usize,
    workloads: Vec<(&'static str, Peer)>,
}

/// Runs the task.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let wanted = wanted(args)?;
    run_command(cargo().args(["build", "--release", "--package", "cauce"]))?;
    let beside = Beside::prepare(&wanted.workloads)?;
    conditions()?;
    let mut rows = Vec::new();
    for (workload, peer) in &wanted.workloads {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for turn in 1..=wanted.runs {
            say(&format!("{workload}: run {turn} of {}", wanted.runs));
            let mut cauce = cauce(workload)?;
            cauce.args(["--sink", &beside.sink]);
            ours.push(measured(&output_of(&mut cauce)?)?);
            theirs.push(measured(&beside.run(*peer)?)?);
        }
        rows.push((*workload, median(&ours), median(&theirs)));
    }
    show(&rows, wanted.runs);
    Ok(())
}

/// What stands beside Cauce.
struct Beside {
    sink: String,
    redis: Option<Redis>,
}

impl Beside {
    /// Installs and starts what these workloads are compared with.
    fn prepare(workloads: &[(&str, Peer)]) -> Result<Beside> {
        let any = |wanted: fn(&Peer) -> bool| workloads.iter().any(|(_, peer)| wanted(peer));
        let mut redis = None;
        if any(|peer| matches!(peer, Peer::BullMq(_))) {
            bullmq::install()?;
            redis = Some(Redis::start()?);
        }
        if any(|peer| *peer == Peer::Fastify) {
            fastify::install()?;
        }
        let sink = sink::start()?;
        Ok(Beside { sink, redis })
    }

    /// Runs the other side of a workload, and answers what it prints.
    fn run(&self, peer: Peer) -> Result<String> {
        match peer {
            Peer::BullMq(workload) => {
                let redis = self.redis.as_ref().context("Redis was not started")?;
                output_of(&mut redis.peer(workload, &self.sink))
            }
            Peer::Fastify => {
                let collector = Fastify::start()?;
                let mut load = cauce("tracking")?;
                load.args(collector.arguments());
                output_of(load.args(["--jobs", fastify::EVENTS]))
            }
        }
    }
}

fn wanted(args: &[String]) -> Result<Wanted> {
    let mut wanted = Wanted {
        runs: 5,
        workloads: WORKLOADS.to_vec(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let value = args
            .next()
            .with_context(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--runs" => wanted.runs = value.parse().context("--runs takes a number")?,
            "--only" => wanted.workloads = value.split(',').map(workload).collect::<Result<_>>()?,
            _ => bail!("bench takes --runs N and --only {}", names()),
        }
    }
    Ok(wanted)
}

fn workload(name: &str) -> Result<(&'static str, Peer)> {
    let known = WORKLOADS.into_iter().find(|(ours, _)| *ours == name);
    known.with_context(|| format!("no workload {name}; there are {}", names()))
}

fn names() -> String {
    WORKLOADS.map(|(ours, _)| ours).join(",")
}

fn cauce(workload: &str) -> Result<Command> {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let program = std::path::Path::new(&target).join("release/cauce");
    let program = program.canonicalize().context("cauce is not built")?;
    let mut command = Command::new(program);
    command.args(["--json", "bench", "--only", workload]);
    Ok(command)
}

/// Reads the last JSON line of a run.
fn measured(output: &str) -> Result<Measured> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.trim_start().starts_with('{'));
    let line = line.with_context(|| format!("no measurement in: {output}"))?;
    let value: Value = serde_json::from_str(line)?;
    let number = |name: &str| {
        value[name]
            .as_f64()
            .with_context(|| format!("no {name} in {line}"))
    };
    let jobs = number("jobs")?;
    Ok(Measured {
        per_second: jobs / number("seconds")?,
        cpu_per_10k: number("cpu_seconds")? / jobs * 10_000.0,
        memory_bytes: value["memory_bytes"].as_f64(),
    })
}

/// The median of each figure by itself.
fn median(runs: &[Measured]) -> Measured {
    let middle = |figure: &dyn Fn(&Measured) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let memory = middle(&|run| run.memory_bytes.unwrap_or(f64::NAN));
    Measured {
        per_second: middle(&|run| run.per_second),
        cpu_per_10k: middle(&|run| run.cpu_per_10k),
        memory_bytes: (!memory.is_nan()).then_some(memory),
    }
}

/// What the figures depend on.
fn conditions() -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let facts: BTreeMap<&str, &str> = info
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    let cpu = facts.iter().find(|(name, _)| name.trim() == "model name");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    print(&format!(
        "{cores} cores{}; load before: {}",
        cpu.map_or(String::new(), |(_, name)| format!(",{name}")),
        load.split(' ').take(3).collect::<Vec<_>>().join(" ")
    ));
    print(
        "cauce: release, embedded store, durability = \"fsync\": every job on disk before the answer",
    );
    print("BullMQ: one Node process, Redis with appendonly yes, appendfsync everysec: not on disk");
    print(
        "Fastify: one Node process, SQLite with five indexes, 500 events a transaction, answers before it writes",
    );
    Ok(())
}

fn show(rows: &[(&str, Measured, Measured)], runs: usize) {
    print(&format!("medians of {runs}\n"));
    print(&format!(
        "{:<12}{:>14}{:>14}{:>8}{:>16}{:>16}{:>8}{:>12}{:>12}",
        "workload",
        "cauce /s",
        "beside it /s",
        "ratio",
        "cauce CPU s/10k",
        "its CPU s/10k",
        "ratio",
        "cauce MB",
        "its MB"
    ));
    for (name, ours, theirs) in rows {
        let megabytes = |run: &Measured| {
            run.memory_bytes
                .map_or("-".to_owned(), |bytes| format!("{:.0}", bytes / 1e6))
        };
        print(&format!(
            "{name:<12}{:>14.0}{:>14.0}{:>7.1}x{:>16.3}{:>16.3}{:>7.1}x{:>12}{:>12}",
            ours.per_second,
            theirs.per_second,
            ours.per_second / theirs.per_second,
            ours.cpu_per_10k,
            theirs.cpu_per_10k,
            theirs.cpu_per_10k / ours.cpu_per_10k,
            megabytes(ours),
            megabytes(theirs)
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{measured, median};

    #[test]
    fn a_run_is_read_from_its_last_line() {
        let run = measured("noise\n{\"jobs\": 100, \"seconds\": 2, \"cpu_seconds\": 1}\n").unwrap();
        assert!((run.per_second - 50.0).abs() < 1e-9);
        assert!((run.cpu_per_10k - 100.0).abs() < 1e-9);
        assert!(run.memory_bytes.is_none());
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        let run = |seconds: u32| {
            measured(&format!(
                "{{\"jobs\":100,\"seconds\":{seconds},\"cpu_seconds\":1}}"
            ))
            .unwrap()
        };
        assert!((median(&[run(1), run(100), run(2)]).per_second - 50.0).abs() < 1e-9);
    }
}
