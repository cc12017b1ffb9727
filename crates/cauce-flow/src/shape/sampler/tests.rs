use proptest::prelude::*;

use super::*;
use crate::{
    event::{Metadata, USUAL, VisitorId},
    id::TenantId,
    time::Timestamp,
};

fn kind(text: &str) -> EventKind {
    EventKind::new(text).unwrap()
}

fn event(id: u128, session: u128, text: &str) -> Event {
    Event {
        id: EventId::from_u128(id),
        visitor: VisitorId::from_u128(1),
        session: SessionId::from_u128(session),
        kind: kind(text),
        occurred_at: Timestamp::EPOCH,
        metadata: Metadata::none(),
        bot: false,
    }
}

/// Ids as a browser would draw them, always the same ones.
fn id(number: u64) -> u128 {
    xxhash_rust::xxh3::xxh3_128_with_seed(&number.to_le_bytes(), 7)
}

fn share(sampling_rate: f64) -> Rule {
    Rule::new(sampling_rate, false).unwrap()
}

fn is_kept(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Keep { .. })
}

/// Whoever chooses alike in another language has to come to these draws.
#[test]
fn the_choice_is_fixed() {
    let id: EventId = "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d".parse().unwrap();
    let event = event(
        id.as_u128(),
        0x0123_4567_89ab_cdef_0011_2233_4455_6677,
        "SCROLL",
    );
    assert_eq!(SampleBy::Event.draw(&event), 0.212_423_701_018_020_22);
    assert_eq!(SampleBy::Session.draw(&event), 0.694_259_265_669_197);
}

#[test]
fn the_given_rates_hold() {
    for (text, sampling_rate, always_keep) in [
        ("PAGE_VIEW", 100.0, true),
        ("CLICK", 100.0, false),
        ("SCROLL", 10.0, false),
        ("MOUSE_MOVE", 1.0, false),
        ("FORM_SUBMIT", 100.0, true),
        ("ADD_TO_CART", 100.0, true),
        ("PURCHASE", 100.0, true),
        ("CUSTOM", 100.0, false),
        ("of-the-site:own", 100.0, false),
        ("page_view", 100.0, false),
    ] {
        let rule = Rule {
            sampling_rate,
            always_keep,
        };
        assert_eq!(default_rule(&kind(text)), rule, "{text}");
    }
    let thinned = USUAL
        .iter()
        .filter(|text| default_rule(&kind(text)).sampling_rate < 100.0);
    assert_eq!(thinned.count(), 12);
}

#[test]
fn the_share_that_is_kept_is_the_rate_within_four_deviations() {
    const EVENTS: u32 = 100_000;
    for rate in [1.0, 10.0, 25.0, 50.0, 99.0] {
        for number in 0..=3 {
            let level = Level::new(number);
            let verdicts = (0..u64::from(EVENTS))
                .map(|n| share(rate).judge(SampleBy::Event.draw(&event(id(n), 1, "X")), level));
            let weights: Vec<f64> = verdicts
                .filter_map(|verdict| match verdict {
                    Verdict::Keep { weight } => Some(weight),
                    Verdict::Drop(_) => None,
                })
                .collect();
            let p = rate / 100.0 / level.factor();
            let deviation = (f64::from(EVENTS) * p * (1.0 - p)).sqrt();
            let off = weights.len() as f64 - f64::from(EVENTS) * p;
            assert!(
                off.abs() < 4.0 * deviation,
                "{rate} % at {number}: off by {off}"
            );
            let estimate: f64 = weights.iter().sum();
            let error = (estimate - f64::from(EVENTS)).abs();
            assert!(
                error < 4.0 * deviation / p,
                "{rate} % at {number}: {estimate}"
            );
        }
    }
}

#[test]
fn a_session_is_kept_or_dropped_whole_and_each_kind_for_itself() {
    let by = SampleBy::Session;
    let mut apart = 0;
    for session in 0..200 {
        let draws = |text| [1, 2, 3].map(|id| by.draw(&event(id, session, text)));
        let [first, second, third] = draws("SCROLL");
        assert!(first == second && second == third);
        let kept = |text| draws(text)[0] < 0.5;
        apart += u32::from(kept("SCROLL") != kept("CLICK"));
    }
    assert!((70..130).contains(&apart), "{apart} of 200 sessions");
}

#[test]
fn rates_are_percents() {
    for rate in [0.0, 0.5, 100.0] {
        assert!(Rule::new(rate, false).is_ok(), "{rate}");
    }
    for rate in [-0.1, 100.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Rule::new(rate, true).unwrap_err();
        assert!(error.to_string().contains("0 to 100"));
    }
}

