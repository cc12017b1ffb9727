//! What a backend's answers mean.
//!
//! ```text
//! 2xx  success, counts fit, none failed     delivered
//!      failed > 0, failed_ids name them     the named ones: once more, then rejected
//!      failed > 0, nobody named             the batch once more, then taken apart
//!      counts that do not fit, a page,
//!      nothing, half a JSON                 nobody knows: it goes again and uses an attempt
//! 404, 405, 410                             the route is missing: the line is held, no attempt
//! 413, 422                                  taken apart; 422 may name the places
//! 401, 403, 407, 419, 3xx                   the account pauses
//! 429, 5xx, no answer                       as everywhere
//! ```

use std::collections::{BTreeMap, BTreeSet};

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    job::LeasedJob,
    reason::Reason,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;

use super::encode::{Kind, named};
use crate::{
    answer::{Class, by_status, held, received},
    destination::{Answer, Judgement, Response},
};

/// What a batch route answers.
#[derive(Deserialize)]
struct Counts {
    success: bool,
    updated: u64,
    failed: u64,
    #[serde(default)]
    failed_ids: Vec<Value>,
}

/// How a framework names bad fields: `{"errors": {"qrs.3.qr": ["…"]}}`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Invalid {
    errors: BTreeMap<String, Value>,
}

/// The judgement on a batch.
pub(super) fn judge(kind: Kind, jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    Judgement {
        verdict: verdict(kind, jobs, response, now),
        hold: held(response, now),
    }
}

fn verdict(kind: Kind, jobs: &[LeasedJob], response: &Response, now: Timestamp) -> Verdict {
    match response.status {
        200..=299 => taken(jobs, response),
        404 | 405 | 410 => Class::Throttle(None).verdict(route_missing(kind), held(response, now)),
        419 => {
            let detail = "the route asks for the token of a form: it belongs to the api routes";
            Class::Stop.verdict(Reason::new("backend_http_419", detail), None)
        }
        422 => invalid(kind, jobs.len(), response),
        _ => by_status("backend", response, now),
    }
}

fn route_missing(kind: Kind) -> Reason {
    let detail = format!(
        "the backend lacks this route: POST {}; what waits goes out when it is there",
        kind.path()
    );
    Reason::new("backend_route_missing", detail)
}

fn taken(jobs: &[LeasedJob], response: &Response) -> Verdict {
    let counts: Counts = match serde_json::from_slice(&response.body) {
        Ok(counts) => counts,
        Err(error) => return unreadable(response, &error),
    };
    let named = places(jobs, &counts.failed_ids);
    let (updated, failed, sent) = (counts.updated, counts.failed, jobs.len() as u64);
    if updated.checked_add(failed) != Some(sent) {
        let detail =
            format!("the answer counts {updated} taken and {failed} failed of {sent} sent");
        return nobody_knows("backend_counts", detail);
    }
    match (counts.success, failed) {
        (true, 0) => Verdict::All(Disposition::Delivered { provider_id: None }),
        (_, 0) => failed_batch(jobs, "the backend reports no success and counts no failure"),
        _ if named.len() as u64 == failed => one_by_one(jobs, &named),
        _ => failed_batch(
            jobs,
            "the backend could not take some and does not say which",
        ),
    }
}

/// The places of the sessions that the answer names. Ids may be numbers there.
fn places(jobs: &[LeasedJob], failed_ids: &[Value]) -> BTreeSet<usize> {
    let ids: BTreeSet<String> = failed_ids
        .iter()
        .filter_map(|id| match id {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .collect();
    if ids.is_empty() {
        return BTreeSet::new();
    }
    let is_named = |job: &LeasedJob| named(job).is_some_and(|item| ids.contains(&*item.session_id));
    let found = jobs.iter().enumerate().filter(|(_, job)| is_named(job));
    found.map(|(place, _)| place).collect()
}

fn one_by_one(jobs: &[LeasedJob], failed: &BTreeSet<usize>) -> Verdict {
    let reason = || Reason::new("backend_failed", "the backend could not take this session");
    let each = jobs.iter().enumerate().map(|(place, job)| {
        if !failed.contains(&place) {
            Disposition::Delivered { provider_id: None }
        } else if job.attempt <= 1 {
            Disposition::Retry {
                reason: reason(),
                after: None,
            }
        } else {
            Disposition::Rejected { reason: reason() }
        }
    });
    Verdict::Each(each.collect())
}

/// Nobody is named: the batch goes once more as it is, because a failure may pass; then it is
/// taken apart.
fn failed_batch(jobs: &[LeasedJob], detail: &str) -> Verdict {
    let reason = Reason::new("backend_failed", detail);
    let is_first = jobs.iter().all(|job| job.attempt <= 1);
    let class = if is_first {
        Class::Retry
    } else {
        Class::Poison
    };
    class.verdict(reason, None)
}

/// A success that is not the route's own answer.
fn unreadable(response: &Response, error: &serde_json::Error) -> Verdict {
    let body = response.body.trim_ascii();
    if body.is_empty() {
        return nobody_knows("backend_empty", "a success without a word about the batch");
    }
    if body.starts_with(b"<") {
        let detail = "a page instead of JSON: is base_url the backend's api, and is it up?";
        return nobody_knows("backend_html", detail);
    }
    if error.is_eof() {
        return nobody_knows("backend_cut", "the answer ends in the middle");
    }
    let detail = "the answer is not {success, updated, failed}";
    nobody_knows("backend_answer", detail)
}

fn nobody_knows(code: &str, detail: impl Into<String>) -> Verdict {
    let reason = Reason::new(code, detail);
    Verdict::All(Disposition::Unknown { reason })
}

/// The batch is refused as a whole; a framework names the places in its errors.
fn invalid(kind: Kind, count: usize, response: &Response) -> Verdict {
    let body: Invalid = serde_json::from_slice(&response.body).unwrap_or_default();
    let place = |pointer: &String| {
        let rest = pointer.strip_prefix(kind.array())?.strip_prefix('.')?;
        let place = rest.split('.').next()?.parse::<usize>().ok()?;
        (place < count).then_some(place)
    };
    let named: BTreeSet<usize> = body.errors.keys().filter_map(place).collect();
    let reason = || {
        Reason::new(
            "backend_invalid",
            "the backend refuses this session's state",
        )
    };
    if named.is_empty() {
        return Class::Poison.verdict(reason(), None);
    }
    Verdict::Without(named.into_iter().map(|place| (place, reason())).collect())
}
