//! What a crash and a restart leave.

use std::collections::BTreeMap;

use bytes::Bytes;
use cauce_flow::{
    id::AccountName,
    job::{Line, NewJob, State},
    priority::Priority,
    queue::settlement::Outcome,
};

use super::{
    promises,
    scene::{Scene, TENANT, job, keyed, line, reason, seconds, urgent},
};
use crate::jobs::{Claim, Gate, QueueCounts, Rescued, Start};

promises! {
    acknowledged_jobs_survive_a_restart, restarts;
    keys_survive_a_restart, restarts;
    gates_notes_and_request_starts_survive_a_restart, restarts;
    leases_are_released_without_a_failed_attempt, restarts;
    what_had_left_and_must_not_go_twice_becomes_unknown, restarts;
    a_job_in_hand_in_three_crashes_is_poison, restarts;
    leases_of_a_line_that_failed_are_ended_and_no_others, restarts;
    order_survives_a_restart, restarts;
    history_survives_a_restart, restarts;
}

async fn acknowledged_jobs_survive_a_restart(mut scene: Scene) {
    let later = NewJob {
        due_at: scene.now + seconds(60),
        ..job()
    };
    let ids = scene.enqueue(vec![job(), later]).await;
    scene.reopen().await;
    assert!(scene.store().latest() >= scene.now, "time does not go back");
    assert_eq!(scene.state(ids[1]).await, State::Scheduled);
    assert_eq!(scene.claim_ids(10).await, ids[..1]);
    scene.wait(seconds(60)).await;
    assert_eq!(scene.claim_ids(10).await, ids[1..]);
    let more = scene.enqueue(vec![job()]).await;
    assert!(!ids.contains(&more[0]), "an id is given once");
}

async fn keys_survive_a_restart(mut scene: Scene) {
    let first = scene.enqueue(vec![keyed(TENANT, "order-1")]).await[0];
    let leased = scene.claim(1).await;
    scene.complete(&leased).await;
    scene.reopen().await;
    let again = scene
        .try_enqueue(vec![keyed(TENANT, "order-1")])
        .await
        .expect("an answer");
    assert_eq!((again[0].id, again[0].duplicate), (first, true));
}

/// Requests that are about to leave, of destinations that recognise repeats.
fn requests(requests: u32) -> Start {
    Start {
        line: line(),
        requests,
        jobs: Vec::new(),
    }
}

async fn gates_notes_and_request_starts_survive_a_restart(mut scene: Scene) {
    let store = scene.store();
    let set = store
        .set_gate(line().queue, None, Gate::Paused, scene.now)
        .await;
    set.expect("the gate is set");
    let note = Bytes::from_static(b"open until noon");
    store
        .keep_note(line(), note.clone())
        .await
        .expect("it is kept");
    store
        .begin(requests(3), scene.now)
        .await
        .expect("it is noted");
    let later = scene.now + seconds(10);
    store.begin(requests(2), later).await.expect("it is noted");
    scene.reopen().await;
    assert_eq!(scene.store().gate(&line().queue, None), Gate::Paused);
    let recall = scene.store().recall(&line(), scene.now);
    assert_eq!(recall.note, Some(note));
    assert_eq!(recall.starts, [(scene.now, 3), (later, 2)]);
    let recent = scene.store().recall(&line(), scene.now + seconds(1));
    assert_eq!(recent.starts, [(later, 2)]);
}

async fn leases_are_released_without_a_failed_attempt(mut scene: Scene) {
    let ids = scene.enqueue(vec![job(); 3]).await;
    scene.claim(2).await;
    scene.reopen().await;
    assert_eq!(scene.count(State::Active), 2);
    let released = Rescued {
        released: 2,
        ..Rescued::default()
    };
    assert_eq!(scene.rescue(false).await, released);
    assert_eq!(scene.rescue(false).await, Rescued::default());
    let leased = scene.claim(10).await;
    assert_eq!(leased.iter().map(|job| job.id).collect::<Vec<_>>(), ids);
    assert!(leased.iter().all(|job| job.attempt == 1));
}

