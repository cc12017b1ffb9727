use std::time::Duration;

use proptest::prelude::*;

use super::*;

const POLICY: BreakerPolicy = BreakerPolicy {
    failures: 10,
    open_for: Duration::from_secs(60),
    probes: 1,
};

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn opened(policy: BreakerPolicy) -> Breaker {
    let mut breaker = Breaker::new(policy);
    let passes: Vec<_> = (0..policy.failures)
        .map(|_| breaker.on_start(ms(0)))
        .collect();
    for pass in passes {
        let _ = breaker.on_failure(pass, ms(0));
    }
    assert_eq!(breaker.state(ms(0)), "open");
    breaker
}

#[test]
fn opens_after_ten_consecutive_failures() {
    let mut breaker = Breaker::new(POLICY);
    for _ in 0..9 {
        let pass = breaker.on_start(ms(0));
        assert_eq!(breaker.on_failure(pass, ms(0)), None);
    }
    let pass = breaker.on_start(ms(0));
    let until = ms(60_000);
    assert_eq!(
        breaker.on_failure(pass, ms(0)),
        Some(Change::Opened { until })
    );
    assert_eq!(breaker.admits(ms(59_999)), Admits::NoneUntil(until));
}

#[test]
fn one_success_starts_the_count_again() {
    let mut breaker = Breaker::new(POLICY);
    for turn in 0..50 {
        let pass = breaker.on_start(ms(0));
        let change = if turn % 10 == 9 {
            breaker.on_success(pass)
        } else {
            breaker.on_failure(pass, ms(0))
        };
        assert_eq!(change, None);
    }
}

#[test]
fn lets_one_probe_through_and_closes_when_it_succeeds() {
    let mut breaker = opened(POLICY);
    assert_eq!(breaker.admits(ms(60_000)), Admits::Probes(1));
    let probe = breaker.on_start(ms(60_000));
    assert_eq!(breaker.admits(ms(60_000)), Admits::Probes(0));
    assert_eq!(breaker.on_success(probe), Some(Change::Closed));
    assert_eq!(breaker.admits(ms(60_000)), Admits::All);
}

#[test]
fn opens_again_when_the_probe_fails() {
    let mut breaker = opened(POLICY);
    let probe = breaker.on_start(ms(60_000));
    let until = ms(121_000);
    let change = breaker.on_failure(probe, ms(61_000));
    assert_eq!(change, Some(Change::Opened { until }));
}

#[test]
fn closes_only_when_all_probes_succeeded() {
    let mut breaker = opened(BreakerPolicy {
        probes: 3,
        ..POLICY
    });
    let probes = [(); 3].map(|()| breaker.on_start(ms(60_000)));
    assert_eq!(breaker.admits(ms(60_000)), Admits::Probes(0));
    assert_eq!(breaker.on_success(probes[0]), None);
    assert_eq!(breaker.on_success(probes[1]), None);
    assert_eq!(breaker.admits(ms(60_000)), Admits::Probes(0));
    assert_eq!(breaker.on_success(probes[2]), Some(Change::Closed));
}

#[test]
fn answers_from_before_it_opened_decide_nothing() {
    let mut breaker = Breaker::new(POLICY);
    let old = breaker.on_start(ms(0));
    for _ in 0..10 {
        let pass = breaker.on_start(ms(0));
        let _ = breaker.on_failure(pass, ms(0));
    }
    assert_eq!(breaker.on_success(old), None);
    assert_eq!(breaker.state(ms(1)), "open");
    let probe = breaker.on_start(ms(60_000));
    assert_eq!(breaker.on_success(old), None);
    assert_eq!(breaker.on_failure(old, ms(60_000)), None);
    assert_eq!(breaker.on_success(probe), Some(Change::Closed));
}

#[test]
fn a_probe_that_says_nothing_may_be_repeated() {
    let mut breaker = opened(POLICY);
    let probe = breaker.on_start(ms(60_000));
    breaker.on_void(probe);
    assert_eq!(breaker.admits(ms(60_000)), Admits::Probes(1));
}

#[test]
fn a_restart_keeps_it_open_and_probes_a_half_open_one_again() {
    let mut breaker = opened(POLICY);
    let again = Breaker::restore(POLICY, breaker.snapshot(ms(10)));
    assert_eq!(again.admits(ms(59_999)), Admits::NoneUntil(ms(60_000)));
    let _ = breaker.on_start(ms(60_000));
    let again = Breaker::restore(POLICY, breaker.snapshot(ms(60_500)));
    assert_eq!(again.admits(ms(60_500)), Admits::Probes(1));
}

proptest! {
    #[test]
    fn is_open_only_after_that_many_failures_in_a_row(
        failures in 1..6u32,
        probes in 1..4u32,
        answers in prop::collection::vec(any::<bool>(), 1..200),
    ) {
        let policy = BreakerPolicy { failures, open_for: Duration::from_secs(1), probes };
        let mut breaker = Breaker::new(policy);
        let mut now = ms(0);
        let (mut in_a_row, mut probing) = (0, false);
        for good in answers {
            if let Admits::NoneUntil(until) = breaker.admits(now) {
                prop_assert!(probing || in_a_row == failures);
                now = until;
                probing = true;
            }
            let pass = breaker.on_start(now);
            prop_assert_eq!(pass == Pass::Probe, probing);
            in_a_row = if good { 0 } else { in_a_row + 1 };
            let change = if good { breaker.on_success(pass) } else { breaker.on_failure(pass, now) };
            if change == Some(Change::Closed) {
                (in_a_row, probing) = (0, false);
            }
        }
    }
}
