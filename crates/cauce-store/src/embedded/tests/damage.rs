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
