//! News are told in order and once, whatever happens to the process and to whoever takes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use cauce_flow::{
    job::{LeasedJob, NewJob, State},
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;
use proptest::prelude::*;

use super::{super::EmbeddedStore, NOW, compact, line, new_job, options, runtime};
use crate::jobs::{
    Change, Claim, Enqueue, Error, Follow, Followed, JobStore, News, Replay, Scope, Select, What,
};

const FOLLOWED: &str = "campaigns";

fn open(files: &FaultyFiles, kept: BTreeMap<u32, u64>) -> EmbeddedStore {
    let queues = BTreeSet::from([FOLLOWED.parse().unwrap()]);
    let mut options = options(PathBuf::from("/jobs"));
    options.followed = Some(Followed { queues, kept });
    EmbeddedStore::open_on(options, Arc::new(files.clone())).expect("the log opens")
}

async fn enqueue(store: &EmbeddedStore, jobs: Vec<NewJob>, now: Timestamp) -> Result<(), Error> {
    let batch = Enqueue {
        jobs,
        ..Enqueue::default()
    };
    store.enqueue(batch, now).await.map(drop)
}

async fn claim(store: &EmbeddedStore, queue: &str, now: Timestamp) -> Vec<LeasedJob> {
    let claim = Claim {
        line: line(queue),
        max_jobs: 3,
        max_bytes: usize::MAX,
        requests: 1,
    };
    store.claim(claim, now).await.unwrap_or_default()
}

fn settlement(job: &LeasedJob, outcome: Outcome) -> Settlement {
    let attempt = Attempt {
        started_at: NOW,
        ended_at: NOW,
        status: 503,
        batch: 1,
        reason: None,
    };
    Settlement {
        job: job.id,
        outcome,
        attempt: Some(attempt),
    }
}

fn reason() -> Reason {
    Reason::new("http_503", "the service was not there")
}

async fn all(store: &EmbeddedStore) -> Vec<News> {
    let mut told = Vec::new();
    loop {
        let batch = store.take_news(2).await.unwrap();
        told.extend(batch.news);
        if !batch.more {
            return told;
        }
    }
}

#[test]
fn what_happens_in_a_followed_queue_is_told_in_order_and_nothing_else() {
    runtime().block_on(async {
        let store = open(&FaultyFiles::new(1), BTreeMap::new());
        assert_eq!(store.take_news(10).await.unwrap().news, []);
        let told = store.news();
        let alien = new_job("meta", "acme", "{}");
        enqueue(&store, vec![alien.clone()], NOW).await.unwrap();
        let own = NewJob {
            group: Some("spring".parse().unwrap()),
            expires_at: NOW + Duration::from_secs(90),
            ..new_job(FOLLOWED, "acme", "first")
        };
        enqueue(&store, vec![own, alien], NOW).await.unwrap();
        told.notified().await;
        let leased = claim(&store, FOLLOWED, NOW).await;
        let ends = |outcome| vec![settlement(&leased[0], outcome)];
        let due_at = NOW + Duration::from_secs(5);
        store
            .settle(ends(Outcome::Retry { due_at }), 1, NOW)
            .await
            .unwrap();
        let change = Change {
            due_at: Some(NOW),
            ..Change::default()
        };
        let id = leased[0].id;
        store.change(id, Scope::All, change, NOW).await.unwrap();
        claim(&store, FOLLOWED, NOW).await;
        let reason = reason();
        store
            .settle(ends(Outcome::Unknown { reason }), 1, NOW)
            .await
            .unwrap();
        store.resolve(id, Scope::All, false, NOW).await.unwrap();
        let replay = Replay {
            select: Select::all(Scope::All),
            dry_run: false,
            per_second: None,
        };
        store.replay(replay, NOW).await.unwrap();
        store.advance(NOW + Duration::from_secs(100)).await.unwrap();
        let told = all(&store).await;
        let words: Vec<_> = told.iter().map(|news| word(&news.what)).collect();
        let wanted = [
            "taken", "settled", "changed", "settled", "resolved", "replayed", "ended",
        ];
        assert_eq!(words, wanted);
        let What::Taken(taken) = &told[0].what else {
            panic!()
        };
        assert_eq!((taken.job, &taken.payload[..]), (id, &b"first"[..]));
        assert_eq!(
            taken.group.as_ref().map(|name| name.as_str()),
            Some("spring")
        );
        let What::Settled { outcome, attempt } = &told[1].what else {
            panic!()
        };
        assert_eq!(outcome, &Outcome::Retry { due_at });
        assert_eq!(attempt.as_ref().map(|attempt| attempt.status), Some(503));
        assert!(told.iter().all(|news| news.number == id.number()));
        assert!(told.is_sorted_by_key(|news| news.position));
        assert_eq!(store.take_news(10).await.unwrap().news, []);
    });
}

