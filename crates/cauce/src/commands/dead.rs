//! `cauce dead`: dead letters of a running server, by reason and one by one, and back again.

use serde_json::{Map, Value, json};

use super::jobs::show_page;
use crate::{
    api::{Api, escape, query},
    cli::{Dead, DeadFilter, Retry},
    failure::Failure,
    global::Global,
    output::{self, rows},
};

/// Runs the command.
pub(crate) async fn run(dead: Dead, global: &Global) -> Result<(), Failure> {
    match dead {
        Dead::List { filter, remote } => {
            list(&Api::connect(&remote, global)?, &filter, global).await
        }
        Dead::Retry(retry) => put_back(&Api::connect(&retry.remote, global)?, &retry, global).await,
    }
}

async fn list(api: &Api, filter: &DeadFilter, global: &Global) -> Result<(), Failure> {
    let limit = filter.limit.to_string();
    let common = [
        ("tenant", filter.tenant.as_deref()),
        ("q", filter.text.as_deref()),
    ];
    let path = format!("/api/queues/{}/dead", escape(&filter.queue));
    let of_page = [common.as_slice(), &[("limit", Some(limit.as_str()))]].concat();
    let page = api.get(&format!("{path}{}", query(&of_page))).await?;
    let of_reasons = [common.as_slice(), &[("groupBy", Some("reason"))]].concat();
    let reasons = api.get(&format!("{path}{}", query(&of_reasons))).await?;
    if global.json {
        output::json(&json!({ "reasons": reasons["items"], "jobs": page }));
        return Ok(());
    }
    let reasons = rows(
        &reasons["items"],
        &["/code", "/count", "/newestAt", "/detail"],
    );
    output::table(
        &["reason", "jobs", "newest", "says"],
        reasons,
        "no dead letter matches",
    );
    if page["items"]
        .as_array()
        .is_some_and(|items| !items.is_empty())
    {
        show_page(&page, "");
    }
    Ok(())
}

async fn put_back(api: &Api, retry: &Retry, global: &Global) -> Result<(), Failure> {
    let answer = match (&retry.id, &retry.queue) {
        (Some(id), _) => {
            api.post(&format!("/api/dead/{}/retry", escape(id)), &json!({}))
                .await?
        }
        (None, Some(queue)) => {
            let tenant = query(&[("tenant", retry.tenant.as_deref())]);
            let path = format!("/api/queues/{}/dead/retry{tenant}", escape(queue));
            api.post(&path, &wanted(retry)).await?
        }
        (None, None) => return Err(Failure::usage("name a job, or a queue with --queue")),
    };
    if global.json {
        output::json(&answer);
        return Ok(());
    }
    let count = answer["count"].as_u64().unwrap_or(1);
    let jobs = if count == 1 {
        "dead letter"
    } else {
        "dead letters"
    };
    let done = if retry.dry_run {
        "would go back"
    } else {
        "went back"
    };
    output::line(&format!("{count} {jobs} {done} into the queue"));
    Ok(())
}

fn wanted(retry: &Retry) -> Value {
    let mut body = Map::new();
    body.extend(
        retry
            .text
            .as_ref()
            .map(|text| ("q".to_owned(), json!(text))),
    );
    body.extend(
        retry
            .per_second
            .map(|jobs| ("perSecond".to_owned(), json!(jobs))),
    );
    body.insert("dryRun".to_owned(), json!(retry.dry_run));
    Value::Object(body)
}
