//! `cargo xtask schemathesis`: requests that Schemathesis makes up from the OpenAPI document, sent to
//! a server of this task.
//!
//! It fails where the server answers with an error of its own, or with anything that the document
//! does not describe. The seed is fixed, so that a finding comes again where there is time for it.

use std::process::Command;

use anyhow::Result;

use crate::{
    python::{self, Package},
    server::Server,
    shell,
};

/// Another version would find other things.
const SCHEMATHESIS: Package = Package {
    name: "schemathesis",
    version: "4.32.5",
};
/// Accounts of platforms that nobody listens for: jobs wait and are tried again.
const ACCOUNTS: &str = r#"
[[accounts]]
name = "acme-meta"
tenant = "acme"
platform = "meta"
dataset_id = "1"
access_token = "x"
base_url = "http://127.0.0.1:9"
[[accounts]]
name = "acme-google"
tenant = "acme"
platform = "google"
measurement_id = "G-X"
api_secret = "x"
base_url = "http://127.0.0.1:9"
"#;
const SEED: &str = "1";
/// Made-up requests for each operation in a row; then it is the next one's turn.
const EXAMPLES: &str = "20";
const SECONDS: &str = "120";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

/// Runs the task; `args` go to Schemathesis and win over what is set here.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let schemathesis = python::installed(&SCHEMATHESIS)?.join("bin/schemathesis");
    let server = Server::start("schemathesis", ACCOUNTS)?;
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
