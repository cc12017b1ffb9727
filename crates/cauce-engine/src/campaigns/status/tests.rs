use cauce_flow::{
    id::{AccountName, GroupName, TenantId},
    job::State as JobState,
    time::Timestamp,
};
use cauce_store::{
    jobs::{GroupGate, Marked},
    messages::BatchFigures,
};
use proptest::prelude::*;

use super::*;

const BATCH: u64 = 4;

pub(in crate::campaigns) fn campaign(state: State, estimate: u64) -> Campaign {
    Campaign {
        row: 1,
        id: GroupName::new("campaign_a").unwrap(),
        tenant: TenantId::new("acme").unwrap(),
        sender: AccountName::new("acme-wa").unwrap(),
        name: "Navidad".to_owned(),
        state,
        plan: "{}".to_owned(),
        tags: Vec::new(),
        list: None,
        scheduled_at: None,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
        started_at: None,
        ended_at: None,
        job: None,
        last_row: 0,
        estimate,
        note: None,
        forgiven: Outcomes::default(),
    }
}

/// One message: its variant and its state.
type Message = (u16, MessageState);

/// The figures of messages in the order of their numbers, counted one by one.
fn figures(messages: &[Message]) -> CampaignFigures {
    let mut figures = CampaignFigures::default();
    for (variant, state) in messages {
        let own = figures.variants.entry(*variant).or_default();
        *own.states.entry(*state).or_default() += 1;
    }
    for batch in messages.chunks(BATCH as usize) {
        let queued = batch
            .iter()
            .filter(|(_, state)| *state == MessageState::Queued)
            .count();
        let failed = batch
            .iter()
            .filter(|(_, state)| *state == MessageState::Failed)
            .count();
        let own: &mut BatchFigures = &mut figures.batches;
        own.total += 1;
        match queued {
            n if n == batch.len() => own.waiting += 1,
            0 if failed == batch.len() => own.failed += 1,
            0 => own.completed += 1,
            _ => own.active += 1,
        }
    }
    figures
}

fn facts(state: State, messages: &[Message], accepted: u64, done: bool, estimate: u64) -> Facts {
    let mark = Marked { upto: 1, done };
    Facts {
        campaign: campaign(state, estimate),
        group: Some(GroupFigures {
            gate: GroupGate::Open,
            mark,
            accepted,
            states: [(JobState::Waiting, accepted)].into(),
        }),
        figures: figures(messages),
        skipped: SkipCounts::default(),
        variants: vec!["a".to_owned(), "b".to_owned()],
        cost: Some(0.05),
        batch_size: BATCH,
        breaker: Some("closed"),
    }
}

fn states() -> impl Strategy<Value = MessageState> {
    prop::sample::select(MessageState::ALL.to_vec())
}

proptest! {
    #[test]
    fn figures_add_up_at_every_moment(
        messages in prop::collection::vec((0u16..2, states()), 0..60),
        ahead in 0u64..30,
        beyond in 0u64..30,
        done in any::<bool>(),
        state in prop::sample::select(vec![State::Sending, State::Paused, State::Stopped, State::Completed]),
    ) {
        let taken = messages.len() as u64;
        let accepted = taken + ahead;
        let status = facts(state, &messages, accepted, done, accepted + beyond).status();
        let Batches { total, waiting, active, completed, failed } = status.batches;
        prop_assert_eq!(waiting + active + completed + failed, total);
        let progress = status.progress;
        prop_assert_eq!(progress.processed, progress.success + progress.failed);
        prop_assert!(progress.processed <= progress.total);
        let counted: u64 = status.metrics.states.values().sum();
        prop_assert_eq!(counted, taken);
        let of_variants: u64 = status.metrics.variants.iter().map(|own| own.taken).sum();
        prop_assert_eq!(of_variants, taken);
        let cancelled = messages.iter().filter(|(_, state)| *state == MessageState::Cancelled);
        let cancelled = cancelled.count() as u64;
        // What is taken back is not part of the whole.
        let left_out = if state == State::Stopped { 0 } else { cancelled };
        let walking = !done && !state.is_final();
        let whole = match state {
            State::Completed => taken,
            _ if walking => accepted + beyond,
            _ => accepted,
        };
        prop_assert_eq!(progress.total + left_out, whole);
        prop_assert!(total * BATCH >= whole && (total == 0 || (total - 1) * BATCH < whole));
    }
}

#[test]
fn only_who_opted_out_is_told_to_have() {
    let messages = [(0, MessageState::Cancelled), (0, MessageState::Cancelled)];
    let mut facts = facts(State::Completed, &messages, 2, true, 2);
    facts.figures.variants.get_mut(&0).unwrap().unwanted = 1;
    let status = facts.status();
    assert_eq!(status.metrics.skipped, [(Skip::OptedOut, 1)].into());
    assert_eq!(status.metrics.states[&MessageState::Cancelled], 2);
    assert_eq!(status.progress.total, 0);
}

#[test]
fn a_campaign_whose_group_is_forgotten_is_told_from_its_messages() {
    let messages = [(0, MessageState::Read), (1, MessageState::Failed)];
    let facts = Facts {
        group: None,
        ..facts(State::Completed, &messages, 2, true, 9)
    };
    let status = facts.status();
    assert_eq!((status.progress.total, status.batches.total), (2, 1));
    assert_eq!(status.metrics.success_rate, Some(0.5));
    assert_eq!(status.metrics.cost, Some(0.05));
}

#[test]
fn a_draft_has_nothing_yet() {
    let facts = Facts {
        group: None,
        ..facts(State::Draft, &[], 0, false, 0)
    };
    let status = facts.status();
    assert_eq!(status.progress, Progress::default());
    assert_eq!(status.batches, Batches::default());
}

#[test]
fn a_rate_is_counted_between_the_first_message_and_the_last() {
    let mut figures = figures(&[(0, MessageState::Sent); 11]);
    figures.first_sent_at = Some(5_000);
    figures.last_sent_at = Some(6_000);
    assert_eq!(per_second(&figures, 11), Some(10.0));
    assert_eq!(per_second(&figures, 1), None);
    figures.last_sent_at = Some(5_000);
    assert_eq!(per_second(&figures, 11), None);
}

#[test]
fn a_template_that_is_paused_bars_all_others_and_a_bad_number_does_not() {
    let mut figures = figures(&[(0, MessageState::Failed); 3]);
    figures.failures = [
        ("whatsapp_132015".to_owned(), 2),
        ("twilio_21211".to_owned(), 1),
    ]
    .into();
    let expected = Outcomes {
        sent: 0,
        failed: 3,
        barred: 2,
        restricted: 7,
    };
    assert_eq!(outcomes(&figures, 7), expected);
}