#[test]
fn at_rate_zero_only_what_is_always_kept_is_kept() {
    for draw in [0.0, 0.5] {
        assert_eq!(
            share(0.0).judge(draw, Level::NONE),
            Verdict::Drop(Reason::Rate)
        );
        let always = Rule::new(0.0, true).unwrap();
        assert_eq!(
            always.judge(draw, Level::MAX),
            Verdict::Keep { weight: 1.0 }
        );
    }
}

#[test]
fn a_drop_says_whether_the_rule_or_the_pressure_did_it() {
    let level = Level::new(1);
    for (draw, verdict) in [
        (0.24, Verdict::Keep { weight: 4.0 }),
        (0.25, Verdict::Drop(Reason::Pressure)),
        (0.5, Verdict::Drop(Reason::Rate)),
    ] {
        assert_eq!(share(50.0).judge(draw, level), verdict, "{draw}");
    }
}

#[test]
fn a_tenants_own_rule_goes_before_the_configured_and_that_before_the_default() {
    let tenant = TenantId::new("shop").unwrap();
    let other = TenantId::new("other").unwrap();
    let configured = [(kind("SCROLL"), share(20.0))];
    let mut sampler = Sampler::new(true, SampleBy::Event, configured);
    let rate =
        |sampler: &Sampler, tenant, text| sampler.rules(tenant).rate_at(&kind(text), Level::NONE);
    assert_eq!(rate(&sampler, &tenant, "SCROLL"), 20.0);
    assert_eq!(rate(&sampler, &tenant, "HOVER"), 5.0);
    sampler
        .set(&tenant, kind("SCROLL"), Some(share(50.0)))
        .unwrap();
    assert_eq!(rate(&sampler, &tenant, "SCROLL"), 50.0);
    assert_eq!(rate(&sampler, &other, "SCROLL"), 20.0);
    sampler.set(&tenant, kind("SCROLL"), None).unwrap();
    assert_eq!(rate(&sampler, &tenant, "SCROLL"), 20.0);
    sampler.set(&other, kind("never-set"), None).unwrap();
    let left = format!("{sampler:?}");
    assert!(!left.contains("shop") && !left.contains("other"), "{left}");
}

#[test]
fn a_tenant_may_set_only_so_many_rules() {
    let tenant = TenantId::new("shop").unwrap();
    let mut sampler = Sampler::new(true, SampleBy::Event, []);
    for number in 0..MAX_OWN_RULES {
        let own = kind(&format!("own{number}"));
        sampler.set(&tenant, own, Some(share(1.0))).unwrap();
    }
    let more = sampler.set(&tenant, kind("more"), Some(share(1.0)));
    assert_eq!(more, Err(TooManyRules));
    assert!(sampler.set(&tenant, kind("own1"), Some(share(2.0))).is_ok());
    sampler.set(&tenant, kind("own0"), None).unwrap();
    assert!(sampler.set(&tenant, kind("more"), Some(share(1.0))).is_ok());
}

#[test]
fn a_sampler_that_is_off_keeps_everything_at_every_level() {
    let sampler = Sampler::new(false, SampleBy::Event, [(kind("X"), share(0.0))]);
    let rules = sampler.rules(&TenantId::new("shop").unwrap());
    for number in 0..50 {
        let verdict = rules.judge(&event(id(number), 1, "X"), Level::MAX);
        assert_eq!(verdict, Verdict::Keep { weight: 1.0 });
    }
    assert!(!rules.presses(&kind("X"), Level::MAX));
}

proptest! {
    #[test]
    fn what_a_lower_rate_keeps_a_higher_one_keeps_too(
        low in 0.0..=100.0_f64,
        high in 0.0..=100.0_f64,
        easy in 0_u8..=3,
        hard in 0_u8..=3,
        (id, session) in any::<(u128, u128)>(),
        by_session in any::<bool>(),
    ) {
        let by = if by_session { SampleBy::Session } else { SampleBy::Event };
        let draw = by.draw(&event(id, session, "SCROLL"));
        let (low, high) = (share(low.min(high)), share(low.max(high)));
        let (easy, hard) = (Level::new(easy.min(hard)), Level::new(easy.max(hard)));
        if is_kept(low.judge(draw, hard)) {
            prop_assert!(is_kept(high.judge(draw, hard)));
            prop_assert!(is_kept(low.judge(draw, easy)));
        }
    }

    #[test]
    fn a_weight_undoes_the_rate(rate in 0.01..=100.0_f64, number in 0_u8..=3) {
        let (rule, level) = (share(rate), Level::new(number));
        if let Verdict::Keep { weight } = rule.judge(0.0, level) {
            prop_assert!((weight * rule.rate_at(level) / 100.0 - 1.0).abs() < 1e-9);
        } else {
            prop_assert!(false, "the lowest draw is kept at every rate but 0");
        }
    }
}
