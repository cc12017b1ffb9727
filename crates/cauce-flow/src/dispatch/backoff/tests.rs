use proptest::prelude::*;

use super::*;

const POLICY: RetryPolicy = RetryPolicy {
    max_attempts: 6,
    base: Duration::from_secs(1),
    factor: 2.0,
    cap: Duration::from_secs(300),
    jitter: 0.2,
};

#[test]
fn doubles_up_to_its_cap() {
    let seconds: Vec<u64> = [1, 2, 3, 4, 9, 10, 255]
        .into_iter()
        .map(|attempt| POLICY.delay(attempt, None, 0.0).as_secs())
        .collect();
    assert_eq!(seconds, [1, 2, 4, 8, 256, 300, 300]);
}

#[test]
fn a_longer_wait_that_the_destination_asked_for_wins() {
    let hour = Duration::from_secs(3600);
    assert_eq!(POLICY.delay(1, Some(hour), 0.9), hour);
    let short = Duration::from_millis(10);
    assert_eq!(POLICY.delay(3, Some(short), 0.0), Duration::from_secs(4));
}

#[test]
fn no_destination_holds_a_job_for_more_than_a_day() {
    let year = Duration::from_secs(366 * 24 * 3600);
    assert_eq!(POLICY.delay(1, Some(year), 0.0), MAX_AFTER);
}

proptest! {
    #[test]
    fn jitter_only_lengthens(attempt in 1..=255u8, draw in 0.0..1.0f64, jitter in 0.0..=1.0f64) {
        let policy = RetryPolicy { jitter, ..POLICY };
        let plain = policy.delay(attempt, None, 0.0);
        let wait = policy.delay(attempt, None, draw);
        prop_assert!(wait >= plain);
        prop_assert!(wait <= plain.mul_f64(1.0 + jitter) + Duration::from_nanos(1_000));
    }
}
