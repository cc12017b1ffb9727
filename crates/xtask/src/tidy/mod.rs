//! `cargo xtask tidy`: the rules of `ARCHITECTURE.md` that no compiler checks.
//!
//! Every rule reads the same sources and answers findings; all of them are printed before the task
//! fails.

mod cycles;
mod layers;
mod lengths;
mod links;
mod purity;
mod source;
mod translations;

use anyhow::{Result, bail};

use crate::shell::say;
use source::Source;

/// A broken rule: where, and what to do.
pub(crate) type Finding = String;

/// Runs every rule.
pub(crate) fn run() -> Result<()> {
    let sources = source::read_crates()?;
    let rules: [(&str, Vec<Finding>); 6] = [
        ("module cycles", cycles::check(&sources)),
        ("purity", purity::check(&sources)),
        ("layers of crates", layers::check()?),
        ("file lengths", lengths::check(&sources)),
        ("links and paths", links::check()?),
        ("pages in both languages", translations::check()?),
    ];
    let mut broken = 0;
    for (rule, findings) in rules {
        say(&format!(
            "{rule}: {}",
            if findings.is_empty() { "ok" } else { "broken" }
        ));
        findings
            .iter()
            .for_each(|finding| say(&format!("  {finding}")));
        broken += findings.len();
    }
    if broken > 0 {
        bail!("tidy found {broken} broken rules")
    }
    Ok(())
}

/// Whether a file holds tests only.
fn is_test(source: &Source) -> bool {
    let path = source.path.as_str();
    path.ends_with("/tests.rs")
        || path.contains("/tests/")
        || path.ends_with("/testing.rs")
        || path.contains("/testing/")
        || path.contains("/conformance/")
}
