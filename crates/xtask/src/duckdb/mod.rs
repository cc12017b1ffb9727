//! `cargo xtask duckdb`: DuckDB reads the files of tracked events, and agrees with the statistics that
//! the server answers from its own rollups.

use std::process::Command;

use anyhow::Result;

use crate::{
    python::{self, Package},
    server::Server,
    shell,
};

const DUCKDB: Package = Package {
    name: "duckdb",
    version: "2.0.1",
};
/// Hands in events, asks both, and compares.
const AGREE: &str = "crates/xtask/src/duckdb/agree.py";
const TRACKING: &str = r#"
[tracking.buffer]
flush_interval = "500ms"
"#;

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    let python = python::installed(&DUCKDB)?.join("bin/python");
    let server = Server::start("duckdb", TRACKING)?;
    let mut agree = Command::new(python);
    agree.arg(AGREE).arg(server.folder.join("data/tracking"));
    let (url, key) = (&server.url, &server.key);
    shell::run(agree.env("CAUCE_URL", url).env("CAUCE_KEY", key))?;
    server.stop()
}
