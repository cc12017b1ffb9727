//! What an answer to one message means, for all providers.
//!
//! No provider recognises a message that comes twice. So only what a provider has refused goes
//! again: an answer that leaves it open whether the message was taken makes it unknown.

use std::time::Duration;

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    job::LeasedJob,
    reason::Reason,
    time::Timestamp,
};

use super::{Message, provider::Provider};
use crate::{
    answer::held,
    destination::{Response, Screened},
};

/// What the code of an answer means for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It was refused, and it will pass.
    Retry,
    /// The same, not before so long.
    RetryAfter(Duration),
    /// The provider wants less of this sender, for this long where it does not say.
    Throttle(Option<Duration>),
    /// The person gets no more for now: this message waits, the others go on.
    Snooze,
    /// The credentials or the set-up of the sender are refused.
    Stop,
    /// The message is refused for good.
    Drop,
}

impl Class {
    /// The verdict on the message.
    pub(crate) fn verdict(
        self,
        job: &LeasedJob,
        reason: Reason,
        after: Option<Duration>,
        now: Timestamp,
    ) -> Verdict {
        Verdict::All(match self {
            Class::Retry => Disposition::Retry { reason, after },
            Class::RetryAfter(own) => Disposition::Retry {
                reason,
                after: after.or(Some(own)),
            },
            Class::Throttle(own) => Disposition::Throttled {
                reason,
                after: after.or(own),
            },
            Class::Snooze => Disposition::Snoozed {
                reason,
                after: snooze(job, now),
            },
            Class::Stop => Disposition::Unauthorised { reason },
            Class::Drop => Disposition::Rejected { reason },
        })
    }
}

/// How long a message waits when its person gets no more for now.
///
/// WhatsApp asks for waits of 4^n seconds. A message does not count how often it has waited; its age
/// does: each wait makes it four times as old. What waits for the same person is spread, because one
/// message in six seconds is let through ("Pair rate limit").
fn snooze(job: &LeasedJob, now: Timestamp) -> Duration {
    const SHORTEST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(64);
    const PAIR_SECONDS: u64 = 6;
    let age = now.since(job.enqueued_at);
    let spread = Duration::from_secs(job.id.number() % PAIR_SECONDS);
    age.saturating_mul(3).clamp(SHORTEST, LONGEST) + spread
}

/// The verdict that a status alone allows.
pub(crate) fn by_status(
    system: &str,
    job: &LeasedJob,
    response: &Response,
    now: Timestamp,
) -> Verdict {
    let reason = |detail: &str| Reason::new(format!("{system}_http_{}", response.status), detail);
    let after = held(response, now);
    let (class, detail) = match response.status {
        300..=399 => (Class::Stop, "redirected: is base_url right?"),
        401 | 403 | 407 => (Class::Stop, "the credentials are refused"),
        404 | 405 | 410 => (Class::Stop, "no such address: is base_url right?"),
        408 => (Class::Retry, "the request was too slow"),
        429 => (Class::Throttle(None), "too many requests"),
        400..=499 => (Class::Drop, "the provider refuses the message"),
        503 => (Class::Retry, "the provider is not available"),
        200..=299 => return open(reason("a success whose body is not the provider's")),
        _ => return open(reason("an answer that leaves open whether it was taken")),
    };
    class.verdict(job, reason(detail), after, now)
}

/// Nobody knows whether the message was taken.
pub(crate) fn open(reason: Reason) -> Verdict {
    Verdict::All(Disposition::Unknown { reason })
}

/// The provider has the message.
pub(crate) fn taken(provider_id: &str) -> Verdict {
    let provider_id = Some(provider_id.to_owned());
    Verdict::All(Disposition::Delivered { provider_id })
}

/// Whether a job holds a message that the provider could carry.
pub(crate) fn screen(job: &LeasedJob, provider: Provider) -> Screened {
    let fit = |message: Message| match message.check(provider).into_iter().next() {
        None => Ok(()),
        Some(fault) => {
            let detail = format!("{}: {}", fault.pointer, fault.detail);
            Err(Reason::new("message_unfit", detail))
        }
    };
    Message::of_payload(&job.payload).and_then(fit).into()
}