fn word(what: &What) -> &'static str {
    match what {
        What::Taken(_) => "taken",
        What::Settled { .. } => "settled",
        What::Ended { .. } => "ended",
        What::Rescued { .. } => "rescued",
        What::Replayed { .. } => "replayed",
        What::Resolved { .. } => "resolved",
        What::Changed { .. } => "changed",
    }
}

#[test]
fn news_that_are_not_flushed_yet_are_told_once_they_are() {
    runtime().block_on(async {
        let store = open(&FaultyFiles::new(4), BTreeMap::new());
        enqueue(&store, vec![new_job(FOLLOWED, "acme", "first")], NOW)
            .await
            .unwrap();
        let told = store.take_news(10).await.unwrap();
        // As if a record behind them were folded and not on its way to the disk yet.
        let ahead = told.through + 64;
        store.shared.state.lock().unread.note(ahead);
        let nothing = store.take_news(10).await.unwrap();
        assert_eq!((nothing.news.len(), nothing.more), (0, false));
        let reading = store.shared.state.lock().unread.next().unwrap();
        assert_eq!(reading.from, ahead, "it begins at the record itself");
    });
}

#[test]
fn the_log_keeps_news_until_they_are_kept_elsewhere() {
    runtime().block_on(async {
        let store = open(&FaultyFiles::new(2), BTreeMap::new());
        enqueue(&store, vec![new_job(FOLLOWED, "acme", "first")], NOW)
            .await
            .unwrap();
        let churn = async || {
            for _ in 0..40 {
                let jobs = vec![new_job("meta", "acme", vec![b'x'; 500]); 20];
                enqueue(&store, jobs, NOW).await.unwrap();
                loop {
                    let leased = claim(&store, "meta", NOW).await;
                    let done = Outcome::Completed { provider_id: None };
                    let ends = leased.iter().map(|job| settlement(job, done.clone()));
                    store.settle(ends.collect(), 1, NOW).await.unwrap();
                    if leased.is_empty() {
                        break;
                    }
                }
                compact(&store).unwrap();
            }
        };
        churn().await;
        let first = store.shared.reader.segments()[0].number;
        assert_eq!(first, 1, "the news stand in it");
        let batch = store.take_news(10).await.unwrap();
        assert_eq!((batch.news.len(), batch.more), (1, false));
        compact(&store).unwrap();
        assert_eq!(store.shared.reader.segments()[0].number, 1);
        store.news_kept(batch.through);
        compact(&store).unwrap();
        assert!(store.shared.reader.segments()[0].number > 1);
        // What happens elsewhere does not hold the log.
        churn().await;
        assert!(store.vitals().disk_bytes < 6 * (32 << 10));
        for _ in 0..2 {
            let more = vec![new_job(FOLLOWED, "acme", "more")];
            enqueue(&store, more, NOW).await.unwrap();
        }
        let batch = store.take_news(1).await.unwrap();
        assert_eq!((batch.news.len(), batch.more), (1, true));
        // Of what is kept in part, the rest is still there.
        store.news_kept(batch.through);
        churn().await;
        assert_eq!(store.take_news(10).await.unwrap().news.len(), 1);
    });
}

#[test]
fn whoever_has_kept_nothing_is_told_of_jobs_that_were_copied_forward() {
    runtime().block_on(async {
        let files = FaultyFiles::new(3);
        let store = super::open_on(&files);
        let later = NewJob {
            due_at: NOW + Duration::from_secs(900),
            ..new_job(FOLLOWED, "acme", "first")
        };
        enqueue(&store, vec![later], NOW).await.unwrap();
        for _ in 0..30 {
            let jobs = vec![new_job("meta", "acme", vec![b'x'; 500]); 3];
            enqueue(&store, jobs, NOW).await.unwrap();
            let leased = claim(&store, "meta", NOW).await;
            let done = Outcome::Completed { provider_id: None };
            let ends = leased.iter().map(|job| settlement(job, done.clone()));
            store.settle(ends.collect(), 1, NOW).await.unwrap();
        }
        compact(&store).unwrap();
        assert!(store.shared.reader.segments()[0].number > 1);
        drop(store);
        let store = open(&files, BTreeMap::new());
        let told = all(&store).await;
        let [
            News {
                what: What::Taken(taken),
                ..
            },
        ] = &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!(&taken.payload[..], b"first");
    });
}

