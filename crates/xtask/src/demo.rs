//! `cargo xtask demo`: the demo from a fresh clone.

use anyhow::Result;

use crate::{
    shell::{self, cargo},
    web,
};

/// Builds and runs `cauce demo`. The dev profile, because dependencies are optimised in it and it
/// is there in a third of the time that a release build takes. Its report stays in `target/demo`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    web::build_if_possible();
    let named = args.iter().any(|arg| arg.starts_with("--report"));
    let report: &[&str] = match named {
        true => &[],
        false => &["--report", "target/demo"],
    };
    shell::run(
        cargo()
            .args(["run", "--quiet", "--package", "cauce", "--", "demo"])
            .args(report)
            .args(args),
    )
}
