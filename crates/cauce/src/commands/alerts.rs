//! `cauce alerts`: what is wrong on a running server, and whether its channels work.

use serde_json::{Value, json};

use crate::{
    api::{Api, escape, query},
    cli::Alerts,
    failure::Failure,
    global::Global,
    output::{self, rows},
};

/// Runs the command.
pub(crate) async fn run(alerts: Alerts, global: &Global) -> Result<(), Failure> {
    match alerts {
        Alerts::List {
            all,
            tenant,
            limit,
            remote,
        } => {
            let api = Api::connect(&remote, global)?;
            let state = if all { None } else { Some("firing") };
            let limit = limit.to_string();
            let filter = [
                ("state", state),
                ("tenant", tenant.as_deref()),
                ("limit", Some(limit.as_str())),
            ];
            let page = api.get(&format!("/api/alerts{}", query(&filter))).await?;
            list(&page, all, global);
            Ok(())
        }
        Alerts::Test { channel, remote } => {
            let api = Api::connect(&remote, global)?;
            let path = format!("/api/alerts/channels/{}/test", escape(&channel));
            let sent = api.post(&path, &json!({})).await?;
            tested(&channel, &sent, global);
            Ok(())
        }
    }
}

fn list(page: &Value, all: bool, global: &Global) {
    if global.json {
        return output::json(page);
    }
    let shown = rows(
        &page["items"],
        &[
            "/id",
            "/state",
            "/severity",
            "/kind",
            "/tenant",
            "/subject/name",
            "/since",
            "/detail",
        ],
    );
    let none = if all {
        "there were no alerts"
    } else {
        "nothing is wrong"
    };
    output::table(
        &[
            "id", "state", "severity", "kind", "tenant", "of", "since", "says",
        ],
        shown,
        none,
    );
}

fn tested(channel: &str, sent: &Value, global: &Global) {
    if global.json {
        return output::json(sent);
    }
    let jobs = sent["jobs"].as_array().into_iter().flatten();
    for job in jobs.filter_map(Value::as_str) {
        output::line(&format!(
            "a message to {channel} is on its way; `cauce jobs show {job}` tells what became of it"
        ));
    }
}
