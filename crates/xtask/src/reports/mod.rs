//! `cargo xtask reports`: other programs open reports, and find in them what the tables hold.

use std::process::Command;

use anyhow::Result;

use crate::{
    python::{self, Package},
    shell,
};

const PANDAS: Package = Package {
    name: "pandas",
    version: "3.1.1",
};
const OPENPYXL: Package = Package {
    name: "openpyxl",
    version: "3.1.5",
};
/// Opens all reports, and compares.
const AGREE: &str = "crates/xtask/src/reports/agree.py";
/// Where the reports are written.
const FOLDER: &str = "target/reports";

/// Runs the task.
pub(crate) fn run() -> Result<()> {
    shell::ensure(&[("pdftotext", "poppler-utils")])?;
    let cargo = [
        "run",
        "--quiet",
        "-p",
        "cauce-report",
        "--features",
        "sample",
    ];
    let mut write = Command::new("cargo");
    shell::run(
        write
            .args(cargo)
            .args(["--example", "sample", "--", FOLDER]),
    )?;
    for (package, what) in [(PANDAS, "csv"), (OPENPYXL, "xlsx")] {
        let python = python::installed(&package)?.join("bin/python");
        shell::run(Command::new(python).args([AGREE, what, FOLDER]))?;
    }
    shell::run(Command::new("python3").args([AGREE, "pdf", FOLDER]))
}
