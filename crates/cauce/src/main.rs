//! The binary: command line, configuration, wiring.
//!
//! ```text
//! cli (what is asked) -> commands (one file each) -> config, api, engine, http
//! ```

mod api;
mod bench;
mod cli;
mod commands;
mod config;
mod demo;
mod failure;
mod global;
mod logging;
mod output;
mod stops;
mod top;

use std::process::ExitCode;

use clap::Parser;

use self::{
    cli::{Cli, Command},
    failure::Failure,
    global::Global,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse();
    match on_runtime(command, &global) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::error(message);
            }
            failure.exit_code()
        }
    }
}

fn on_runtime(command: Command, global: &Global) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::caused(&error))?;
    let result = runtime.block_on(run(command, global));
    // A request that hangs in a name server must not hold the process.
    runtime.shutdown_background();
    result
}

async fn run(command: Command, global: &Global) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => commands::serve::run(args, global).await,
        Command::Demo(args) => demo::run(args, global).await,
        Command::Check(args) => commands::check::run(args, global).await,
        Command::Ready(args) => commands::ready::run(args, global).await,
        Command::Keys(keys) => commands::keys::run(keys, global).await,
        Command::Queues(args) => commands::queues::run(args, global).await,
        Command::Top(args) => top::run(args, global).await,
        Command::Jobs(args) => commands::jobs::run(args, global).await,
        Command::Dead(dead) => commands::dead::run(dead, global).await,
        Command::Alerts(alerts) => commands::alerts::run(alerts, global).await,
        Command::Analytics(args) => commands::analytics::run(args, global).await,
        Command::Report(args) => commands::report::run(args, global).await,
        Command::Export(export) => commands::export::run(export, global).await,
        Command::Import(import) => commands::import::run(import, global).await,
        Command::Store(store) => commands::store::run(store, global).await,
        Command::Bench(args) => bench::run(args, global).await,
        Command::Openapi => {
            output::line(cauce_http::openapi_json().trim_end());
            Ok(())
        }
    }
}
