//! What Google's answers mean: next to nothing, and with `debug` what is wrong with each event.

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    job::LeasedJob,
    reason::Reason,
    time::Timestamp,
};
use serde::{Deserialize, de::IgnoredAny};

use super::config::Config;
use crate::{
    answer::{by_status, held, received, shown, unchecked},
    destination::{Answer, Judgement, Response},
    payload,
    pixel::EventType,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    validation_messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    field_path: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    validation_code: String,
}

/// The judgement on a batch.
pub(super) fn judge(
    config: &Config,
    jobs: &[LeasedJob],
    answer: &Answer,
    now: Timestamp,
) -> Judgement {
    if let Answer::Ambiguous(fault) = answer {
        let reason = Reason::new(fault.code(), "no whole answer came; it may have arrived");
        return perhaps_taken(config, jobs, &reason).into();
    }
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    let verdict = match response.status {
        200..=299 if config.debug => validated(jobs.len(), response, now),
        200..=299 => Verdict::All(Disposition::Delivered { provider_id: None }),
        _ => by_status("google", response, now),
    };
    Judgement {
        verdict,
        hold: held(response, now),
    }
}

/// Purchases are known by their transaction when they come twice, in web streams; the rest is not.
fn perhaps_taken(config: &Config, jobs: &[LeasedJob], reason: &Reason) -> Verdict {
    let each = |job: &LeasedJob| match !config.is_app() && is_purchase(job) {
        true => Disposition::Retry {
            reason: reason.clone(),
            after: None,
        },
        false => Disposition::Unknown {
            reason: reason.clone(),
        },
    };
    Verdict::Each(jobs.iter().map(each).collect())
}

fn is_purchase(job: &LeasedJob) -> bool {
    payload::read::<IgnoredAny>(job)
        .is_ok_and(|message| message.event_type == EventType::Purchase.as_str())
}

/// What the validation endpoint found. A fault that names no event is a fault of all of them.
fn validated(count: usize, response: &Response, now: Timestamp) -> Verdict {
    let Ok(body) = serde_json::from_slice::<Body>(&response.body) else {
        return by_status("google", response, now);
    };
    let fault_of = |place: usize| {
        body.validation_messages
            .iter()
            .find(|message| message.place().is_none_or(|named| named == place))
    };
    let each = |place| match fault_of(place) {
        None => Disposition::Delivered { provider_id: None },
        Some(message) => Disposition::Rejected {
            reason: message.reason(),
        },
    };
    Verdict::Each((0..count).map(each).collect())
}

impl Message {
    /// The place of the event, from `events[3].name` or from `index: [3]` in the description.
    fn place(&self) -> Option<usize> {
        let number = |text: &str, mark: &str| {
            let (_, rest) = text.split_once(mark)?;
            rest.split_once(']')?.0.parse().ok()
        };
        number(&self.field_path, "events[").or_else(|| number(&self.description, "index: ["))
    }

    fn reason(&self) -> Reason {
        let known = |c: char| c.is_ascii_uppercase() || c == '_';
        let code: String = self
            .validation_code
            .chars()
            .filter(|c| known(*c))
            .take(40)
            .collect();
        Reason::new(
            format!("google_{}", code.to_ascii_lowercase()),
            format!("{}: {}", shown(&self.field_path), shown(&self.description)),
        )
    }
}

/// What can be said of an account: never that its secret is right.
pub(super) fn check_detail(answer: &Answer) -> String {
    let response = match unchecked(answer) {
        Ok(response) => response,
        Err(credentials) => return credentials.detail,
    };
    match serde_json::from_slice::<Body>(&response.body) {
        Ok(body) if body.validation_messages.is_empty() => {
            "Google takes events of this form; whether api_secret and measurement_id are right, \
             it tells nobody: send an event and look at the realtime report"
                .to_owned()
        }
        Ok(body) => {
            let codes = body.validation_messages.iter().map(|m| m.reason().code);
            format!(
                "Google finds fault with an event: {}",
                codes.collect::<Vec<_>>().join(", ")
            )
        }
        Err(_) => format!("no answer to read (HTTP {})", response.status),
    }
}
