//! Crates depend on each other in one direction, and pure crates on nothing that does IO.

use std::{collections::BTreeSet, fs};

use anyhow::{Context, Result};

use super::{Finding, purity::PURE};

/// Which of our crates each of them may depend on.
const ALLOWED: [(&str, &[&str]); 12] = [
    ("cauce-flow", &[]),
    ("cauce-log", &[]),
    ("cauce-sim", &[]),
    ("cauce-destinations", &["cauce-flow"]),
    ("cauce-observe", &["cauce-flow"]),
    ("cauce-store", &["cauce-flow", "cauce-log", "cauce-observe"]),
    ("cauce-events", &["cauce-flow", "cauce-log"]),
    ("cauce-report", &["cauce-flow", "cauce-observe"]),
    (
        "cauce-engine",
        &[
            "cauce-flow",
            "cauce-destinations",
            "cauce-observe",
            "cauce-store",
            "cauce-events",
            "cauce-report",
        ],
    ),
    (
        "cauce-http",
        &[
            "cauce-flow",
            "cauce-destinations",
            "cauce-observe",
            "cauce-store",
            "cauce-events",
            "cauce-report",
            "cauce-engine",
        ],
    ),
    (
        "cauce",
        &[
            "cauce-flow",
            "cauce-destinations",
            "cauce-observe",
            "cauce-log",
            "cauce-store",
            "cauce-events",
            "cauce-report",
            "cauce-engine",
            "cauce-http",
            "cauce-sim",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that do IO or make chance; a pure crate lists none of them.
const IMPURE: [&str; 9] = [
    "tokio",
    "hyper",
    "hyper-util",
    "axum",
    "reqwest",
    "rusqlite",
    "rand",
    "getrandom",
    "fs4",
];

/// Finds dependencies against the order.
pub(crate) fn check() -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in fs::read_dir("crates").context("cannot read crates")? {
        let krate = entry?.file_name().to_string_lossy().into_owned();
        let path = format!("crates/{krate}/Cargo.toml");
        let manifest = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        judge(&krate, &dependencies(&manifest), &mut findings);
    }
    findings.sort();
    Ok(findings)
}

fn judge(krate: &str, dependencies: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == krate) else {
        findings.push(format!(
            "{krate} has no place in the order; hint: give it one in tidy/layers.rs"
        ));
        return;
    };
    for dependency in dependencies {
        let ours = ALLOWED.iter().any(|(name, _)| name == dependency);
        if ours && !allowed.contains(&dependency.as_str()) {
            findings.push(format!("{krate} must not depend on {dependency}"));
        }
        if PURE.contains(&krate) && IMPURE.contains(&dependency.as_str()) {
            findings.push(format!(
                "{krate} is pure and must not depend on {dependency}"
            ));
        }
    }
}

/// The names in `[dependencies]`; what tests need is free.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let (_, rest) = manifest.split_once("[dependencies]").unwrap_or_default();
    rest.lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{dependencies, judge};

    #[test]
    fn only_real_dependencies_count() {
        let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = \"1\"\n\
            [dev-dependencies]\ntokio = \"1\"\n";
        let found: Vec<_> = dependencies(manifest).into_iter().collect();
        assert_eq!(found, ["a", "b"]);
    }

    #[test]
    fn a_pure_crate_with_a_runtime_is_found() {
        let mut findings = Vec::new();
        judge(
            "cauce-flow",
            &["tokio".to_owned(), "cauce-store".to_owned()].into(),
            &mut findings,
        );
        assert_eq!(findings.len(), 2);
    }
}
