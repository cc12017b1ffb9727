//! What became of a message, as events.

use cauce_flow::{
    id::{JobId, TenantId},
    time::Timestamp,
};
use cauce_observe::analytics::What;
use cauce_store::{
    analytics::{EventId, Tracked, Who, own_variant},
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
            variant: message.variant.map(own_variant),
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

#[cfg(test)]
mod tests {
    use cauce_store::{PhoneHash, messages::FailedTry};

    use super::*;

    const AT: i64 = 1_760_000_000_000;

    /// A message of a campaign that was delivered at the second attempt, read and answered.
    fn counted() -> CountedMessage {
        CountedMessage {
            job: JobId::new(7, 3, Timestamp::from_millis(AT)),
            tenant: "acme".to_owned(),
            to: PhoneHash([7; 16]),
            kind: "text".to_owned(),
            campaign: Some("spring".to_owned()),
            variant: Some(1),
            conversation: Some("talk".to_owned()),
            wanted_at: AT,
            completed_at: Some(AT + 2_500),
            sent_at: Some(AT + 2_000),
            delivered_at: Some(AT + 4_000),
            read_at: Some(AT + 9_000),
            failed_at: None,
            failure: None,
            answered_at: Some(AT + 60_000),
            attempts: 2,
            failed_tries: vec![FailedTry {
                place: 0,
                at: AT + 1_000,
                code: "http_500".to_owned(),
            }],
        }
    }

    fn events(of: &CountedMessage) -> Vec<Tracked> {
        let (job, events) = message(of).unwrap();
        assert_eq!(job, of.job);
        events
    }

    fn whats(of: &CountedMessage) -> Vec<(What, i64)> {
        let events = events(of).into_iter();
        events
            .map(|event| (event.what, event.at.as_millis() - AT))
            .collect()
    }

    #[test]
    fn all_that_became_of_a_message_is_told() {
        let sent = What::Sent {
            reached: true,
            // By our own clock, which knows better than whole seconds.
            took_ms: Some(2_500),
            retried: true,
        };
        let delivered = What::Delivered {
            took_ms: Some(4_000),
        };
        assert_eq!(
            whats(&counted()),
            [
                (sent, 2_000),
                (delivered, 4_000),
                (What::Read, 9_000),
                (What::Answered, 60_000),
                (What::TryFailed { again: false }, 1_000),
            ]
        );
        let events = events(&counted());
        for event in &events {
            assert_eq!(event.person, Some(Who::Hash(PhoneHash([7; 16]))));
            assert_eq!(event.campaign.as_deref(), Some("spring"));
            assert_eq!(event.variant, Some(own_variant(1)));
            assert_eq!(event.channel.as_deref(), Some("whatsapp"));
        }
        let labels: Vec<_> = events.iter().map(|event| event.label.as_deref()).collect();
        assert_eq!(labels, [Some("text"), None, None, None, Some("http_500")]);
        assert_eq!(events[0].conversation.as_deref(), Some("talk"));
    }

    #[test]
    fn each_fact_has_an_id_of_its_own() {
        let mut of = counted();
        of.failed_at = Some(AT);
        of.failed_tries.push(FailedTry {
            place: 1,
            at: AT,
            code: "http_500".to_owned(),
        });
        let ids: Vec<EventId> = events(&of).into_iter().map(|event| event.id).collect();
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[place + 1..].contains(id), "{id:?}");
        }
    }

    #[test]
    fn what_failed_has_reached_nobody_and_says_whether_it_was_sent() {
        let failed = CountedMessage {
            failed_at: Some(AT + 5_000),
            failure: Some("131026".to_owned()),
            delivered_at: None,
            read_at: None,
            answered_at: None,
            ..counted()
        };
        let found = whats(&failed);
        assert!(matches!(found[0].0, What::Sent { reached: false, .. }));
        assert_eq!(found[1].0, What::Failed { was_sent: true });
        assert_eq!(events(&failed)[1].label.as_deref(), Some("131026"));
        let unsent = CountedMessage {
            sent_at: None,
            completed_at: None,
            ..failed
        };
        assert_eq!(whats(&unsent)[0].0, What::Failed { was_sent: false });
    }

    #[test]
    fn answers_are_told_of_campaigns_alone_and_clocks_never_run_backwards() {
        let of = CountedMessage {
            campaign: None,
            variant: None,
            completed_at: Some(AT - 300),
            delivered_at: Some(AT - 1_000),
            ..counted()
        };
        let found = whats(&of);
        assert!(!found.iter().any(|(what, _)| *what == What::Answered));
        let took = |what: &What| match what {
            What::Sent { took_ms, .. } | What::Delivered { took_ms } => *took_ms,
            _ => None,
        };
        let all: Vec<i64> = found.iter().filter_map(|(what, _)| took(what)).collect();
        assert_eq!(all, [0, 0]);
        // Where every attempt failed, none was tried again after the last.
        let tried_once = CountedMessage { attempts: 1, ..of };
        let first = &whats(&tried_once)[0].0;
        assert!(
            matches!(first, What::Sent { retried: false, .. }),
            "{first:?}"
        );
    }

    #[test]
    fn a_message_that_came_in_is_told_once_by_its_providers_id() {
        let of = CountedInbound {
            tenant: "acme".to_owned(),
            account: "sales".to_owned(),
            provider_id: "SM1".to_owned(),
            from: PhoneHash([7; 16]),
            kind: "image".to_owned(),
            at: AT,
            conversation: None,
        };
        let found = inbound(&of).unwrap();
        assert_eq!(found.id, EventId::Inbound("sales".into(), "SM1".into()));
        assert_eq!(
            (found.what, found.label.as_deref()),
            (What::Received, Some("image"))
        );
        let nobody = CountedInbound {
            tenant: String::new(),
            ..of
        };
        assert!(inbound(&nobody).is_none());
    }
}
