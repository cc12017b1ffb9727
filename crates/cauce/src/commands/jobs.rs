//! `cauce jobs`: a look into the jobs of a running server.

use serde_json::{Value, json};

use crate::{
    api::{Api, escape, query},
    cli::{Filter, JobAction, JobsArgs},
    failure::Failure,
    global::Global,
    output::{self, field, rows},
};

/// Runs the command.
pub(crate) async fn run(args: JobsArgs, global: &Global) -> Result<(), Failure> {
    let api = Api::connect(&args.remote, global)?;
    match args.action {
        JobAction::List(filter) => list(&api, &filter, global).await,
        JobAction::Show { id } => show(&api, &id, global).await,
        JobAction::Why { id } => why(&api, &id, global).await,
        JobAction::Cancel { id } => cancel(&api, &id, global).await,
    }
}

async fn list(api: &Api, filter: &Filter, global: &Global) -> Result<(), Failure> {
    let limit = filter.limit.to_string();
    let query = query(&[
        ("state", filter.state.as_deref()),
        ("tenant", filter.tenant.as_deref()),
        ("group", filter.group.as_deref()),
        ("q", filter.text.as_deref()),
        ("limit", Some(&limit)),
        ("cursor", filter.cursor.as_deref()),
    ]);
    let page = api
        .get(&format!(
            "/api/queues/{}/jobs{query}",
            escape(&filter.queue)
        ))
        .await?;
    if global.json {
        output::json(&page);
        return Ok(());
    }
    show_page(&page, "no job matches");
    Ok(())
}

/// Prints one page of jobs, and how to see the next.
pub(crate) fn show_page(page: &Value, none: &str) {
    const HEADINGS: [&str; 7] = [
        "job",
        "account",
        "tenant",
        "state",
        "priority",
        "attempt",
        "last error",
    ];
    const POINTERS: [&str; 7] = [
        "/id",
        "/account",
        "/tenant",
        "/state",
        "/priority",
        "/attempt",
        "/lastError/code",
    ];
    output::table(&HEADINGS, rows(&page["items"], &POINTERS), none);
    if let Some(cursor) = page["nextCursor"].as_str() {
        output::note(&format!("more: --cursor {cursor}"));
    }
}

async fn show(api: &Api, id: &str, global: &Global) -> Result<(), Failure> {
    let job = api.get(&format!("/api/jobs/{}", escape(id))).await?;
    if global.json {
        output::json(&job);
        return Ok(());
    }
    let facts: Vec<Vec<String>> = FACTS
        .iter()
        .map(|(name, pointer)| vec![(*name).to_owned(), field(&job, pointer)])
        .collect();
    output::table(&["job", &field(&job, "/id")], facts, "");
    const POINTERS: [&str; 6] = [
        "/number",
        "/startedAt",
        "/durationMs",
        "/status",
        "/batch",
        "/error/detail",
    ];
    output::table(
        &["attempt", "started", "ms", "status", "batch", "error"],
        rows(&job["attempts"], &POINTERS),
        "no attempt has been made",
    );
    output::line(&format!("payload: {:#}", job["payload"]));
    Ok(())
}

const FACTS: [(&str, &str); 10] = [
    ("queue", "/queue"),
    ("account", "/account"),
    ("tenant", "/tenant"),
    ("state", "/state"),
    ("priority", "/priority"),
    ("taken", "/createdAt"),
    ("due", "/dueAt"),
    ("expires", "/expiresAt"),
    ("finished", "/finishedAt"),
    ("last error", "/lastError/detail"),
];

async fn why(api: &Api, id: &str, global: &Global) -> Result<(), Failure> {
    let why = api.get(&format!("/api/jobs/{}/why", escape(id))).await?;
    if global.json {
        output::json(&why);
        return Ok(());
    }
    output::line(&field(&why, "/summary"));
    let gates = rows(&why["gates"], &["/name", "/opensAt", "/detail"]);
    output::table(&["gate", "opens", "because"], gates, "no gate is shut");
    Ok(())
}

async fn cancel(api: &Api, id: &str, global: &Global) -> Result<(), Failure> {
    api.delete(&format!("/api/jobs/{}", escape(id))).await?;
    if global.json {
        output::json(&json!({ "id": id, "cancelled": true }));
    } else {
        output::line(&format!("{id} is cancelled"));
    }
    Ok(())
}
