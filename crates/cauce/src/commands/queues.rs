//! `cauce queues`: what stands in each queue of a running server, and its gate.

use serde_json::{Value, json};

use crate::{
    api::{Api, escape, query},
    cli::{Gate, QueueAction, QueuesArgs},
    failure::Failure,
    global::Global,
    output::{self, field, rows},
};

/// Runs the command.
pub(crate) async fn run(args: QueuesArgs, global: &Global) -> Result<(), Failure> {
    let api = Api::connect(&args.remote, global)?;
    match args.action.unwrap_or(QueueAction::List) {
        QueueAction::List => list(&api, global).await,
        QueueAction::Show { queue } => show(&api, &queue, global).await,
        QueueAction::Pause(gate) => set(&api, &gate, "pause", global).await,
        QueueAction::Resume(gate) => set(&api, &gate, "resume", global).await,
        QueueAction::Drain(gate) => set(&api, &gate, "drain", global).await,
    }
}

async fn list(api: &Api, global: &Global) -> Result<(), Failure> {
    let queues = api.get("/api/queues").await?;
    if global.json {
        output::json(&queues);
        return Ok(());
    }
    const HEADINGS: [&str; 9] = [
        "queue",
        "gate",
        "waiting",
        "delayed",
        "active",
        "completed",
        "dead",
        "unknown",
        "expired",
    ];
    const POINTERS: [&str; 9] = [
        "/name",
        "/gate",
        "/counts/waiting",
        "/counts/delayed",
        "/counts/active",
        "/counts/completed",
        "/counts/dead",
        "/counts/unknown",
        "/counts/expired",
    ];
    output::table(
        &HEADINGS,
        rows(&queues["items"], &POINTERS),
        "no queue holds or held a job",
    );
    Ok(())
}

async fn show(api: &Api, queue: &str, global: &Global) -> Result<(), Failure> {
    let queue = api.get(&format!("/api/queues/{}", escape(queue))).await?;
    if global.json {
        output::json(&queue);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = FACTS
        .iter()
        .map(|(name, pointer)| vec![(*name).to_owned(), field(&queue, pointer)])
        .collect();
    output::table(&["", "now"], rows, "");
    output::table(
        &[
            "account",
            "tenant",
            "breaker",
            "in flight",
            "rate",
            "held by",
            "last error",
        ],
        lines(&queue["lines"]),
        "no account is fed by this queue",
    );
    Ok(())
}

const FACTS: [(&str, &str); 12] = [
    ("gate", "/gate"),
    ("waiting", "/counts/waiting"),
    ("scheduled", "/counts/scheduled"),
    ("active", "/counts/active"),
    ("accepted", "/counts/accepted"),
    ("completed", "/counts/completed"),
    ("dead", "/counts/dead"),
    ("unknown", "/counts/unknown"),
    ("expired", "/counts/expired"),
    ("oldest waits, seconds", "/oldestWaitingSeconds"),
    ("completed a minute", "/completedPerMinute"),
    ("latency p99, ms", "/latencyMs/p99"),
];

fn lines(lines: &Value) -> Vec<Vec<String>> {
    let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
    let row = |line: &Value| {
        let mut row: Vec<_> = ["/account", "/tenant", "/breaker", "/inFlight"]
            .map(|pointer| field(line, pointer))
            .to_vec();
        row.push(joined(&line["rate"], |window| {
            let per_ms = window["perMs"].as_u64().unwrap_or_default();
            format!(
                "{}/{} per {per_ms} ms",
                field(window, "/used"),
                field(window, "/max")
            )
        }));
        row.push(joined(&line["gates"], |gate| field(gate, "/name")));
        row.push(field(line, "/lastError"));
        row
    };
    lines.iter().map(row).collect()
}

fn joined(items: &Value, show: impl Fn(&Value) -> String) -> String {
    let shown: Vec<_> = items.as_array().into_iter().flatten().map(show).collect();
    if shown.is_empty() {
        "-".to_owned()
    } else {
        shown.join(", ")
    }
}

async fn set(api: &Api, gate: &Gate, verb: &str, global: &Global) -> Result<(), Failure> {
    let of_tenant = query(&[("tenant", gate.tenant.as_deref())]);
    let path = format!("/api/queues/{}/{verb}{of_tenant}", escape(&gate.queue));
    let answer = api.post(&path, &json!({})).await?;
    if global.json {
        output::json(&answer);
        return Ok(());
    }
    let whose = gate
        .tenant
        .as_ref()
        .map(|tenant| format!(" for tenant {tenant}"));
    output::line(&format!(
        "{}: {verb} is in effect{}",
        gate.queue,
        whose.unwrap_or_default()
    ));
    Ok(())
}
