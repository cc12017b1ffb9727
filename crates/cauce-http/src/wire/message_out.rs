//! Messages as they are shown.

use cauce_destinations::message::Message;
use cauce_engine::messages::TakenMessage;
use cauce_flow::{id::JobId, job::State, time::Timestamp};
use cauce_store::{
    jobs::JobDetail,
    messages::{InboundView, MessageState, MessageView, Spoken, Tried},
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::job::ReasonView;

/// A message that was taken.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageTaken)]
pub(crate) struct TakenView {
    /// Its id. It is a job: `GET /api/jobs/{id}/why` says what it waits for.
    #[schema(value_type = String, example = "job_01jd8x3k2v7w9y4z6a5b3c2d1e")]
    id: JobId,
    /// `queued` or `scheduled`.
    status: &'static str,
    /// Its place among the messages of its sender that wait, at most; null where it is not due.
    position: Option<u64>,
}

/// Messages that were taken, in the order of the call.
#[derive(Serialize, ToSchema)]
#[schema(as = MessagesTaken)]
pub(crate) struct BulkTakenView {
    pub(crate) items: Vec<TakenView>,
}

/// A message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Message)]
pub(crate) struct OutView {
    /// Its id.
    #[schema(value_type = String)]
    id: JobId,
    /// When it was taken.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whose it is.
    tenant: String,
    /// The account that sends it.
    sender: String,
    /// Its recipient.
    #[schema(example = "+34600123456")]
    to: String,
    /// `text`, `media`, `template`, `location` or `reaction`.
    #[serde(rename = "type")]
    kind: String,
    /// `scheduled`, `queued`, `sent`, `delivered`, `read`, `failed`, `unknown`, `expired` or
    /// `cancelled`.
    status: &'static str,
    /// `critical`, `high`, `normal` or `low`.
    priority: &'static str,
    /// When it was to be sent, or, while it waits for another attempt, when that is; null where it was
    /// to be sent at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
    /// When it expires if it has not been sent by then; put back after its end, it has as long again.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// The campaign that it belongs to.
    campaign_id: Option<String>,
    /// The contact of that campaign.
    contact_id: Option<String>,
    /// The caller's conversation.
    conversation_id: Option<String>,
    /// The caller's own JSON.
    #[schema(value_type = Object)]
    metadata: Map<String, Value>,
    /// The provider's id of it.
    provider_id: Option<String>,
    /// Why it failed, or why its last attempt did.
    error: Option<ReasonView>,
    /// When the provider had it.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
    /// When it was delivered.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    /// When it was read.
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Timestamp>,
    /// When it failed.
    #[schema(value_type = Option<String>, format = DateTime)]
    failed_at: Option<Timestamp>,
    /// When its recipient answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    answered_at: Option<Timestamp>,
    /// Every request that was made for it, oldest first.
    attempts: Vec<TriedView>,
}

/// A message with all that its provider said of it.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageDetail)]
pub(crate) struct OutDetailView {
    #[serde(flatten)]
    message: OutView,
    /// How many messages of its sender go before it, at most, and itself; null where it does not wait.
    position: Option<u64>,
    /// What the provider said of it, oldest first.
    callbacks: Vec<SpokenView>,
}

/// A request that was made for a message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageAttempt)]
pub(crate) struct TriedView {
    /// Its number; the first is 1.
    number: usize,
    /// When it left.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it was answered, or failed.
    #[schema(value_type = String, format = DateTime)]
    ended_at: Timestamp,
    /// The HTTP status; null where no answer came.
    http_status: Option<u16>,
    /// What went wrong, if anything did.
    error: Option<ReasonView>,
}

/// What the provider said of a message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageCallback)]
pub(crate) struct SpokenView {
    /// `sent`, `delivered`, `read` or `failed`.
    status: &'static str,
    /// The provider's id that it said it of.
    provider_id: String,
    /// Why it failed.
    error: Option<ReasonView>,
    /// When it was so.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was heard.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
}

/// A message that came in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InboundMessage)]
pub(crate) struct InView {
    /// The provider's id of it.
    id: String,
    /// When it was heard.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whose account it came to.
    tenant: String,
    /// The account.
    sender: String,
    /// Who wrote it.
    from: String,
    /// `text`, `button`, `media`, `location`, `reaction` or `other`.
    #[serde(rename = "type")]
    kind: String,
    /// What it says.
    text: Option<String>,
    /// The message that it answers, as far as can be told.
    #[schema(value_type = Option<String>)]
    answers: Option<JobId>,
    /// `out` or `in` where it opts out of campaigns or in again.
    opt: Option<&'static str>,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<TakenMessage> for TakenView {
    fn from(taken: TakenMessage) -> TakenView {
        TakenView {
            id: taken.id,
            status: match taken.scheduled_at {
                Some(_) => "scheduled",
                None => "queued",
            },
            position: taken.position,
        }
    }
}

impl OutView {
    pub(crate) fn new(view: MessageView, now: Timestamp) -> OutView {
        let is_scheduled = view.state == MessageState::Queued && view.due_at > now;
        let metadata = view.metadata.as_deref().unwrap_or("{}");
        let due = Due {
            at: view.due_at,
            taken_at: view.job.taken_at(),
            first_try: view.tries.first().map(|tried| tried.started_at),
            waits: is_scheduled,
        };
        OutView {
            id: view.job,
            created_at: view.job.taken_at(),
            tenant: view.tenant,
            sender: view.sender,
            to: view.to,
            kind: view.kind,
            status: if is_scheduled {
                "scheduled"
            } else {
                view.state.as_str()
            },
            priority: view.priority.as_str(),
            scheduled_at: due.shown(),
            expires_at: view.expires_at,
            campaign_id: view.campaign,
            contact_id: view.place.map(|place| place.contact),
            conversation_id: view.conversation,
            metadata: serde_json::from_str(metadata).unwrap_or_default(),
            provider_id: view.provider_id,
            error: view.error.map(reason),
            sent_at: view.sent_at,
            delivered_at: view.delivered_at,
            read_at: view.read_at,
            failed_at: view.failed_at,
            answered_at: view.answered_at,
            attempts: (1..).zip(view.tries).map(TriedView::new).collect(),
        }
    }

    /// A message that is in the queue and not in the picture of messages yet; none where the job is
    /// no message.
    fn of_job(job: JobDetail) -> Option<OutView> {
        let message = Message::of_payload(&job.payload).ok()?;
        let summary = job.summary;
        let is_sent = summary.state == State::Completed;
        let due = Due {
            at: summary.due_at,
            taken_at: summary.enqueued_at,
            first_try: job.attempts.first().map(|attempt| attempt.started_at),
            waits: summary.state == State::Scheduled,
        };
        Some(OutView {
            id: summary.id,
            created_at: summary.enqueued_at,
            tenant: summary.tenant.to_string(),
            sender: summary.line.account.to_string(),
            to: message.to.as_str().to_owned(),
            kind: message.content.kind().to_owned(),
            status: status_of(summary.state),
            priority: summary.priority.as_str(),
            scheduled_at: due.shown(),
            expires_at: Some(summary.expires_at).filter(|at| *at < Timestamp::NEVER),
            campaign_id: summary.group.map(|group| group.to_string()),
            contact_id: message.campaign.map(|part| part.contact),
            conversation_id: message.conversation_id,
            metadata: message.metadata,
            provider_id: job.provider_id,
            error: summary.last_error.map(ReasonView::from),
            sent_at: summary.finished_at.filter(|_| is_sent),
            delivered_at: None,
            read_at: None,
            failed_at: summary.finished_at.filter(|_| summary.state == State::Dead),
            answered_at: None,
            attempts: Vec::new(),
        })
    }
}

/// When a message is due, and what it takes to tell whether somebody wanted it then.
struct Due {
    at: Timestamp,
    taken_at: Timestamp,
    first_try: Option<Timestamp>,
    waits: bool,
}

impl Due {
    /// The time that it waits for, or was to wait for before its first attempt: a later one was that
    /// of another attempt.
    fn shown(&self) -> Option<Timestamp> {
        let was_wanted = self.at > self.taken_at && self.first_try.is_none_or(|at| self.at <= at);
        (self.waits || was_wanted).then_some(self.at)
    }
}

fn status_of(state: State) -> &'static str {
    match state {
        State::Waiting | State::Active => "queued",
        State::Completed => "sent",
        State::Dead => "failed",
        State::Scheduled | State::Unknown | State::Expired | State::Cancelled => state.as_str(),
    }
}

