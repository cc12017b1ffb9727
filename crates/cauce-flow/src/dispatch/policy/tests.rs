use super::*;

fn sound() -> Policy {
    let second = Duration::from_secs(1);
    Policy {
        batch: BatchPolicy {
            max_items: 100,
            max_bytes: 1 << 20,
            max_wait: 60 * second,
            priority_wait: second,
        },
        rate: vec![Window {
            max: 10,
            per: second,
        }],
        concurrency: 50,
        retry: RetryPolicy {
            max_attempts: 6,
            base: second,
            factor: 2.0,
            cap: 300 * second,
            jitter: 0.2,
        },
        breaker: BreakerPolicy {
            failures: 10,
            open_for: 60 * second,
            probes: 1,
        },
        ttl: Some(DAY),
        on_unknown: OnUnknown::Hold,
    }
}

#[test]
fn a_sound_policy_has_no_faults() {
    assert_eq!(sound().faults(), []);
}

#[test]
fn every_fault_is_named_at_once() {
    let mut policy = sound();
    policy.batch.max_items = 0;
    policy.rate.push(Window {
        max: 0,
        per: Duration::ZERO,
    });
    policy.concurrency = 0;
    policy.retry.jitter = f64::NAN;
    policy.retry.cap = Duration::from_millis(10);
    policy.breaker.probes = 0;
    policy.ttl = Some(Duration::ZERO);
    let texts: Vec<_> = policy.faults().iter().map(Fault::to_string).collect();
    assert_eq!(
        texts,
        [
            "batch.max_items is 0; hint: choose between 1 and 10000",
            "rate (requests) is 0; hint: choose between 1 and 10000000",
            "rate (window) is 0ns; hint: choose between 10ms and 2678400s",
            "concurrency is 0; hint: choose between 1 and 10000",
            "retry.jitter is NaN; hint: choose between 0.0 and 1.0",
            "retry.cap is 10ms, less than retry.base (1s); hint: raise retry.cap",
            "breaker.probes is 0; hint: choose between 1 and 1000",
            "ttl is 0ns; hint: choose between 1s and 31622400s",
        ]
    );
}

#[test]
fn too_many_windows_are_refused() {
    let policy = Policy {
        rate: vec![
            Window {
                max: 1,
                per: Duration::from_secs(1)
            };
            9
        ],
        ..sound()
    };
    assert_eq!(policy.faults(), [Fault::TooManyWindows { found: 9 }]);
}