#[derive(Clone, Debug)]
enum Op {
    Enqueue {
        followed: bool,
        count: usize,
        expires: bool,
    },
    Serve {
        followed: bool,
        outcome: u8,
    },
    Lease,
    Cancel,
    Replay,
    Resolve(bool),
    Advance(u64),
    /// Takes some news, and keeps what is in hand or not.
    Take {
        max: usize,
        keep: bool,
    },
    Compact,
    Reopen,
    PowerCut,
}

fn op() -> impl Strategy<Value = Op> {
    let flag = any::<bool>;
    prop_oneof![
        4 => (flag(), 1..5usize, prop::bool::weighted(0.2))
            .prop_map(|(followed, count, expires)| Op::Enqueue { followed, count, expires }),
        4 => (flag(), 0..6u8).prop_map(|(followed, outcome)| Op::Serve { followed, outcome }),
        1 => Just(Op::Lease),
        1 => Just(Op::Cancel),
        1 => Just(Op::Replay),
        1 => flag().prop_map(Op::Resolve),
        1 => (0..40u64).prop_map(Op::Advance),
        4 => (1..6usize, flag()).prop_map(|(max, keep)| Op::Take { max, keep }),
        1 => Just(Op::Compact),
        1 => Just(Op::Reopen),
        1 => Just(Op::PowerCut),
    ]
}

/// A picture of the jobs, and what is known of it after a crash.
#[derive(Default)]
struct Picture {
    jobs: BTreeMap<u64, State>,
    through: u64,
    in_hand: Vec<News>,
    taken: u64,
}

impl Picture {
    fn keep(&mut self) {
        for news in std::mem::take(&mut self.in_hand) {
            self.learn(&news);
        }
        self.through = self.taken;
    }

    fn learn(&mut self, news: &News) {
        let state = match &news.what {
            What::Taken(taken) => {
                let known = self.jobs.insert(taken.job.number(), State::Waiting);
                assert_eq!(known, None, "a job is taken once");
                return;
            }
            What::Settled { outcome, .. } => match outcome {
                Outcome::Completed { .. } => State::Completed,
                Outcome::Dead { .. } => State::Dead,
                Outcome::Unknown { .. } => State::Unknown,
                Outcome::Cancelled { .. } => State::Cancelled,
                Outcome::Retry { .. } | Outcome::Release | Outcome::Snooze { .. } => State::Waiting,
            },
            What::Ended { state } => *state,
            What::Rescued { state } => *state,
            What::Replayed { .. } | What::Changed { .. } => State::Waiting,
            What::Resolved { delivered: true } => State::Completed,
            What::Resolved { delivered: false } => State::Dead,
        };
        let known = self
            .jobs
            .get_mut(&news.number)
            .expect("it was taken before");
        let ended = !known.is_pending();
        let again = matches!(news.what, What::Replayed { .. } | What::Resolved { .. });
        assert!(!ended || again, "{news:?} of a job that is {known}");
        *known = state;
    }
}

struct World {
    files: FaultyFiles,
    store: EmbeddedStore,
    picture: Picture,
    now: Timestamp,
}

