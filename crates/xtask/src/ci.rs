//! `cargo xtask ci`: everything that has to hold before a change is taken.
//!
//! Quick checks first. All of it is built in one profile, and tests come last, so that the closing
//! line is the test runner's own.

use anyhow::Result;

use crate::{
    config_reference, deploy, openapi,
    shell::{self, cargo, has, say},
    test, tidy, web,
};

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    step("format");
    shell::run(cargo().args(["fmt", "--all", "--check"]))?;
    step("tidy");
    tidy::run()?;
    step("configuration reference");
    config_reference::run(true)?;
    step("licences and sources");
    licences()?;
    step("deploy");
    deploy::run()?;
    step("web");
    web::build()?;
    step("lints");
    shell::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    step("documentation");
    shell::run(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    step("openapi.json");
    openapi::run(true)?;
    step("tests");
    test::run(&[])
}

fn step(name: &str) {
    say(&format!("\n== {name}"));
}

/// Licences and sources of everything that is linked in. Installed where it is missing: a check that
/// is left out says nothing. Advisories need a database from the network: they are looked at where
/// a copy of it is.
fn licences() -> Result<()> {
    if !has("cargo-deny") {
        say("installing what is missing: cargo-deny");
        shell::run(cargo().args(["install", "--locked", "--debug", "--quiet", "cargo-deny"]))?;
    }
    let checks = ["licenses", "bans", "sources"];
    shell::run(cargo().args(["deny", "--locked", "check"]).args(checks))?;
    let advisories = ["deny", "--locked", "--offline", "check", "advisories"];
    if let Err(why) = shell::run(cargo().args(advisories)) {
        say(&format!(
            "advisories skipped, no copy of the database here: {why:#}"
        ));
    }
    Ok(())
}