async fn what_had_left_and_must_not_go_twice_becomes_unknown(mut scene: Scene) {
    let ids = scene.enqueue(vec![job(); 2]).await;
    scene.claim(2).await;
    let left = Start {
        jobs: vec![ids[0]],
        ..requests(1)
    };
    let noted = scene.store().begin(left, scene.now).await;
    noted.expect("it is noted");
    scene.reopen().await;
    let rescued = Rescued {
        released: 1,
        unknown: 1,
        ..Rescued::default()
    };
    assert_eq!(scene.rescue(true).await, rescued);
    let again = scene.claim(2).await;
    assert_eq!(again.iter().map(|job| job.id).collect::<Vec<_>>(), ids[1..]);
    let told = scene.job(ids[0]).await.summary;
    assert_eq!(told.state, State::Unknown);
    assert_eq!(told.last_error.expect("a reason").code, "crashed");
}

async fn a_job_in_hand_in_three_crashes_is_poison(mut scene: Scene) {
    let id = scene.enqueue(vec![job()]).await[0];
    for crash in 1..=3 {
        assert_eq!(scene.claim(1).await.len(), 1);
        scene.reopen().await;
        let rescued = scene.rescue(false).await;
        assert_eq!(
            (rescued.released, rescued.poison),
            (u64::from(crash < 3), u64::from(crash == 3))
        );
    }
    let told = scene.job(id).await.summary;
    assert_eq!((told.state, told.attempt), (State::Dead, 0));
    assert_eq!(told.last_error.expect("a reason").code, "poison");
}

async fn leases_of_a_line_that_failed_are_ended_and_no_others(scene: Scene) {
    let other = NewJob {
        line: Line {
            account: AccountName::new("other").expect("a name"),
            ..line()
        },
        ..job()
    };
    let other = scene.enqueue(vec![other]).await[0];
    let store = scene.store();
    let wish = Claim {
        line: scene.job(other).await.summary.line,
        max_jobs: 1,
        max_bytes: 1_000,
        requests: 0,
    };
    store.claim(wish, scene.now).await.expect("a lease");
    let ids = scene.enqueue(vec![job(), job()]).await;
    for failure in 1..=3 {
        assert_eq!(scene.claim(2).await.len(), if failure == 1 { 2 } else { 1 });
        if failure == 1 {
            let left = Start {
                jobs: vec![ids[0]],
                ..requests(0)
            };
            store.begin(left, scene.now).await.expect("it is noted");
        }
        let ended = store.rescue_line(line(), true, scene.now).await;
        let expected = Rescued {
            released: u64::from(failure < 3),
            unknown: u64::from(failure == 1),
            poison: u64::from(failure == 3),
        };
        assert_eq!(ended.expect("it is done"), expected);
    }
    assert_eq!(scene.state(ids[0]).await, State::Unknown);
    assert_eq!(scene.state(ids[1]).await, State::Dead);
    assert_eq!(scene.state(other).await, State::Active);
}

async fn order_survives_a_restart(mut scene: Scene) {
    let ids = scene
        .enqueue(vec![job(), job(), job(), urgent(Priority::High)])
        .await;
    assert_eq!(scene.claim_ids(2).await, [ids[3], ids[0]]);
    // The first goes behind the others by its due time, also for whoever reads the log again.
    scene
        .settle(
            ids[0],
            Outcome::Retry {
                due_at: scene.now + seconds(5),
            },
        )
        .await;
    scene.settle(ids[3], Outcome::Release).await;
    scene.reopen().await;
    scene.wait(seconds(1)).await;
    let later = scene.enqueue(vec![job()]).await[0];
    scene.wait(seconds(5)).await;
    assert_eq!(
        scene.claim_ids(10).await,
        [ids[3], ids[1], ids[2], later, ids[0]]
    );
}

async fn history_survives_a_restart(mut scene: Scene) {
    let dead = scene.bury(1, "http_400").await[0];
    let done = scene.enqueue(vec![job()]).await[0];
    scene.claim(1).await;
    let provider_id = Some("wamid.1".to_owned());
    scene
        .settle(
            done,
            Outcome::Completed {
                provider_id: provider_id.clone(),
            },
        )
        .await;
    let durable = |scene: &Scene| QueueCounts {
        reached: BTreeMap::new(),
        ..scene.counts()
    };
    let before = (durable(&scene), scene.job(dead).await.attempts);
    scene.reopen().await;
    assert_eq!((durable(&scene), scene.job(dead).await.attempts), before);
    let reached = scene.counts().reached;
    assert!(reached.values().all(|count| *count == 0), "{reached:?}");
    assert_eq!(
        scene.job(dead).await.summary.last_error,
        Some(reason("http_400"))
    );
    assert_eq!(scene.job(done).await.provider_id, provider_id);
}
