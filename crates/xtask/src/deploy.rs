//! `cargo xtask deploy`: what `deploy` holds is read by the programs that it is for, as far as they
//! are here.
//!
//! That the metrics named in it exist is a test of the binary (`e2e_deploy`).

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{self, ensure, has, say};

const FOLDER: &str = "deploy";
const UNIT: &str = "deploy/cauce.service";
const DASHBOARD: &str = "deploy/grafana/cauce.json";
const COMPOSE: &str = "deploy/docker-compose.yml";
/// Debian packages promtool with the server.
const PROMTOOL: [(&str, &str); 1] = [("promtool", "prometheus")];
/// The most that `systemd-analyze security` may find open, in tenths.
const MAX_EXPOSURE: &str = "15";

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    rules()?;
    dashboard()?;
    unit()?;
    compose()
}

/// The alert rules, and what they fire at.
fn rules() -> Result<()> {
    if !ensure(&PROMTOOL)? {
        bail!("promtool is needed to check the alert rules")
    }
    let promtool = || {
        let mut command = Command::new("promtool");
        command.current_dir(Path::new(FOLDER).join("prometheus"));
        command
    };
    shell::run(promtool().args(["check", "rules", "alerts.yml"]))?;
    shell::run(promtool().args(["check", "config", "--syntax-only", "prometheus.yml"]))?;
    shell::run(promtool().args(["test", "rules", "alerts_test.yml"]))
}

/// Grafana says little about a dashboard that it cannot read, so what it stumbles over is looked at
/// here: panels without a place or with the number of another.
fn dashboard() -> Result<()> {
    let text = fs::read_to_string(DASHBOARD).context(DASHBOARD)?;
    let dashboard: Value = serde_json::from_str(&text).context(DASHBOARD)?;
    let panels = dashboard["panels"].as_array().context("no panels")?;
    let mut ids = Vec::new();
    for panel in panels {
        let title = &panel["title"];
        let whole = panel["gridPos"]["w"].is_u64() && panel["type"].is_string();
        let id = &panel["id"];
        if !whole || ids.contains(&id) {
            bail!("{DASHBOARD}: the panel {title} has no place, no type, or the id of another")
        }
        ids.push(id);
    }
    say(&format!("{DASHBOARD}: {} panels", panels.len()));
    Ok(())
}

/// The unit, with a program in it that is on every machine.
fn unit() -> Result<()> {
    if !has("systemd-analyze") {
        say(&format!("{UNIT} is not verified: no systemd-analyze here"));
        return Ok(());
    }
    let folder = Path::new("target/deploy");
    fs::create_dir_all(folder)?;
    let copy = folder.join("cauce.service");
    let text = fs::read_to_string(UNIT)?.replace("/usr/local/bin/cauce", "/bin/true");
    fs::write(&copy, text)?;
    let verify = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&copy)
        .output()
        .context("cannot start systemd-analyze")?;
    // It ends well even where it has ignored a line.
    let said = String::from_utf8_lossy(&verify.stderr);
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("cauce.service"))
        .collect();
    if !verify.status.success() || !ours.is_empty() {
        bail!("{UNIT}: {said}")
    }
    let mut security = Command::new("systemd-analyze");
    security.args(["security", "--no-pager", "--offline=true"]);
    security
        .arg(format!("--threshold={MAX_EXPOSURE}"))
        .arg(copy);
    shell::output_of(&mut security).map(drop)
}

/// The composition, where there is a docker that can read it: no daemon is needed for that.
fn compose() -> Result<()> {
    let reads = |program: &str, first: &[&str]| {
        let mut command = Command::new(program);
        command.args(first).args(["version"]);
        command.output().is_ok_and(|done| done.status.success())
    };
    let (program, first): (&str, &[&str]) = if reads("docker", &["compose"]) {
        ("docker", &["compose"])
    } else if reads("docker-compose", &[]) {
        ("docker-compose", &[])
    } else {
        say(&format!("{COMPOSE} is not read: no docker compose here"));
        return Ok(());
    };
    let mut config = Command::new(program);
    config.args(first).args(["--file", COMPOSE]);
    config.args(["--profile", "monitoring", "config", "--quiet"]);
    shell::run(&mut config)
}
