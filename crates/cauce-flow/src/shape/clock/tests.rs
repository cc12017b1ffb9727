use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const KEEP_FROM: Timestamp = Timestamp::from_millis(1_770_000_000_000);

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn clock(sent_at: Option<Timestamp>) -> Clock {
    Clock::new(sent_at, KEEP_FROM, NOW)
}

#[test]
fn what_a_call_can_take_is_left_alone_and_a_wrong_clock_is_not() {
    const CENTURY_MS: i64 = MAX_OFFSET.as_millis() as i64;
    for (late_ms, offset_ms) in [
        (0, 0),
        (2_000, 0),
        (2_001, 2_001),
        (-2_000, 0),
        (-2_001, -2_001),
        (CENTURY_MS, CENTURY_MS),
        (CENTURY_MS + 1, 0),
        (-CENTURY_MS - 1, 0),
    ] {
        let sent_at = at(NOW.as_millis() - late_ms);
        assert_eq!(clock(Some(sent_at)).offset_ms(), offset_ms, "{late_ms}");
    }
    assert_eq!(clock(None).offset_ms(), 0);
    for end in [i64::MIN, i64::MAX] {
        assert_eq!(clock(Some(at(end))).offset_ms(), 0);
    }
}

#[test]
fn a_clock_that_began_in_1970_is_put_right() {
    let clock = clock(Some(at(5_000)));
    let said = clock.judge(Some(at(2_000)));
    assert_eq!(said, Ok(NOW - Duration::from_secs(3)));
}

#[test]
fn an_event_without_a_time_happened_when_it_was_received() {
    assert_eq!(clock(Some(at(5_000))).judge(None), Ok(NOW));
}

#[test]
fn too_old_and_too_far_ahead_are_told_with_what_is_allowed() {
    let clock = clock(None);
    let day_ahead = NOW + MAX_AHEAD;
    let beyond = day_ahead + Duration::from_millis(1);
    let old = KEEP_FROM - Duration::from_millis(1);
    assert_eq!(clock.judge(Some(KEEP_FROM)), Ok(KEEP_FROM));
    assert_eq!(clock.judge(Some(day_ahead)), Ok(day_ahead));
    let too_old = Untimely::TooOld {
        at: old,
        keep_from: KEEP_FROM,
    };
    assert_eq!(clock.judge(Some(old)), Err(too_old));
    let ahead = Untimely::TooFarAhead {
        at: beyond,
        now: NOW,
    };
    assert_eq!(clock.judge(Some(beyond)), Err(ahead));
    assert!(too_old.to_string().contains("tracking.retention_months"));
}

proptest! {
    #[test]
    fn what_is_believed_is_never_outside_what_is_kept(
        sent in prop::option::of(any::<i64>()),
        told in any::<i64>(),
    ) {
        let judged = clock(sent.map(at)).judge(Some(at(told)));
        if let Ok(at) = judged {
            prop_assert!(at >= KEEP_FROM && at <= NOW + MAX_AHEAD);
        }
    }

    #[test]
    fn a_wrong_clock_makes_no_difference(wrong_ms in -3_000_000_000_000_i64..1_700_000_000_000, ago_ms in 0_i64..20_000_000_000) {
        let wrong = |true_ms: i64| at(true_ms + wrong_ms);
        let clock = clock(Some(wrong(NOW.as_millis())));
        let said = clock.judge(Some(wrong(NOW.as_millis() - ago_ms))).unwrap();
        let off = (said.as_millis() - (NOW.as_millis() - ago_ms)).abs();
        prop_assert!(off <= 2_000 && (off == 0 || wrong_ms.abs() <= 2_000));
    }
}
