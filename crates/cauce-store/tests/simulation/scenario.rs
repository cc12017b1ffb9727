//! What a run is made of, drawn from its seed: lines, policies, kinds of store, and what is broken
//! on purpose where a test has to show that it would be noticed.

use std::time::Duration;

use cauce_flow::{
    dispatch::{
        disposition::Delivery,
        policy::{BatchPolicy, BreakerPolicy, OnUnknown, Policy, RetryPolicy, Window},
    },
    id::{AccountName, QueueName, TenantId},
    job::Line,
    time::Timestamp,
};

use crate::chance::Chance;

/// When every run begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_760_000_000_000);

/// Which store a run is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// One segment is enough, so nothing is compacted: the same seed tells the same story.
    Exact,
    /// Small segments that are rolled and compacted all the time, by a thread with a pace of its
    /// own: only what must always hold is the same.
    Tiny,
}

/// What the run does wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    Nothing,
    /// The store answers before the disk has it.
    NoFsync,
    /// The edge tells the dispatcher nothing of `Retry-After`.
    IgnoreHold,
    /// Request starts are not noted, so that a restart knows nothing of the quota.
    NoteNoStart,
    /// The transport repeats a request by itself.
    SendTwice,
    /// The edge forgets every tenth outcome.
    LoseSettlement,
    /// The edge settles what it has settled before.
    SettleLate,
    /// A pause is acknowledged and reaches nobody.
    DeafToPause,
    /// The same for a group.
    DeafToGroup,
    /// After a crash every line is taken for one that deduplicates.
    RescueAll,
    /// An ambiguous answer is taken for a refusal.
    UnknownIsRetry,
    /// A whole-batch refusal is answered by sending the jobs one by one.
    NoBisection,
    /// The caller is told of a job that was never handed in.
    AckTooSoon,
    /// Jobs are handed in without the key of which only the newest counts.
    ForgetKeys,
}

/// A run before it starts.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) sabotage: Sabotage,
    pub(crate) lines: Vec<LinePlan>,
    pub(crate) tenants: Vec<TenantId>,
    /// Trouble and traffic end then.
    pub(crate) ends_at: Timestamp,
    /// A crash comes about so often.
    pub(crate) crash_every: Duration,
    /// Traffic comes about so often.
    pub(crate) traffic_every: Duration,
    pub(crate) segment_bytes: u64,
    /// Completed jobs that each queue keeps in its history.
    pub(crate) completed: usize,
}

/// One line and its destination.
#[derive(Clone, Debug)]
pub(crate) struct LinePlan {
    pub(crate) line: Line,
    pub(crate) policy: Policy,
    pub(crate) delivery: Delivery,
    pub(crate) refusal: Refusal,
    /// Of a hundred of its jobs, so many are states: the newest of each key counts.
    pub(crate) states_percent: u64,
}

/// How a destination refuses a batch with a poison job in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As a whole, without saying which job it is.
    Whole,
    /// As a whole, naming the jobs.
    Named,
    /// Only the job.
    Single,
}

impl Scenario {
    pub(crate) fn draw(seed: u64, family: Family, sabotage: Sabotage) -> Scenario {
        let mut chance = Chance::new(seed);
        let lines = (0..chance.within(1, 4))
            .map(|at| line(at, &mut chance))
            .collect();
        let tenants = (0..chance.within(1, 4))
            .map(|at| TenantId::new(&format!("tenant-{at}")).expect("a good name"))
            .collect();
        let minutes = chance.within(5, 60);
        Scenario {
            seed,
            sabotage,
            lines,
            tenants,
            ends_at: START + Duration::from_secs(60 * minutes),
            crash_every: Duration::from_secs(60 * minutes / chance.within(1, 10)),
            traffic_every: Duration::from_secs(60 * minutes / chance.within(5, 40)),
            completed: match family {
                Family::Exact => 1_000_000,
                Family::Tiny => 3,
            },
            segment_bytes: match family {
                Family::Exact => 256 << 10,
                Family::Tiny => chance.within(4, 32) << 10,
            },
        }
    }
}

fn line(at: u64, chance: &mut Chance) -> LinePlan {
    let line = Line {
        queue: QueueName::new(&format!("queue-{at}")).expect("a good name"),
        account: AccountName::new("main").expect("a good name"),
    };
    LinePlan {
        line,
        policy: policy(chance),
        delivery: *chance.pick(&[Delivery::Deduplicates, Delivery::NeverTwice]),
        refusal: *chance.pick(&[Refusal::Whole, Refusal::Named, Refusal::Single]),
        states_percent: *chance.pick(&[0, 0, 30, 90]),
    }
}

fn policy(chance: &mut Chance) -> Policy {
    let seconds = Duration::from_secs;
    let alone = chance.percent(40);
    let wait = seconds(chance.within(0, 20));
    let policy = Policy {
        batch: BatchPolicy {
            max_items: if alone {
                1
            } else {
                chance.within(2, 40) as usize
            },
            max_bytes: if chance.percent(30) { 1_500 } else { 1 << 20 },
            max_wait: wait,
            priority_wait: wait / 4,
        },
        rate: windows(chance),
        concurrency: *chance.pick(&[1, 2, 5, 50]),
        retry: RetryPolicy {
            max_attempts: chance.within(1, 6) as u8,
            base: Duration::from_millis(chance.within(200, 5_000)),
            factor: 2.0,
            cap: seconds(60),
            jitter: 0.2,
        },
        breaker: BreakerPolicy {
            failures: chance.within(2, 10) as u32,
            open_for: seconds(chance.within(5, 60)),
            probes: chance.within(1, 2) as u32,
        },
        ttl: None,
        on_unknown: if chance.percent(80) {
            OnUnknown::Hold
        } else {
            OnUnknown::Retry
        },
    };
    assert_eq!(policy.faults(), Vec::new(), "the scenario itself is sound");
    policy
}

fn windows(chance: &mut Chance) -> Vec<Window> {
    let window = |max: u64, per_ms: u64| Window {
        max: max as u32,
        per: Duration::from_millis(per_ms),
    };
    let short = window(chance.within(1, 20), *chance.pick(&[100, 1_000, 5_000]));
    let long = window(chance.within(20, 120), 60_000);
    match chance.below(4) {
        0 => Vec::new(),
        1 => vec![short],
        2 => vec![long],
        _ => vec![short, long],
    }
}
