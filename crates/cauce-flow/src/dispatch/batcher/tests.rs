use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    id::{JobId, TenantId},
    priority::Priority,
};

const POLICY: BatchPolicy = BatchPolicy {
    max_items: 100,
    max_bytes: 10_000,
    max_wait: Duration::from_secs(60),
    priority_wait: Duration::from_secs(1),
};

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn backlog(waiting: u64, oldest_ms: i64) -> Backlog {
    Backlog {
        waiting,
        bytes: waiting * 10,
        oldest_at: Some(ms(oldest_ms)),
        oldest_urgent_at: None,
    }
}

#[test]
fn a_full_batch_is_due_at_once() {
    assert_eq!(
        ready(&backlog(100, 0), &POLICY, ms(1)),
        Flush::Now(Trigger::Items)
    );
    assert_eq!(
        ready(&backlog(99, 0), &POLICY, ms(1)),
        Flush::At(ms(60_000))
    );
    let heavy = Backlog {
        bytes: 10_000,
        ..backlog(5, 0)
    };
    assert_eq!(ready(&heavy, &POLICY, ms(1)), Flush::Now(Trigger::Bytes));
}

#[test]
fn the_oldest_job_waits_no_longer_than_max_wait() {
    assert_eq!(
        ready(&backlog(1, 0), &POLICY, ms(59_999)),
        Flush::At(ms(60_000))
    );
    assert_eq!(
        ready(&backlog(1, 0), &POLICY, ms(60_000)),
        Flush::Now(Trigger::Age)
    );
}

#[test]
fn an_urgent_job_waits_no_longer_than_priority_wait() {
    let urgent = Backlog {
        oldest_urgent_at: Some(ms(500)),
        ..backlog(2, 0)
    };
    assert_eq!(ready(&urgent, &POLICY, ms(500)), Flush::At(ms(1_500)));
    assert_eq!(ready(&urgent, &POLICY, ms(1_500)), Flush::Now(Trigger::Age));
}

#[test]
fn jobs_that_travel_alone_or_need_not_wait_are_due_at_once() {
    let single = BatchPolicy {
        max_items: 1,
        ..POLICY
    };
    let eager = BatchPolicy {
        max_wait: Duration::ZERO,
        ..POLICY
    };
    for policy in [single, eager] {
        assert_eq!(
            ready(&backlog(1, 0), &policy, ms(0)),
            Flush::Now(Trigger::AtOnce)
        );
        assert_eq!(ready(&Backlog::default(), &policy, ms(0)), Flush::Never);
    }
}

#[test]
fn only_full_batches_are_claimed_before_their_age() {
    assert_eq!(jobs_to_claim(Trigger::Items, 250, 100, 16), 200);
    assert_eq!(jobs_to_claim(Trigger::Items, 2_500, 100, 16), 1_600);
    assert_eq!(jobs_to_claim(Trigger::Age, 250, 100, 16), 1_600);
}

fn job(number: u64, size: usize) -> LeasedJob {
    LeasedJob {
        id: JobId::new(number, 1, ms(0)),
        tenant: TenantId::new("acme").unwrap(),
        group: None,
        priority: Priority::Normal,
        attempt: 1,
        max_attempts: 6,
        enqueued_at: ms(0),
        expires_at: Timestamp::NEVER,
        payload: vec![b'x'; size].into(),
    }
}

#[test]
fn a_job_larger_than_a_request_travels_alone() {
    let room = Room {
        max_items: 10,
        max_bytes: 100,
    };
    let jobs = vec![job(0, 10), job(1, 500), job(2, 10)];
    let sizes: Vec<_> = pack(jobs, |_| (), room).iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, 1]);
}

proptest! {
    #[test]
    fn packing_keeps_every_job_its_order_and_the_limits(
        sizes in prop::collection::vec(0..50usize, 0..100),
        keys in 1..4u64,
        max_items in 1..10usize,
    ) {
        let room = Room { max_items, max_bytes: 100 };
        let key = |job: &LeasedJob| job.id.number() % keys;
        let jobs: Vec<_> = sizes.iter().zip(0..).map(|(size, n)| job(n, *size)).collect();
        let requests = pack(jobs.clone(), key, room);
        let mut numbers: Vec<_> = requests.iter().flatten().map(|job| job.id.number()).collect();
        for wanted in 0..keys {
            let same: Vec<_> = numbers.iter().filter(|n| **n % keys == wanted).collect();
            prop_assert!(same.is_sorted());
        }
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (0..jobs.len() as u64).collect::<Vec<_>>());
        prop_assert!(requests.iter().map(|request| request[0].id).is_sorted());
        for request in &requests {
            prop_assert!(request.iter().all(|job| key(job) == key(&request[0])));
            prop_assert!(request.len() <= max_items);
            let bytes: usize = request.iter().map(|job| job.payload.len()).sum();
            prop_assert!(bytes <= room.max_bytes);
        }
    }
}
