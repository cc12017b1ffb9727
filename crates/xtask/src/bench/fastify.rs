//! The collector on Fastify and SQLite: installed, started, stopped.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{ensure, run};

const FOLDER: &str = "bench/fastify";
/// Events that it is sent: some twenty seconds' worth.
pub(super) const EVENTS: &str = "200000";

/// Installs what is missing: Node with its headers, a compiler for SQLite's binding, and the
/// packages of the lockfile.
pub(super) fn install() -> Result<()> {
    if !ensure(&[
        ("node", "nodejs"),
        ("npm", "npm"),
        ("make", "make"),
        ("g++", "g++"),
        ("python3", "python3"),
    ])? {
        bail!("node, npm, make, g++ and python3 are needed to measure Fastify and SQLite")
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-progress"]).current_dir(FOLDER);
    // The headers that came with Node; nothing else is asked for them.
    if fs::exists("/usr/include/node/node.h")? {
        npm.env("npm_config_nodedir", "/usr");
    }
    run(&mut npm)
}

/// A collector with a database of its own.
pub(super) struct Fastify {
    child: Child,
    address: String,
    folder: PathBuf,
}

impl Fastify {
    pub(super) fn start() -> Result<Fastify> {
        let folder =
            std::env::current_dir()?.join(format!("target/bench-fastify-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let mut child = Command::new("node")
            .args(["run.mjs", "--database"])
            .arg(folder.join("events.db"))
            .current_dir(FOLDER)
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let out = child.stdout.take().context("the collector has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let told: Value = serde_json::from_str(&line).context("the collector did not start")?;
        let address = told["address"].as_str().context("no address")?.to_owned();
        Ok(Fastify {
            child,
            address,
            folder,
        })
    }

    /// What tells the load where to go, and whose CPU seconds count.
    pub(super) fn arguments(&self) -> [String; 3] {
        let process = self.child.id().to_string();
        ["--collector".to_owned(), self.address.clone(), process]
    }
}

impl Drop for Fastify {
    fn drop(&mut self) {
        // It holds nothing that anybody needs.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
