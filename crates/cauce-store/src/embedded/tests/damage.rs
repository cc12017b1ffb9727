//! Flipped bits cost what stood there, and nothing else.

use std::path::{Path, PathBuf};

use cauce_flow::{job::State, queue::settlement::Outcome, time::Timestamp};
use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedStore, NOW, compact, line, new_job, open_on, runtime};
use crate::jobs::{Claim, Enqueue, JobStore, Page, Scope, Select};

fn flip(files: &FaultyFiles, path: &Path, at: usize) {
    let mut bytes = files.contents(path).unwrap();
    bytes[at] ^= 0x10;
    files.put(path, &bytes);
}

fn find(files: &FaultyFiles, path: &Path, text: &[u8]) -> usize {
    let bytes = files.contents(path).unwrap();
    bytes
        .windows(text.len())
        .position(|part| part == text)
        .unwrap()
}

fn segment(number: u32) -> PathBuf {
    PathBuf::from(format!("/jobs/{number:08}.log"))
}

/// Rolls the segment, closes the store, flips a bit in the segment and opens the store again.
async fn flipped_in_sealed(
    files: &FaultyFiles,
    store: EmbeddedStore,
    text: &[u8],
) -> EmbeddedStore {
    while store.shared.reader.segments().len() < 2 {
        let jobs = vec![new_job("churn", "acme", vec![b'x'; 500]); 20];
        store
            .enqueue(
                Enqueue {
                    jobs,
                    dropped: Vec::new(),
                    mark: None,
                },
                NOW,
            )
            .await
            .unwrap();
    }
    drop(store);
    flip(files, &segment(1), find(files, &segment(1), text));
    open_on(files)
}

async fn enqueue(store: &EmbeddedStore, count: usize, prefix: &str) -> Vec<cauce_flow::id::JobId> {
    let job = |at| {
        new_job(
            "meta",
            "acme",
            format!("{prefix}-{at:04}-{}", "x".repeat(400)),
        )
    };
    let batch = Enqueue {
        jobs: (0..count).map(job).collect(),
        dropped: Vec::new(),
        mark: None,
    };
    let answers = store.enqueue(batch, NOW).await.unwrap();
    answers.into_iter().map(|answer| answer.id).collect()
}

async fn claim(store: &EmbeddedStore, max_jobs: usize) -> Vec<cauce_flow::job::LeasedJob> {
    let claim = Claim {
        line: line("meta"),
        max_jobs,
        max_bytes: usize::MAX,
        requests: 1,
    };
    store.claim(claim, NOW).await.unwrap()
}

#[test]
fn a_job_whose_payload_is_damaged_becomes_a_dead_letter_and_the_others_are_served() {
    let files = FaultyFiles::new(1);
    runtime().block_on(async {
        let store = open_on(&files);
        let ids = enqueue(&store, 10, "job").await;
        let store = flipped_in_sealed(&files, store, b"job-0004").await;
        let leased = claim(&store, 100).await;
        assert_eq!(leased.len(), 9);
        assert!(
            leased
                .iter()
                .all(|job| job.id != ids[4] && job.payload.starts_with(b"job-"))
        );
        let dead = store.job(ids[4], Scope::All).await.unwrap();
        assert_eq!(dead.summary.state, State::Dead);
        assert_eq!(dead.summary.last_error.unwrap().code, "damaged");
        let groups = store.dead_reasons(Select::all(Scope::All)).await.unwrap();
        assert_eq!((groups[0].code.as_str(), groups[0].count), ("damaged", 1));
        let page = Page {
            limit: 100,
            before: None,
        };
        let mut select = Select::all(Scope::All);
        select.queue = Some("meta".parse().unwrap());
        let listed = store.list(select, page).await.unwrap();
        assert_eq!(listed.jobs.len(), 10);
        assert_eq!(store.audit(), []);
    });
}

