//! `cauce ready`: whether a running server is ready, for scripts and for the health checks of
//! containers, whose images hold no other program that could ask.

use crate::{
    api::{self, Api},
    cli::ReadyArgs,
    failure::Failure,
    global::Global,
    output::{self, rows},
};

/// Runs the command: exit code 0 while the server serves, also where somebody should look.
pub(crate) async fn run(args: ReadyArgs, global: &Global) -> Result<(), Failure> {
    let api = Api::without_key(args.url, global)?;
    let (status, ready) = api.ask("/readyz").await?;
    if ready["checks"].is_null() {
        return Err(Failure::failed(api::refusal(status, &ready)));
    }
    if global.json {
        output::json(&ready);
    } else {
        output::line(ready["status"].as_str().unwrap_or_default());
        let checks = rows(&ready["checks"], &["/name", "/state", "/detail"]);
        output::table(&["check", "state", "detail"], checks, "no checks");
    }
    if status == 200 {
        return Ok(());
    }
    Err(Failure::Reported)
}
