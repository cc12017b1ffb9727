//! Runs programs, and says so.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Says something to whoever runs the task.
pub(crate) fn say(text: &str) {
    #[expect(clippy::print_stderr, reason = "a task talks to a person")]
    {
        eprintln!("{text}");
    }
}

/// Prints a result.
pub(crate) fn print(text: &str) {
    #[expect(clippy::print_stdout, reason = "the result of a task")]
    {
        println!("{text}");
    }
}

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    say(&format!("$ {shown}"));
    let status = command
        .status()
        .with_context(|| format!("cannot start: {shown}"))?;
    if status.success() {
        return Ok(());
    }
    bail!("{shown}: {status}")
}

/// Runs a program and answers what it prints.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let shown = show(command);
    say(&format!("$ {shown}"));
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start: {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}", output.status)
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether a program can be found.
pub(crate) fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|dir| dir.join(program).is_file())
}

/// Makes sure of programs that Debian packages, and says what is missing where it cannot.
/// Answers whether all are there.
pub(crate) fn ensure(programs: &[(&str, &str)]) -> Result<bool> {
    let missing: Vec<_> = programs
        .iter()
        .filter(|(program, _)| !has(program))
        .collect();
    if missing.is_empty() {
        return Ok(true);
    }
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    let line = format!(
        "apt-get install --yes --no-install-recommends {}",
        packages.join(" ")
    );
    if !has("apt-get") || !is_root() {
        say(&format!(
            "missing, and not root on Debian to install it: {line}"
        ));
        return Ok(false);
    }
    say(&format!(
        "installing what is missing: {}",
        packages.join(" ")
    ));
    if let Err(why) = install(&packages) {
        say(&format!("not installed: {why:#}"));
        return Ok(false);
    }
    Ok(true)
}

/// A fresh machine may have no list of packages, or an old one.
fn install(packages: &[&str]) -> Result<()> {
    let mut install = Command::new("apt-get");
    install
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut install).or_else(|_| {
        run(Command::new("apt-get").arg("update"))?;
        run(&mut install)
    })
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}

/// Writes a generated file, or complains where it is not what it would be.
pub(crate) fn generated(path: &str, text: &str, check: bool, task: &str) -> Result<()> {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == text {
        say(&format!("{path} is up to date"));
        return Ok(());
    }
    if check {
        bail!("{path} is out of date; hint: cargo xtask {task}")
    }
    if let Some(dir) = Path::new(path).parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {path}"))?;
    say(&format!("{path} is written"));
    Ok(())
}