#[test]
fn a_segment_with_a_damaged_job_is_compacted_and_the_job_stays_a_dead_letter() {
    let files = FaultyFiles::new(2);
    runtime().block_on(async {
        let store = open_on(&files);
        let ids = enqueue(&store, 2, "keep").await;
        let store = flipped_in_sealed(&files, store, b"keep-0001").await;
        store
            .set_gate(
                "meta".parse().unwrap(),
                None,
                crate::jobs::Gate::Paused,
                NOW,
            )
            .await
            .unwrap();
        for _ in 0..20 {
            let jobs = vec![new_job("churn", "acme", vec![b'x'; 500]); 20];
            store
                .enqueue(
                    Enqueue {
                        jobs,
                        dropped: Vec::new(),
                        mark: None,
                    },
                    NOW,
                )
                .await
                .unwrap();
            let mut select = Select::all(Scope::All);
            select.queue = Some("churn".parse().unwrap());
            store.cancel(select.clone(), NOW).await.unwrap();
            store
                .clean(select, Timestamp::NEVER, u64::MAX)
                .await
                .unwrap();
        }
        compact(&store).unwrap();
        assert!(
            store.shared.reader.segments()[0].number > 1,
            "the damaged segment is gone"
        );
        drop(store);
        let store = open_on(&files);
        assert_eq!(store.audit(), []);
        assert_eq!(
            store.job(ids[0], Scope::All).await.unwrap().summary.state,
            State::Waiting
        );
        let dead = store.job(ids[1], Scope::All).await.unwrap().summary;
        assert_eq!(
            (dead.state, dead.last_error.unwrap().code.as_str()),
            (State::Dead, "damaged")
        );
        // Nobody gets an empty payload for it, whatever a person does.
        let mut select = Select::all(Scope::All);
        select.ids = Some(vec![ids[1]]);
        let replay = crate::jobs::Replay {
            select,
            dry_run: false,
            per_second: None,
        };
        assert_eq!(store.replay(replay, NOW).await.unwrap(), 1);
        store
            .set_gate("meta".parse().unwrap(), None, crate::jobs::Gate::Open, NOW)
            .await
            .unwrap();
        let leased = claim(&store, 10).await;
        assert_eq!(
            leased.iter().map(|job| job.id).collect::<Vec<_>>(),
            ids[..1]
        );
        assert_eq!(
            store.job(ids[1], Scope::All).await.unwrap().summary.state,
            State::Dead
        );
    });
}

/// Accepted, dead, completed and pending jobs of a queue, by the durable counters.
fn figures(store: &EmbeddedStore, queue: &str) -> [u64; 4] {
    let queue = queue.parse().unwrap();
    let mut counts = store.counts(&Scope::Tenant("acme".parse().unwrap()));
    let counts = counts.remove(&queue).unwrap_or_default();
    [
        counts.accepted,
        counts.state(State::Dead),
        counts.state(State::Completed),
        counts.pending(),
    ]
}

async fn settle(store: &EmbeddedStore, job: cauce_flow::id::JobId, outcome: Outcome) {
    let settlement = cauce_flow::queue::settlement::Settlement {
        job,
        outcome,
        attempt: None,
    };
    store.settle(vec![settlement], 1, NOW).await.unwrap();
}

/// Closes the store and damages what stands at `text`, in a segment without an index.
fn damaged(files: &FaultyFiles, store: EmbeddedStore, text: &[u8]) -> EmbeddedStore {
    drop(store);
    flip(files, &segment(1), find(files, &segment(1), text));
    open_on(files)
}

#[test]
fn a_job_that_the_log_has_lost_is_a_dead_letter_and_counted_once() {
    let files = FaultyFiles::new(4);
    runtime().block_on(async {
        let store = open_on(&files);
        let ids = enqueue(&store, 10, "job").await;
        let mut store = damaged(&files, store, b"job-0004");
        assert_eq!(store.vitals().quarantined, 1);
        for _ in 0..3 {
            assert_eq!(store.audit(), []);
            assert_eq!(figures(&store, "meta"), [10, 1, 0, 9]);
            let dead = store.job(ids[4], Scope::All).await.unwrap();
            assert_eq!(dead.summary.state, State::Dead);
            assert_eq!(dead.summary.last_error.unwrap().code, "damaged");
            let groups = store.dead_reasons(Select::all(Scope::All)).await.unwrap();
            assert_eq!((groups[0].code.as_str(), groups[0].count), ("damaged", 1));
            drop(store);
            store = open_on(&files);
            assert_eq!(store.vitals().quarantined, 0, "it has been told before");
        }
        let next = enqueue(&store, 1, "next").await[0];
        assert_eq!(next.number(), ids[9].number() + 1);
        assert_eq!(claim(&store, 100).await.len(), 10);
        // The segment with the damage goes: what it counted stays counted.
        let store = flipped_out(&files, store).await;
        assert_eq!(store.audit(), []);
        assert_eq!(figures(&store, "meta"), [11, 1, 0, 10]);
    });
}