impl World {
    async fn step(&mut self, op: &Op) {
        let (store, now) = (&self.store, self.now);
        let queue = |followed| if followed { FOLLOWED } else { "meta" };
        match op {
            Op::Enqueue {
                followed,
                count,
                expires,
            } => {
                let job = NewJob {
                    expires_at: match expires {
                        true => now + Duration::from_secs(20),
                        false => Timestamp::NEVER,
                    },
                    ..new_job(queue(*followed), "acme", vec![b'x'; 300])
                };
                enqueue(store, vec![job; *count], now).await.unwrap();
            }
            Op::Serve { followed, outcome } => {
                let leased = claim(store, queue(*followed), now).await;
                let due_at = now + Duration::from_secs(7);
                let reason = reason();
                let outcome = match outcome {
                    0 => Outcome::Completed { provider_id: None },
                    1 => Outcome::Retry { due_at },
                    2 => Outcome::Dead { reason },
                    3 => Outcome::Unknown { reason },
                    4 => Outcome::Cancelled { reason },
                    _ => Outcome::Snooze { due_at },
                };
                let ends = leased.iter().map(|job| settlement(job, outcome.clone()));
                store.settle(ends.collect(), 1, now).await.unwrap();
            }
            Op::Lease => drop(claim(store, FOLLOWED, now).await),
            Op::Cancel => {
                let mut select = Select::all(Scope::All);
                select.queue = Some(FOLLOWED.parse().unwrap());
                store.cancel(select, now).await.unwrap();
            }
            Op::Replay => {
                let replay = Replay {
                    select: Select::all(Scope::All),
                    dry_run: false,
                    per_second: None,
                };
                store.replay(replay, now).await.unwrap();
            }
            Op::Resolve(delivered) => {
                let unknown = |(_, state): &(&u64, &State)| **state == State::Unknown;
                if let Some((number, _)) = self.picture.jobs.iter().find(unknown) {
                    // It may have gone again since the picture was made.
                    let found = super::super::reading::read_job(&store.shared, *number, false);
                    if let Ok(Some(detail)) = found {
                        let id = detail.summary.id;
                        let _ = store.resolve(id, Scope::All, *delivered, now).await;
                    }
                }
            }
            Op::Advance(seconds) => {
                self.now = now + Duration::from_secs(*seconds);
                while store.advance(self.now).await.unwrap() == Some(self.now) {}
            }
            Op::Take { max, keep } => {
                let batch = store.take_news(*max).await.unwrap();
                self.picture.in_hand.extend(batch.news);
                self.picture.taken = batch.through;
                if *keep {
                    self.picture.keep();
                    store.news_kept(self.picture.through);
                }
            }
            Op::Compact => drop(compact(store)),
            Op::Reopen => self.reopen(false).await,
            Op::PowerCut => self.reopen(true).await,
        }
    }

    async fn reopen(&mut self, cut: bool) {
        if cut {
            self.files.power_cut();
        }
        // What was in hand was not kept.
        self.picture.in_hand.clear();
        self.picture.taken = self.picture.through;
        let kept = match self.picture.through {
            0 => BTreeMap::new(),
            through => BTreeMap::from([(77, through)]),
        };
        let other = super::open_on(&FaultyFiles::new(9));
        drop(std::mem::replace(&mut self.store, other));
        self.store = open(&self.files, kept);
        let never_twice = Box::new(|_: &cauce_flow::job::Line| true);
        self.store.rescue(never_twice, self.now).await.unwrap();
    }

    /// Once all is told, the picture shows what the store shows.
    async fn check(&mut self) {
        let told = all(&self.store).await;
        self.picture.in_hand.extend(told);
        self.picture.keep();
        let page = crate::jobs::Page {
            limit: 100_000,
            before: None,
        };
        let mut select = Select::all(Scope::All);
        select.queue = Some(FOLLOWED.parse().unwrap());
        let listed = self.store.list(select, page).await.unwrap();
        for job in listed.jobs {
            let shown = self.picture.jobs[&job.id.number()];
            let same = shown == job.state || (shown.is_pending() && job.state.is_pending());
            assert!(same, "{} is {}, shown as {shown}", job.id, job.state);
        }
        let counts = self.store.counts(&Scope::All);
        let own = counts.get(&FOLLOWED.parse().unwrap());
        let accepted = own.map_or(0, |counts| counts.accepted);
        assert_eq!(self.picture.jobs.len() as u64, accepted);
        for state in State::ALL.into_iter().filter(|state| !state.is_pending()) {
            let shown = self.picture.jobs.values().filter(|own| **own == state);
            let counted = own.map_or(0, |counts| counts.state(state));
            assert_eq!(shown.count() as u64, counted, "{state}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_picture_of_the_news_shows_what_the_store_shows_through_restarts_and_power_cuts(
        seed in any::<u64>(),
        ops in prop::collection::vec(op(), 1..60),
    ) {
        runtime().block_on(async {
            let files = FaultyFiles::new(seed);
            let mut world = World {
                store: open(&files, BTreeMap::new()),
                files,
                picture: Picture::default(),
                now: NOW,
            };
            for op in &ops {
                world.step(op).await;
            }
            world.check().await;
        });
    }
}
