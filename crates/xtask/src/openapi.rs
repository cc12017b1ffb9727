//! `cargo xtask openapi`: the OpenAPI document, generated from the code and committed.

use anyhow::Result;

use crate::shell::{cargo, generated, output_of};

/// Writes `openapi.json`, or compares it.
pub(crate) fn run(check: bool) -> Result<()> {
    let document =
        output_of(cargo().args(["run", "--quiet", "--package", "cauce", "--", "openapi"]))?;
    generated("openapi.json", &document, check, "openapi")
}