/// Removes the first segment by compaction, and opens the store again.
async fn flipped_out(files: &FaultyFiles, store: EmbeddedStore) -> EmbeddedStore {
    for _ in 0..20 {
        let jobs = vec![new_job("churn", "acme", vec![b'x'; 500]); 20];
        let dropped = Vec::new();
        store
            .enqueue(
                Enqueue {
                    jobs,
                    dropped,
                    mark: None,
                },
                NOW,
            )
            .await
            .unwrap();
        let mut select = Select::all(Scope::All);
        select.queue = Some("churn".parse().unwrap());
        store.cancel(select.clone(), NOW).await.unwrap();
        let all = store.clean(select, Timestamp::NEVER, u64::MAX).await;
        all.unwrap();
    }
    compact(&store).unwrap();
    assert!(store.shared.reader.segments()[0].number > 1);
    drop(store);
    open_on(files)
}

#[test]
fn what_a_later_record_tells_of_a_lost_job_is_what_it_counts_as() {
    let dead = || Outcome::Dead {
        reason: cauce_flow::reason::Reason::new("http_400", "it was refused"),
    };
    let completed = || Outcome::Completed { provider_id: None };
    for (outcome, state, expected) in [
        (completed(), None, [3, 0, 1, 2]),
        (dead(), Some(State::Dead), [3, 1, 0, 2]),
        (
            Outcome::Retry { due_at: NOW },
            Some(State::Dead),
            [3, 1, 0, 2],
        ),
    ] {
        let files = FaultyFiles::new(5);
        runtime().block_on(async {
            let store = open_on(&files);
            let ids = enqueue(&store, 3, "job").await;
            claim(&store, 1).await;
            settle(&store, ids[0], outcome.clone()).await;
            let mut store = damaged(&files, store, b"job-0000");
            for _ in 0..2 {
                assert_eq!(store.audit(), [], "{outcome:?}");
                assert_eq!(figures(&store, "meta"), expected, "{outcome:?}");
                let found = store.job(ids[0], Scope::All).await;
                assert_eq!(found.ok().map(|job| job.summary.state), state);
                drop(store);
                store = open_on(&files);
            }
            let store = flipped_out(&files, store).await;
            assert_eq!(store.audit(), [], "{outcome:?}");
            assert_eq!(figures(&store, "meta"), expected, "{outcome:?}");
        });
    }
}

#[test]
fn a_lost_job_of_which_nothing_can_be_told_is_counted_for_nobody() {
    let files = FaultyFiles::new(6);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store, 3, "job").await;
        drop(store);
        // All of its record but the frame, so that not even its head is to be believed.
        let at = find(&files, &segment(1), b"job-0001") - 10;
        for byte in at..at + 8 {
            flip(&files, &segment(1), byte);
        }
        for _ in 0..2 {
            let store = open_on(&files);
            assert_eq!(store.audit(), []);
            assert_eq!(figures(&store, "meta"), [2, 0, 0, 2]);
            let all = store.counts(&Scope::All);
            let lost = &all[&"lost".parse().unwrap()];
            assert_eq!((lost.accepted, lost.state(State::Dead)), (1, 1));
        }
    });
}

/// Any one bit: the store opens, serves only whole payloads, and does not fall over its own feet.
#[test]
fn no_flipped_bit_keeps_the_store_from_opening_or_spoils_a_payload() {
    let files = FaultyFiles::new(3);
    runtime().block_on(async {
        let store = open_on(&files);
        enqueue(&store, 80, "job").await;
        for job in claim(&store, 20).await {
            let outcome = Outcome::Completed { provider_id: None };
            let settlement = cauce_flow::queue::settlement::Settlement {
                job: job.id,
                outcome,
                attempt: None,
            };
            store.settle(vec![settlement], 1, NOW).await.unwrap();
        }
        enqueue(&store, 40, "job").await;
        drop(store);
        files.kill();
    });
    assert!(
        files.contents(&segment(2)).is_some(),
        "there are two segments"
    );
    for number in [1, 2] {
        let bytes = files.contents(&segment(number)).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        // Every byte of what stands at the head, and a sample of the rest.
        for at in (0..700.min(used))
            .step_by(3)
            .chain((700..used).step_by(331))
        {
            let files = files.fork();
            files.remove_index(number);
            flip(&files, &segment(number), at);
            let Ok(store) = EmbeddedStore::open_on(
                super::options(PathBuf::from("/jobs")),
                std::sync::Arc::new(files.clone()),
            ) else {
                // Only the header of the file itself may be past help.
                assert!(
                    at < 64,
                    "byte {at} of segment {number} keeps the store from opening"
                );
                continue;
            };
            runtime().block_on(async {
                store.rescue(Box::new(|_| false), NOW).await.unwrap();
                for line in store.lines() {
                    if line.queue.as_str() == "lost" {
                        continue;
                    }
                    let claim = Claim {
                        line,
                        max_jobs: 1_000,
                        max_bytes: usize::MAX,
                        requests: 0,
                    };
                    let leased = store.claim(claim, NOW).await.unwrap();
                    assert!(leased.len() >= 30, "{} jobs after byte {at}", leased.len());
                    for job in leased {
                        assert!(job.payload.starts_with(b"job-") && job.payload.ends_with(b"xx"));
                        assert_eq!(job.payload.len(), 409);
                    }
                }
            });
        }
    }
}

