//! Programs from PyPI, each in a folder of its own.

use std::{
    env,
    path::{self, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::shell::{self, ensure, say};

/// A package, in the version that is meant.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// The folder of a virtual environment with the package, installed where it is missing.
pub(crate) fn installed(package: &Package) -> Result<PathBuf> {
    let Package { name, version } = package;
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    // What is in it may run in another folder than this task.
    let folder = path::absolute(target)?.join(format!("{name}-{version}"));
    let whole = folder.join("installed");
    if whole.is_file() {
        return Ok(folder);
    }
    if !ensure(&[("python3", "python3")])? || !ensure_venv()? {
        bail!("python3 with its module venv is needed to install {name}")
    }
    say(&format!(
        "installing what is missing: {name} {version} from PyPI, in {}",
        folder.display()
    ));
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    shell::run(pip.args(["install", "--quiet", &format!("{name}=={version}")]))
        .with_context(|| format!("{name} cannot be installed; hint: is PyPI within reach?"))?;
    std::fs::write(whole, version)?;
    Ok(folder)
}

/// Debian has the module in a package of its own, without a program to look for.
fn ensure_venv() -> Result<bool> {
    let asked = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .output()
        .context("cannot start python3")?;
    Ok(asked.status.success() || shell::ensure_packages(&["python3-venv"])?)
}
