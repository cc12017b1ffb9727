//! The log: human on a terminal, JSON otherwise.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{Format, Log};

/// Starts the log of the process. `RUST_LOG` stands over the configured level.
pub(crate) fn start(log: &Log) {
    let terminal = io::stderr().is_terminal();
    let human = match log.format {
        Format::Auto => terminal,
        Format::Human => true,
        Format::Json => false,
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(&log.level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // A second start is a mistake of ours, and harmless: the first log goes on.
    let started = if human {
        builder.with_ansi(terminal).with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    debug_assert!(started.is_ok(), "the log was started twice");
}
