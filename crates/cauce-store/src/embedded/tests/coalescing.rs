//! Random work on jobs with keys, through restarts, power cuts and compaction: nothing older is
//! sent after something newer, and in the end the newest of each key has been sent.

use std::collections::BTreeMap;

use cauce_flow::{
    id::JobId,
    job::{LeasedJob, NewJob, State},
    priority::Priority,
    queue::settlement::{Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;
use proptest::prelude::*;

use super::{super::EmbeddedStore, NOW, compact, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, JobStore, Replay, Scope, Select};

#[derive(Clone, Debug)]
enum Op {
    Take {
        key: u8,
        due_in: i64,
        urgent: bool,
        bytes: usize,
    },
    Claim(usize),
    Settle {
        count: usize,
        outcome: u8,
    },
    Advance(i64),
    Replay,
    Compact,
    Reopen,
    Die,
}

fn op() -> impl Strategy<Value = Op> {
    let due_in = prop_oneof![4 => Just(0i64), 1 => 1..30i64];
    prop_oneof![
        8 => (0..4u8, due_in, any::<bool>(), 10..900usize)
            .prop_map(|(key, due_in, urgent, bytes)| Op::Take { key, due_in, urgent, bytes }),
        6 => (1..6usize).prop_map(Op::Claim),
        6 => (1..6usize, 0..5u8).prop_map(|(count, outcome)| Op::Settle { count, outcome }),
        3 => (0..20i64).prop_map(Op::Advance),
        1 => Just(Op::Replay),
        1 => Just(Op::Compact),
        1 => Just(Op::Reopen),
        1 => Just(Op::Die),
    ]
}

struct World {
    files: FaultyFiles,
    store: Option<EmbeddedStore>,
    runtime: tokio::runtime::Runtime,
    now: Timestamp,
    leased: Vec<LeasedJob>,
    /// The key of each job that was taken.
    keys: BTreeMap<JobId, u8>,
    /// What was sent last of each key.
    sent: BTreeMap<u8, JobId>,
}

impl World {
    fn new(seed: u64) -> World {
        let files = FaultyFiles::new(seed);
        let store = open_on(&files);
        World {
            files,
            store: Some(store),
            runtime: runtime(),
            now: NOW,
            leased: Vec::new(),
            keys: BTreeMap::new(),
            sent: BTreeMap::new(),
        }
    }

    fn run<T>(&self, call: impl AsyncFnOnce(&EmbeddedStore, Timestamp) -> T) -> T {
        let store = self.store.as_ref().unwrap();
        self.runtime.block_on(call(store, self.now))
    }

    fn step(&mut self, op: &Op) {
        match *op {
            Op::Take {
                key,
                due_in,
                urgent,
                bytes,
            } => self.take(key, due_in, urgent, bytes),
            Op::Claim(max_jobs) => self.claim(max_jobs),
            Op::Settle { count, outcome } => self.settle(count, outcome),
            Op::Advance(seconds) => self.advance(seconds),
            Op::Replay => self.replay(),
            Op::Compact => {
                compact(self.store.as_ref().unwrap()).unwrap();
            }
            Op::Reopen => self.reopen(),
            Op::Die => self.die(),
        }
        let audit = self.store.as_ref().unwrap().audit();
        assert_eq!(audit, [], "after {op:?}");
        self.check_slots();
    }

    fn take(&mut self, key: u8, due_in: i64, urgent: bool, bytes: usize) {
        let job = NewJob {
            coalesce: Some(key.to_string()),
            due_at: Timestamp::from_millis(self.now.as_millis() + due_in * 1_000),
            priority: if urgent {
                Priority::High
            } else {
                Priority::Normal
            },
            ..new_job("status", "acme", vec![b'p'; bytes])
        };
        let batch = Enqueue {
            jobs: vec![job],
            dropped: Vec::new(),
            mark: None,
        };
        let taken = self.run(async |store, now| store.enqueue(batch, now).await.unwrap());
        self.keys.insert(taken[0].id, key);
    }

    fn claim(&mut self, max_jobs: usize) {
        let claim = Claim {
            line: line("status"),
            max_jobs,
            max_bytes: usize::MAX,
            requests: 1,
        };
        let leased = self.run(async |store, now| store.claim(claim, now).await.unwrap());
        for job in leased {
            let key = self.keys[&job.id];
            if let Some(last) = self.sent.insert(key, job.id) {
                assert!(last.number() <= job.id.number(), "{} after {last}", job.id);
            }
            assert!(
                self.leased.iter().all(|other| self.keys[&other.id] != key),
                "two of a key are in flight"
            );
            self.leased.push(job);
        }
    }

    fn settle(&mut self, count: usize, outcome: u8) {
        let count = count.min(self.leased.len());
        let due_at = Timestamp::from_millis(self.now.as_millis() + 5_000);
        let reason = || Reason::new("http_503", "it was not there");
        let settle = |job: LeasedJob| Settlement {
            job: job.id,
            attempt: None,
            outcome: match outcome {
                0 | 1 => Outcome::Completed { provider_id: None },
                2 => Outcome::Retry { due_at },
                3 => Outcome::Release,
                _ => Outcome::Dead { reason: reason() },
            },
        };
        let settlements: Vec<_> = self.leased.drain(..count).map(settle).collect();
        self.run(async |store, now| store.settle(settlements, 1, now).await.unwrap());
    }

    fn advance(&mut self, seconds: i64) {
        self.now = Timestamp::from_millis(self.now.as_millis() + seconds * 1_000);
        self.run(async |store, now| store.advance(now).await.unwrap());
    }

    fn replay(&mut self) {
        let replay = Replay {
            select: Select::all(Scope::All),
            dry_run: false,
            per_second: None,
        };
        self.run(async |store, now| store.replay(replay, now).await.unwrap());
    }

    /// A restart finds everything as it was.
    fn reopen(&mut self) {
        self.advance(0);
        let before = self.store.as_ref().unwrap().shared.state.lock().digest();
        drop(self.store.take());
        self.files.kill();
        self.store = Some(open_on(&self.files));
        self.advance(0);
        let after = self.store.as_ref().unwrap().shared.state.lock().digest();
        assert_eq!(before, after);
        self.rescue();
    }

    fn die(&mut self) {
        self.files.power_cut();
        drop(self.store.take());
        self.files.kill();
        self.store = Some(open_on(&self.files));
        self.rescue();
    }

    fn rescue(&mut self) {
        self.leased.clear();
        self.run(async |store, now| {
            store.rescue(Box::new(|_| false), now).await.unwrap();
        });
    }

    /// Of each key at most one job stands in its line, and none while one is in flight.
    fn check_slots(&self) {
        let state = self.store.as_ref().unwrap().shared.state.lock();
        let mut standing: BTreeMap<u8, (u32, u32)> = BTreeMap::new();
        state.table.visit_down(u64::MAX, u8::MAX, |number, entry| {
            let key = self.keys.iter().find(|(id, _)| id.number() == number);
            let of = standing.entry(*key.unwrap().1).or_default();
            of.0 += u32::from(entry.state() == State::Waiting);
            of.1 += u32::from(entry.state() == State::Active);
            true
        });
        for (key, (waiting, active)) in standing {
            assert!(
                waiting + active <= 1,
                "{key}: {waiting} wait, {active} are in flight"
            );
        }
    }

    /// Everything is delivered.
    fn finish(&mut self) {
        for _ in 0..20 {
            self.settle(usize::MAX, 0);
            self.advance(60);
            self.claim(usize::MAX);
        }
        self.settle(usize::MAX, 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_older_is_sent_after_something_newer_and_the_newest_is_sent(
        seed in any::<u64>(),
        ops in prop::collection::vec(op(), 1..70),
    ) {
        let mut world = World::new(seed);
        for op in &ops {
            world.step(op);
        }
        world.finish();
        let mut newest: BTreeMap<u8, JobId> = BTreeMap::new();
        for (id, key) in &world.keys {
            let known = newest.entry(*key).or_insert(*id);
            if id.number() > known.number() {
                *known = *id;
            }
        }
        let poisoned = |id: &JobId| {
            let detail = world.run(async |store, _| store.job(*id, Scope::All).await);
            detail.is_ok_and(|detail| detail.summary.state == State::Dead)
        };
        for (key, id) in newest {
            prop_assert!(
                world.sent.get(&key) == Some(&id) || poisoned(&id),
                "{key}: {:?} was sent last, and not {id}", world.sent.get(&key)
            );
        }
        let counts = world.store.as_ref().unwrap().counts(&Scope::All);
        prop_assert_eq!(counts.values().map(|of| of.pending()).sum::<u64>(), 0);
    }
}
