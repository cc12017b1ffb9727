use super::*;

fn window(max: u32, seconds: u64) -> Window {
    Window {
        max,
        per: Duration::from_secs(seconds),
    }
}

#[test]
fn the_tightest_window_decides() {
    let twilio = [window(10, 1), window(600, 60), window(36_000, 3_600)];
    for (recipients, windows, seconds) in [
        (1_000, &twilio[..], 100),
        (0, &twilio, 0),
        (1_000_000, &twilio, 100_000),
        (160, &[window(80, 60)], 120),
        (600, &[window(10, 1), window(300, 60)], 120),
        (1_000, &[], 0),
    ] {
        assert_eq!(duration(recipients, windows), Duration::from_secs(seconds));
    }
}

#[test]
fn more_people_than_a_time_can_tell_take_all_the_time() {
    let slow = [window(1, 86_400)];
    assert_eq!(duration(u64::MAX, &slow), Duration::from_millis(u64::MAX));
}
