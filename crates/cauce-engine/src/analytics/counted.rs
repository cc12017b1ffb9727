//! What became of a message, as events.

use cauce_flow::{
    id::{JobId, TenantId},
    time::Timestamp,
};
use cauce_observe::analytics::What;
use cauce_store::{
    analytics::{EventId, Tracked, Who},
    messages::{CountedInbound, CountedMessage},
};

/// The channel of all messages of ours.
const CHANNEL: &str = "whatsapp";

/// What happened to a message, as part of its id. The numbers are on disk and never change.
#[derive(Clone, Copy)]
enum Fact {
    Sent = 1,
    Delivered = 2,
    Read = 3,
    Failed = 4,
    Answered = 5,
    TryFailed = 6,
}

/// All that is known of a message, as events.
pub(super) fn message(message: &CountedMessage) -> Option<(JobId, Vec<Tracked>)> {
    let tenant: TenantId = message.tenant.parse().ok()?;
    let of = Of { message, tenant };
    let mut events = Vec::new();
    events.extend(message.sent_at.map(|at| of.sent(at)));
    events.extend(message.delivered_at.map(|at| {
        let took_ms = Some(of.took(at));
        of.event(Fact::Delivered, 0, at, What::Delivered { took_ms })
    }));
    events.extend(
        message
            .read_at
            .map(|at| of.event(Fact::Read, 0, at, What::Read)),
    );
    events.extend(message.failed_at.map(|at| {
        let was_sent = message.sent_at.is_some();
        Tracked {
            label: message.failure.clone(),
            ..of.event(Fact::Failed, 0, at, What::Failed { was_sent })
        }
    }));
    if message.campaign.is_some() {
        let answered = message.answered_at;
        events.extend(answered.map(|at| of.event(Fact::Answered, 0, at, What::Answered)));
    }
    events.extend(message.failed_tries.iter().map(|failed| Tracked {
        label: Some(failed.code.clone()),
        ..of.event(
            Fact::TryFailed,
            u8::try_from(failed.place).unwrap_or(u8::MAX),
            failed.at,
            What::TryFailed {
                again: failed.place > 0,
            },
        )
    }));
    Some((message.job, events))
}

struct Of<'a> {
    message: &'a CountedMessage,
    tenant: TenantId,
}

impl Of<'_> {
    fn sent(&self, at: i64) -> Tracked {
        let message = self.message;
        // Providers tell times in whole seconds; our own clock knows better how long it took.
        let took_ms = Some(self.took(message.completed_at.unwrap_or(at)));
        let what = What::Sent {
            reached: message.failed_at.is_none(),
            took_ms,
            retried: message.attempts > 1 && message.failed_tries.len() < message.attempts,
        };
        Tracked {
            label: Some(message.kind.clone()),
            conversation: message.conversation.clone(),
            ..self.event(Fact::Sent, 0, at, what)
        }
    }

    /// Milliseconds from when it was to be sent until then.
    fn took(&self, at: i64) -> i64 {
        (at - self.message.wanted_at).max(0)
    }

    fn event(&self, fact: Fact, place: u8, at: i64, what: What) -> Tracked {
        let message = self.message;
        Tracked {
            tenant: self.tenant.clone(),
            id: EventId::OfMessage(message.job, fact as u8, place),
            at: Timestamp::from_millis(at),
            person: Some(Who::Hash(message.to)),
            conversation: None,
            campaign: message.campaign.clone(),
            variant: message.variant.map(|place| place.to_string()),
            label: None,
            channel: Some(CHANNEL.to_owned()),
            what,
        }
    }
}

/// A message that came in, as an event.
pub(super) fn inbound(inbound: &CountedInbound) -> Option<Tracked> {
    Some(Tracked {
        tenant: inbound.tenant.parse().ok()?,
        id: EventId::Inbound(inbound.account.clone(), inbound.provider_id.clone()),
        at: Timestamp::from_millis(inbound.at),
        person: Some(Who::Hash(inbound.from)),
        conversation: inbound.conversation.clone(),
        campaign: None,
        variant: None,
        label: Some(inbound.kind.clone()),
        channel: Some(CHANNEL.to_owned()),
        what: What::Received,
    })
}
