use proptest::prelude::*;

use super::*;

fn outcomes(sent: u64, failed: u64) -> Outcomes {
    Outcomes {
        sent,
        failed,
        ..Outcomes::default()
    }
}

#[test]
fn too_many_failures_hold_a_campaign_once_there_is_no_doubt() {
    let rule = Rule::default();
    for (sent, failed, held) in [
        (0, 99, false),
        (0, 100, true),
        (70, 30, false),
        (65, 35, false),
        (60, 40, true),
        (1_000, 100, false),
    ] {
        let verdict = rule.judge(outcomes(sent, failed), outcomes(0, 0));
        let is_held = matches!(verdict, Verdict::Hold { .. });
        assert_eq!(is_held, held, "{sent} sent, {failed} failed: {verdict:?}");
    }
}

#[test]
fn what_failed_before_a_person_let_it_run_again_is_forgiven() {
    let rule = Rule::default();
    let before = outcomes(60, 40);
    assert_eq!(rule.judge(before, before), Verdict::GoOn);
    assert_eq!(rule.judge(outcomes(200, 41), before), Verdict::GoOn);
    let rate = 1.0;
    assert_eq!(
        rule.judge(outcomes(60, 140), before),
        Verdict::Hold { rate }
    );
}

#[test]
fn one_failure_that_all_others_would_share_holds_a_campaign() {
    let rule = Rule::default();
    let barred = |failed, barred| Outcomes {
        sent: 5,
        failed,
        barred,
        restricted: 0,
    };
    assert_eq!(rule.judge(barred(1, 1), barred(0, 0)), Verdict::Barred);
    assert_eq!(rule.judge(barred(2, 1), barred(1, 1)), Verdict::GoOn);
}

#[test]
fn a_restriction_of_its_sender_holds_a_campaign_until_a_person_lets_it_run_again() {
    let rule = Rule::default();
    let restricted = |sent, restricted| Outcomes {
        sent,
        restricted,
        ..Outcomes::default()
    };
    for (before, now, expected) in [
        (0, 0, Verdict::GoOn),
        (0, 1, Verdict::Restricted),
        (7, 7, Verdict::GoOn),
        (7, 8, Verdict::Restricted),
    ] {
        let verdict = rule.judge(restricted(40, now), restricted(1, before));
        assert_eq!(verdict, expected, "{before} {now}");
    }
}

proptest! {
    #[test]
    fn a_limit_of_one_holds_nothing(sent in 0u64..10_000, failed in 0u64..10_000) {
        let rule = Rule { max_rate: 1.0, min_sent: 1 };
        prop_assert_eq!(rule.judge(outcomes(sent, failed), outcomes(0, 0)), Verdict::GoOn);
    }
}
