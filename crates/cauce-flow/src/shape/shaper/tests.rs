use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    id::TenantId,
    shape::sampler::{Rule, SampleBy, Sampler, Verdict},
};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const KEEP_FROM: Timestamp = Timestamp::from_millis(1_770_000_000_000);

fn sampler() -> Sampler {
    Sampler::new(true, SampleBy::Event, [])
}

fn call(sampler: &Sampler) -> Call<'_> {
    Call {
        rules: sampler.rules(&TenantId::new("shop").unwrap()),
        level: Level::NONE,
        clock: Clock::new(None, KEEP_FROM, NOW),
        policy: Policy::default(),
        signals: Signals::default(),
        sign: None,
        from_server: false,
    }
}

fn told(id: u128, kind: &str) -> Told {
    Told {
        id: EventId::from_u128(id),
        visitor: VisitorId::from_u128(1),
        session: SessionId::from_u128(2),
        kind: EventKind::new(kind).unwrap(),
        occurred_at: None,
        metadata: Metadata::none(),
        consent: None,
    }
}

#[test]
fn the_corrected_time_is_the_one_that_is_kept() {
    let sampler = sampler();
    let an_hour_slow = NOW - Duration::from_secs(3_600);
    let call = Call {
        clock: Clock::new(Some(an_hour_slow), KEEP_FROM, NOW),
        ..call(&sampler)
    };
    let mut event = told(1, "PAGE_VIEW");
    event.occurred_at = Some(an_hour_slow - Duration::from_secs(5));
    let outcome = shape(vec![event], &call);
    assert_eq!(
        outcome.kept[0].event.occurred_at,
        NOW - Duration::from_secs(5)
    );
}

#[test]
fn a_program_is_a_bot_only_where_browsers_are_expected() {
    let sampler = sampler();
    for (sign, from_server, bot) in [
        (None, false, false),
        (Some(Sign::Crawler), false, true),
        (Some(Sign::Headless), true, true),
        (Some(Sign::Program), false, true),
        (Some(Sign::Program), true, false),
    ] {
        let call = Call {
            sign,
            from_server,
            ..call(&sampler)
        };
        let outcome = shape(vec![told(1, "PAGE_VIEW")], &call);
        assert_eq!(outcome.kept[0].event.bot, bot, "{sign:?} {from_server}");
    }
}

#[test]
fn kinds_that_are_thinned_near_the_limit_are_told_with_their_rates() {
    let sampler = sampler();
    let kinds = ["PAGE_VIEW", "CLICK", "SCROLL", "CLICK"];
    let events = || kinds.iter().map(|kind| told(1, kind)).collect::<Vec<_>>();
    assert!(shape(events(), &call(&sampler)).pressed.is_empty());
    let call = Call {
        level: Level::new(2),
        ..call(&sampler)
    };
    let pressed = shape(events(), &call).pressed;
    let pressed: Vec<(&str, f64)> = pressed
        .iter()
        .map(|(kind, rate)| (kind.as_str(), *rate))
        .collect();
    assert_eq!(pressed, [("CLICK", 25.0), ("SCROLL", 2.5)]);
}

#[test]
fn what_may_not_be_kept_is_withheld_before_it_is_sampled() {
    let sampler = sampler();
    let signals = Signals {
        gpc: true,
        ..Signals::default()
    };
    let call = Call {
        signals,
        level: Level::MAX,
        ..call(&sampler)
    };
    let outcome = shape(vec![told(1, "MOUSE_MOVE"), told(2, "PAGE_VIEW")], &call);
    assert!(outcome.kept.is_empty() && outcome.pressed.is_empty());
    let withheld = [(consent::Reason::GlobalPrivacyControl, 2)];
    assert_eq!(outcome.counts.withheld, BTreeMap::from(withheld));
    assert_eq!(outcome.counts.withheld(), 2);
    assert_eq!(outcome.counts.sampled_out(), 0);
}

fn any_told() -> impl Strategy<Value = Told> {
    let kinds = prop::sample::select(vec!["PAGE_VIEW", "CLICK", "SCROLL", "MOUSE_MOVE", "own"]);
    let times =
        prop::option::of(KEEP_FROM.as_millis() - 9_000_000_000..NOW.as_millis() + 200_000_000);
    (any::<u128>(), kinds, times, any::<Option<bool>>()).prop_map(|(id, kind, at, consent)| Told {
        occurred_at: at.map(Timestamp::from_millis),
        consent,
        ..told(id, kind)
    })
}

proptest! {
    /// Each event meets exactly the end that the single rules give it, and all are counted.
    #[test]
    fn every_event_meets_one_end(
        events in prop::collection::vec(any_told(), 0..60),
        level in 0_u8..=3,
        ask_first in any::<bool>(),
    ) {
        let mut sampler = sampler();
        let tenant = TenantId::new("shop").unwrap();
        let half = Rule::new(50.0, false).unwrap();
        sampler.set(&tenant, EventKind::new("own").unwrap(), Some(half)).unwrap();
        let policy = Policy { ask_first, ..Policy::default() };
        let call = Call { level: Level::new(level), policy, ..call(&sampler) };
        let outcome = shape(events.clone(), &call);

        let timely = |event: &Told| call.clock.judge(event.occurred_at).is_ok();
        let allowed = |event: &Told| match event.consent {
            None => !ask_first,
            Some(yes) => yes,
        };
        let expected: Vec<(usize, f64)> = (0..)
            .zip(&events)
            .filter(|(_, event)| timely(event) && allowed(event))
            .filter_map(|(place, event)| {
                let event = event.clone().happened(NOW, false);
                match call.rules.judge(&event, call.level) {
                    Verdict::Keep { weight } => Some((place, weight)),
                    Verdict::Drop(_) => None,
                }
            })
            .collect();
        let kept: Vec<(usize, f64)> = outcome.kept.iter().map(|kept| (kept.place, kept.weight)).collect();
        prop_assert_eq!(kept, expected);
        for kept in &outcome.kept {
            prop_assert_eq!(kept.event.id, events[kept.place].id);
        }
        let untimely = events.iter().filter(|event| !timely(event)).count();
        let withheld = events.iter().filter(|event| timely(event) && !allowed(event)).count();
        prop_assert_eq!(outcome.untimely.len(), untimely);
        prop_assert_eq!(outcome.counts.withheld() as usize, withheld);
        let gone = untimely + withheld + outcome.counts.sampled_out() as usize;
        prop_assert_eq!(events.len(), outcome.kept.len() + gone);
    }
}
