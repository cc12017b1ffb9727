//! What the gateway's answers mean.
//!
//! ```text
//! 201 with key.id                           taken
//! 201 with Meta's error                     by the table of the WhatsApp Cloud API
//! 400 [{"exists": false}]                   no WhatsApp: rejected
//! 400 ["Error: Connection Closed"]          the phone is not connected: the line waits
//! 400 ["Error: Timed Out"], 500             WhatsApp may have it: unknown
//! 400 ["Error: …"]                          tried again
//! 400 with anything else                    the message is wrong: rejected
//! 500 "Method not available …"              a template, and no business instance: rejected
//! 401                                       the key is refused
//! 404                                       no such instance, whatever the key
//! ```

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    job::LeasedJob,
    reason::Reason,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    answer::{self, received},
    destination::{Answer, CredentialState, Credentials, Judgement, Response},
    message::{
        ConnectionState,
        judge::{Class, by_status, open, taken},
    },
    whatsapp_cloud::{Error, judge_error},
};

#[derive(Deserialize)]
struct Taken {
    key: Key,
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

/// Every error of the gateway; its `message` may be anything.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    response: Inner,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Inner {
    message: Value,
}

/// The judgement on a message.
pub(super) fn judge(jobs: &[LeasedJob], answer: &Answer, now: Timestamp) -> Judgement {
    let (response, job) = match (received(answer), jobs.first()) {
        (Ok(response), Some(job)) => (response, job),
        (Err(judgement), _) => return judgement,
        (Ok(_), None) => return open(Reason::new("no_job", "an answer to no message")).into(),
    };
    match response.status {
        200..=299 => success(job, response, now),
        400 => refused(job, response, now).into(),
        500 if is_without(&response.body) => {
            let detail = "only instances of the kind WHATSAPP-BUSINESS send templates";
            let reason = Reason::new("evolution_no_templates", detail);
            Class::Drop.verdict(job, reason, None, now).into()
        }
        404 => {
            let detail =
                "the gateway has no such instance, or no such route: check instance and base_url";
            let reason = Reason::new("evolution_http_404", detail);
            Class::Stop.verdict(job, reason, None, now).into()
        }
        _ => by_status("evolution", job, response, now).into(),
    }
}

fn success(job: &LeasedJob, response: &Response, now: Timestamp) -> Judgement {
    match serde_json::from_slice::<Taken>(&response.body) {
        Ok(Taken { key: Key { id } }) if !id.is_empty() => return taken(&id).into(),
        _ => {}
    }
    match serde_json::from_slice::<Error>(&response.body) {
        Ok(error) => judge_error(&error, job, response, now),
        Err(_) => by_status("evolution", job, response, now).into(),
    }
}

/// What an error says: one thing or several.
fn items_of(body: &[u8]) -> Vec<Value> {
    let body: Refused = serde_json::from_slice(body).unwrap_or_default();
    match body.response.message {
        Value::Array(items) => items,
        other => vec![other],
    }
}

/// Whether the instance cannot do what was asked: nothing has left it.
fn is_without(body: &[u8]) -> bool {
    let says = |item: &Value| {
        item.as_str()
            .is_some_and(|text| text.contains("Method not available"))
    };
    items_of(body).iter().any(says)
}

fn refused(job: &LeasedJob, response: &Response, now: Timestamp) -> Verdict {
    let items = items_of(&response.body);
    if items
        .iter()
        .any(|item| item["exists"] == Value::Bool(false))
    {
        let reason = Reason::new("evolution_no_whatsapp", "the number has no WhatsApp");
        return Class::Drop.verdict(job, reason, None, now);
    }
    let words = || items.iter().filter_map(Value::as_str);
    let says = |what: &str| words().any(|text| text.contains(what));
    if says("Timed Out") {
        let detail = "WhatsApp did not answer the gateway in time; it may have the message";
        return open(Reason::new("evolution_timed_out", detail));
    }
    if says("Connection") {
        let detail = "the gateway's phone is not connected to WhatsApp";
        let reason = Reason::new("evolution_disconnected", detail);
        return Verdict::All(Disposition::Disconnected { reason });
    }
    if words().any(|text| text.starts_with("Error:")) {
        let reason = Reason::new("evolution_error", "the gateway could not send the message");
        return Class::Retry.verdict(job, reason, None, now);
    }
    let reason = Reason::new("evolution_http_400", "the gateway refuses the message");
    Class::Drop.verdict(job, reason, None, now)
}

#[derive(Deserialize)]
struct State {
    instance: Instance,
}

#[derive(Deserialize)]
struct Instance {
    state: String,
}

/// What the state of the connection says. The key is checked with it, and has no end.
pub(super) fn credentials_of(answer: &Answer) -> Credentials {
    let response = match answer::unchecked(answer) {
        Ok(response) => response,
        Err(credentials) => return credentials,
    };
    let state = serde_json::from_slice::<State>(&response.body)
        .ok()
        .and_then(|body| ConnectionState::named(&body.instance.state));
    let (state, detail) = match (response.status, state) {
        (200..=299, Some(ConnectionState::Open)) => {
            let detail = "the phone is connected to WhatsApp; the key has no end".to_owned();
            (CredentialState::Valid, detail)
        }
        (200..=299, Some(other)) => {
            let detail = format!(
                "the phone is not connected to WhatsApp (state {}); scan its code at the gateway",
                other.as_str()
            );
            (CredentialState::Disconnected, detail)
        }
        (401 | 403, _) => {
            let detail = "the gateway refuses the key".to_owned();
            (CredentialState::Invalid, detail)
        }
        (404, _) => {
            let detail = "the gateway has no such instance".to_owned();
            (CredentialState::Invalid, detail)
        }
        (status, _) => {
            let detail = format!("no answer to read (HTTP {status})");
            (CredentialState::Unknown, detail)
        }
    };
    answer::credentials(state, detail)
}
