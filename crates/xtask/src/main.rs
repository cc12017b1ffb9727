//! The tasks of the repository.
//!
//! `cargo xtask` without arguments lists them. They are plain programs: each prints what it runs,
//! and ends at the first thing that is wrong.

mod bench;
mod ci;
mod config_reference;
mod demo;
mod deploy;
mod duckdb;
mod mail;
mod openapi;
mod python;
mod reports;
mod schemathesis;
mod server;
mod shell;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask TASK

  test [ARGS]          every test; ARGS go to the test runner
  ci                   what has to hold before a change is taken: format, lints, docs, tidy,
                       generated files, licences, tests
  tidy                 the rules that no compiler checks: cycles, purity, layers, lengths, links
  web [--test]         check and build the tracker and the dashboard; --test runs them in Chromium
  demo [ARGS]          build and run `cauce demo`
  bench [ARGS]         measure cauce with BullMQ, Fastify and SQLite beside it; print the ratios
  schemathesis [ARGS]  send a server what Schemathesis makes up from the OpenAPI document
  deploy               check what is in deploy with promtool, systemd-analyze and docker compose
  duckdb               have DuckDB read the files of tracked events, and compare with the statistics
  mail                 have aiosmtpd receive letters of alerts, in both languages
  reports              have pandas, openpyxl and pdftotext open reports, and compare every cell
  openapi [--check]    write openapi.json from the code, or compare
  config-reference [--check]
                       write docs/reference/configuration.md from config/cauce.toml, or compare";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            shell::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let task = args.next();
    let rest: Vec<String> = args.collect();
    std::env::set_current_dir(shell::root())?;
    match task.as_deref() {
        Some("test") => test::run(&rest),
        Some("ci") => ci::run(),
        Some("tidy") => tidy::run(),
        Some("web") => web::run(&rest),
        Some("demo") => demo::run(&rest),
        Some("bench") => bench::run(&rest),
        Some("schemathesis") => schemathesis::run(&rest),
        Some("deploy") => deploy::run(),
        Some("duckdb") => duckdb::run(),
        Some("mail") => mail::run(),
        Some("reports") => reports::run(),
        Some("openapi") => openapi::run(is_check(&rest)?),
        Some("config-reference") => config_reference::run(is_check(&rest)?),
        Some("help" | "--help" | "-h") | None => {
            shell::say(USAGE);
            Ok(())
        }
        Some(other) => bail!("no task {other}\n{USAGE}"),
    }
}

/// Whether a generated file is compared and not written.
fn is_check(args: &[String]) -> Result<bool> {
    match args {
        [] => Ok(false),
        [only] if only == "--check" => Ok(true),
        _ => bail!("the only argument is --check"),
    }
}