impl OutDetailView {
    pub(crate) fn new(
        (view, spoken): (MessageView, Vec<Spoken>),
        position: Option<u64>,
        now: Timestamp,
    ) -> OutDetailView {
        OutDetailView {
            message: OutView::new(view, now),
            position,
            callbacks: spoken.into_iter().map(SpokenView::from).collect(),
        }
    }

    pub(crate) fn of_job(job: JobDetail, position: Option<u64>) -> Option<OutDetailView> {
        Some(OutDetailView {
            message: OutView::of_job(job)?,
            position,
            callbacks: Vec::new(),
        })
    }
}

impl TriedView {
    fn new((number, tried): (usize, Tried)) -> TriedView {
        TriedView {
            number,
            started_at: tried.started_at,
            ended_at: tried.ended_at,
            http_status: (tried.status != 0).then_some(tried.status),
            error: tried.error.map(reason),
        }
    }
}

impl From<Spoken> for SpokenView {
    fn from(spoken: Spoken) -> SpokenView {
        SpokenView {
            status: spoken.word.as_str(),
            provider_id: spoken.provider_id,
            error: spoken.error.map(reason),
            at: spoken.at,
            received_at: spoken.received_at,
        }
    }
}

impl From<InboundView> for InView {
    fn from(view: InboundView) -> InView {
        InView {
            id: view.provider_id,
            created_at: view.received_at,
            tenant: view.tenant,
            sender: view.account,
            from: view.from,
            kind: view.kind,
            text: view.text,
            answers: view.answers,
            opt: view.opt.map(|opt| opt.as_str()),
            at: view.at,
        }
    }
}

fn reason((code, detail): (String, String)) -> ReasonView {
    ReasonView { code, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_only_where_it_was_wanted_or_is_waited_for() {
        let ms = Timestamp::from_millis;
        for (at, first_try, waits, shown) in [
            (0, None, false, false),
            (1_000, None, false, false),
            (1_000, Some(1_050), false, false),
            (5_000, None, true, true),
            (5_000, Some(5_010), false, true),
            // Of a second attempt, waited for and over.
            (3_000, Some(1_050), true, true),
            (3_000, Some(1_050), false, false),
        ] {
            let due = Due {
                at: ms(at),
                taken_at: ms(1_000),
                first_try: first_try.map(ms),
                waits,
            };
            let wanted = shown.then_some(ms(at));
            assert_eq!(due.shown(), wanted, "{at} {first_try:?} {waits}");
        }
    }
}
