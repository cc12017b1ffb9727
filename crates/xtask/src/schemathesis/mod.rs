//! `cargo xtask schemathesis`: requests that Schemathesis makes up from the OpenAPI document, sent to
//! a server of this task.
//!
//! It fails where the server answers with an error of its own, or with anything that the document
//! does not describe. The seed is fixed, so that a finding comes again where there is time for it.

mod server;

use std::{
    env,
    path::{self, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use self::server::Server;
use crate::shell::{self, ensure, say};

/// The version from PyPI; another one would find other things.
const VERSION: &str = "4.32.5";
const SEED: &str = "1";
/// Made-up requests for each operation in a row; then it is the next one's turn.
const EXAMPLES: &str = "20";
const SECONDS: &str = "120";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Runs the task; `args` go to Schemathesis and win over what is set here.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let schemathesis = installed()?;
    let server = Server::start()?;
    shell::run(
        Command::new(schemathesis)
            .arg("run")
            .arg(format!("{}/openapi.json", server.url))
            .args(["--header", &format!("Authorization: Bearer {}", server.key)])
            .args(["--phases", "examples,coverage,fuzzing"])
            .args(["--checks", CHECKS])
            .args(["--seed", SEED, "--max-examples", EXAMPLES])
            .args(["--max-time", SECONDS])
            .args(["--request-timeout", "30", "--generation-database", "none"])
            .args(args)
            // It leaves a cache where it runs.
            .current_dir(&server.folder),
    )?;
    server.stop()
}

/// The program, installed in a folder of its own where it is missing.
fn installed() -> Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    // Schemathesis runs in another folder than this task.
    let folder = path::absolute(target)?.join(format!("schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    if program.is_file() {
        return Ok(program);
    }
    if !ensure(&[("python3", "python3")])? || !ensure_venv()? {
        bail!("python3 with its module venv is needed to install schemathesis")
    }
    say(&format!(
        "installing what is missing: schemathesis {VERSION} from PyPI, in {}",
        folder.display()
    ));
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let package = format!("schemathesis=={VERSION}");
    let mut pip = Command::new(folder.join("bin/pip"));
    shell::run(pip.args(["install", "--quiet", &package]))
        .context("schemathesis cannot be installed; hint: is PyPI within reach?")?;
    Ok(program)
}

/// Debian has the module in a package of its own, without a program to look for.
fn ensure_venv() -> Result<bool> {
    let asked = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output()
        .context("cannot start python3")?;
    Ok(asked.status.success() || shell::ensure_packages(&["python3-venv"])?)
}
