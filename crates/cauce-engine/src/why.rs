//! Why a job is not running yet: every gate before it that is shut.

use std::time::Duration;

use cauce_flow::{
    id::JobId,
    job::{Line, State},
    time::Timestamp,
};
use cauce_store::jobs::{Error, Gate, GroupGate, JobDetail, Scope};

use crate::{
    inner::Inner,
    status::{GateStatus, Why},
};

/// Why a job is not running yet.
pub(crate) async fn why(inner: &Inner, job: JobId, scope: Scope) -> Result<Why, Error> {
    let detail = inner.jobs.job(job, scope.clone()).await?;
    let now = inner.clock.now();
    let line = detail.summary.line.clone();
    let position = inner.jobs.place(job);
    let mut gates = Vec::new();
    match detail.summary.state {
        State::Scheduled => match inner.jobs.waits_for(job, scope).await? {
            Some(older) => {
                gates.push(key_gate(older));
                gates.extend(waiting_gates(inner, &line, &detail, None).await);
            }
            None => gates.push(due_gate(&detail)),
        },
        State::Waiting => gates.extend(waiting_gates(inner, &line, &detail, position).await),
        _ => {}
    }
    let summary = summarise(&detail, &gates, position, now);
    Ok(Why {
        job,
        state: detail.summary.state,
        line,
        position,
        gates,
        summary,
    })
}

fn due_gate(detail: &JobDetail) -> GateStatus {
    let last = detail.summary.last_error.as_ref();
    GateStatus {
        name: "due",
        opens_at: Some(detail.summary.due_at),
        detail: match last {
            Some(reason) => format!(
                "attempt {} of {} failed ({}); the next one waits for its backoff",
                detail.summary.attempt, detail.summary.max_attempts, reason.code
            ),
            None => "it is scheduled for later".to_owned(),
        },
    }
}

fn key_gate(older: JobId) -> GateStatus {
    GateStatus {
        name: "key",
        opens_at: None,
        detail: format!("an older job of the same key, {older}, is on its way and ends first"),
    }
}

async fn waiting_gates(
    inner: &Inner,
    line: &Line,
    detail: &JobDetail,
    position: Option<u64>,
) -> Vec<GateStatus> {
    let shut = |name, detail: String| GateStatus {
        name,
        opens_at: None,
        detail,
    };
    let mut gates = Vec::new();
    if inner.jobs.gate(&line.queue, Some(&detail.summary.tenant)) == Gate::Paused {
        let queue = &line.queue;
        let detail = format!("the queue is paused; POST /api/queues/{queue}/resume opens it");
        gates.push(shut("paused", detail));
    }
    gates.extend(group_gate(inner, detail).map(|told| shut("group", told)));
    match inner.lines.why(line).await {
        None => {
            let detail = format!("no account named {} is configured", line.account);
            gates.push(shut("account", detail));
        }
        Some(of_line) => {
            let told = gates.iter().any(|gate| gate.name == "paused");
            gates.extend(
                of_line
                    .into_iter()
                    .filter(|gate| !(told && gate.name == "paused")),
            );
        }
    }
    if let Some(position) = position.filter(|position| *position > 0) {
        gates.push(shut(
            "place",
            format!("{position} jobs of the same tenant are served before it"),
        ));
    }
    gates
}

fn group_gate(inner: &Inner, detail: &JobDetail) -> Option<String> {
    let group = detail.summary.group.as_ref()?;
    match inner.jobs.group_gate(&detail.summary.tenant, group) {
        GroupGate::Open => None,
        gate @ (GroupGate::Paused | GroupGate::Stopped) => Some(format!(
            "{group}, which it belongs to, is {}",
            gate.as_str()
        )),
    }
}

fn summarise(
    detail: &JobDetail,
    gates: &[GateStatus],
    position: Option<u64>,
    now: Timestamp,
) -> String {
    match detail.summary.state {
        State::Scheduled | State::Waiting if gates.is_empty() => {
            "every gate is open: it is about to be claimed".to_owned()
        }
        State::Scheduled | State::Waiting => {
            let mut words: Vec<String> = gates.iter().map(|gate| in_words(gate, now)).collect();
            if let Some(position) = position {
                words.push(format!("position {}", position + 1));
            }
            words.join("; ")
        }
        State::Active => "it is on its way to the destination".to_owned(),
        State::Completed => "it was delivered".to_owned(),
        ended @ (State::Dead | State::Unknown | State::Expired | State::Cancelled) => {
            let reason = detail.summary.last_error.as_ref();
            let because = reason
                .map(|r| format!(": {}", r.detail))
                .unwrap_or_default();
            format!("it is {ended}{because}")
        }
    }
}

fn in_words(gate: &GateStatus, now: Timestamp) -> String {
    match gate.opens_at {
        Some(at) if at > now => {
            let wait = at.until(now);
            format!(
                "{} until {at} (in {}): {}",
                gate.name,
                short(wait),
                gate.detail
            )
        }
        _ => format!("{}: {}", gate.name, gate.detail),
    }
}

fn short(wait: Duration) -> String {
    match wait.as_secs() {
        0 => format!("{} ms", wait.as_millis()),
        seconds @ 1..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}