/// A bit of everything that can be said of a job.
async fn eventful(store: &EmbeddedStore) {
    let reason = || cauce_flow::reason::Reason::new("http_400", "it was refused");
    let ids = enqueue(store, 12, "job").await;
    claim(store, 8).await;
    let outcomes = [
        Outcome::Completed { provider_id: None },
        Outcome::Dead { reason: reason() },
        Outcome::Dead { reason: reason() },
        Outcome::Unknown { reason: reason() },
        Outcome::Unknown { reason: reason() },
        Outcome::Unknown { reason: reason() },
        Outcome::Retry { due_at: NOW },
    ];
    for (id, outcome) in ids.iter().zip(outcomes) {
        settle(store, *id, outcome).await;
    }
    let of = |ids: &[cauce_flow::id::JobId]| Select {
        ids: Some(ids.to_vec()),
        ..Select::all(Scope::All)
    };
    let replay = crate::jobs::Replay {
        select: of(&[ids[1], ids[3]]),
        dry_run: false,
        per_second: None,
    };
    store.replay(replay, NOW).await.unwrap();
    store.resolve(ids[4], Scope::All, true, NOW).await.unwrap();
    store.resolve(ids[5], Scope::All, false, NOW).await.unwrap();
    store.cancel(of(&[ids[10]]), NOW).await.unwrap();
    store.forget(ids[2], Scope::All, NOW).await.unwrap();
    // The replayed ones go again, and come to other ends.
    for job in claim(store, 100).await {
        let outcome = match job.id.number() % 3 {
            0 => Outcome::Completed { provider_id: None },
            1 => Outcome::Dead { reason: reason() },
            _ => Outcome::Release,
        };
        settle(store, job.id, outcome).await;
    }
    claim(store, 1).await;
}

#[test]
fn no_damaged_place_leaves_the_counters_wrong() {
    let files = FaultyFiles::new(8);
    runtime().block_on(async {
        let store = open_on(&files);
        eventful(&store).await;
        // What is left of it is copied forward, and more happens behind that.
        let store = flipped_out(&files, store).await;
        eventful(&store).await;
        drop(store);
        files.kill();
    });
    let numbers = (1..20).filter(|number| files.contents(&segment(*number)).is_some());
    let numbers: Vec<u32> = numbers.collect();
    let mut damaged = 0;
    for number in &numbers {
        let bytes = files.contents(&segment(*number)).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        for at in (130..used).step_by(61) {
            let files = files.fork();
            files.remove_index(*number);
            flip(&files, &segment(*number), at);
            for start in 0..2 {
                let store = open_on(&files);
                let place = format!("start {start}, byte {at} of segment {number}");
                damaged += u32::from(store.recovery().corrupt.len() == 1);
                assert_eq!(store.audit(), [], "{place}");
                runtime().block_on(async {
                    store.rescue(Box::new(|_| false), NOW).await.unwrap();
                    assert_eq!(store.audit(), [], "{place}");
                    for job in claim(&store, 2).await {
                        settle(&store, job.id, Outcome::Completed { provider_id: None }).await;
                    }
                });
                assert_eq!(store.audit(), [], "{place}");
            }
        }
    }
    assert!(damaged > 300, "only {damaged} starts met damage");
}

trait RemoveIndex {
    fn remove_index(&self, number: u32);
}

impl RemoveIndex for FaultyFiles {
    /// Without its sidecar a segment is read itself.
    fn remove_index(&self, number: u32) {
        use cauce_log::files::Files as _;
        let _ = self.remove(Path::new(&format!("/jobs/{number:08}.idx")));
    }
}
