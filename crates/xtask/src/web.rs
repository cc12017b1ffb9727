//! `cargo xtask web`: builds and tests what runs in a browser.
//!
//! Cargo itself never needs Node: the binary takes in what this has left in the folders
//! `dist` of `web`, and does without where there is nothing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::shell::{self, cargo, ensure, say};

const FOLDER: &str = "web";
const NODE: [(&str, &str); 2] = [("node", "nodejs"), ("npm", "npm")];
const BROWSER: [(&str, &str); 1] = [("chromium", "chromium")];
/// A server to run against, in place of the stand-in.
const SERVER: &str = "CAUCE_URL";
/// The server that the tests in a browser start.
const BINARY: &str = "CAUCE_BINARY";

/// Runs the task.
pub(crate) fn run(args: &[String]) -> Result<()> {
    match args {
        [] => build(),
        [only] if only == "--test" => test(),
        [only] if only == "--measure" => measure(),
        _ => bail!("the only arguments are --test and --measure"),
    }
}

/// Checks and builds; fails where there is no Node.
pub(crate) fn build() -> Result<()> {
    if !ensure(&NODE)? {
        bail!("node and npm are needed for what runs in a browser")
    }
    if !is_installed() {
        npm(&["ci", "--ignore-scripts", "--no-progress"])?;
    }
    npm(&["run", "check"])?;
    npm(&["test"])?;
    npm(&["run", "build"])
}

/// Builds, and runs it in a browser: against a stand-in and the server as it is built, or the tracker
/// alone against the server that `CAUCE_URL` names.
pub(crate) fn test() -> Result<()> {
    build()?;
    with_browser()?;
    if env::var_os(SERVER).is_some() {
        return npm(&["run", "e2e:server", "--workspace", "tracker"]);
    }
    npm(&["run", "e2e"])?;
    against_server(&["run", "e2e:server"])
}

/// Builds, and prints how long the dashboard takes from being opened to being usable.
fn measure() -> Result<()> {
    build()?;
    with_browser()?;
    against_server(&["run", "measure", "--workspace", "dashboard"])
}

fn with_browser() -> Result<()> {
    if env::var_os("CHROMIUM").is_none() && !ensure(&BROWSER)? {
        bail!("chromium is needed for what runs in a browser; hint: set CHROMIUM to its path")
    }
    Ok(())
}

/// Runs a script of npm against the server as it is built.
fn against_server(args: &[&str]) -> Result<()> {
    // As the tests of the workspace want it: with other features, all would be built once more.
    shell::run(cargo().args(["test", "--quiet", "--workspace", "--test", "it", "--no-run"]))?;
    let mut suite = Command::new("npm");
    suite.args(args).current_dir(FOLDER);
    shell::run(suite.env(BINARY, binary()?))
}

/// Where cargo puts the server.
fn binary() -> Result<PathBuf> {
    let metadata = ["metadata", "--format-version", "1", "--no-deps"];
    let metadata: Value = serde_json::from_str(&shell::output_of(cargo().args(metadata))?)?;
    let target = metadata["target_directory"].as_str().unwrap_or("target");
    Ok(Path::new(target).join("debug/cauce"))
}

/// Builds where that can be done, and else says what will be missing.
pub(crate) fn build_if_possible() {
    if let Err(why) = build() {
        say(&format!(
            "going on without the browser tracker and the dashboard: {why:#}"
        ));
    }
}

/// Whether the packages are those of the lockfile; npm writes down when it installed them.
fn is_installed() -> bool {
    let written = |path: &str| fs::metadata(path).and_then(|file| file.modified()).ok();
    let installed = written("web/node_modules/.package-lock.json");
    installed.is_some() && installed >= written("web/package-lock.json")
}

fn npm(args: &[&str]) -> Result<()> {
    shell::run(Command::new("npm").args(args).current_dir(FOLDER))
}
