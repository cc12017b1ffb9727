//! How leases end.

use cauce_flow::{job::State, queue::settlement::Outcome};

use super::{
    promises,
    scene::{Scene, everything, job, reason, seconds},
};
use crate::jobs::{Error, Replay, Scope};

promises! {
    each_outcome_leads_to_its_state;
    attempts_are_counted_when_they_fail_and_not_when_they_are_put_off;
    a_retried_job_keeps_its_place_by_due_time;
    every_attempt_is_told;
    a_lease_is_settled_once;
    an_unknown_job_is_resolved;
    dead_letters_are_replayed_with_fresh_attempts;
    a_replay_is_counted_filtered_and_throttled;
}

async fn each_outcome_leads_to_its_state(scene: Scene) {
    let ids = scene.enqueue(vec![job(); 6]).await;
    scene.claim(6).await;
    let provider_id = Some("wamid.1".to_owned());
    let due_at = scene.now + seconds(10);
    scene
        .settle(
            ids[0],
            Outcome::Completed {
                provider_id: provider_id.clone(),
            },
        )
        .await;
    scene.settle(ids[1], Outcome::Retry { due_at }).await;
    scene.settle(ids[2], Outcome::Release).await;
    scene.settle(ids[3], Outcome::Snooze { due_at }).await;
    scene
        .settle(
            ids[4],
            Outcome::Dead {
                reason: reason("too_old"),
            },
        )
        .await;
    scene
        .settle(
            ids[5],
            Outcome::Unknown {
                reason: reason("timeout"),
            },
        )
        .await;
    let expected = [
        State::Completed,
        State::Scheduled,
        State::Waiting,
        State::Scheduled,
        State::Dead,
        State::Unknown,
    ];
    for (id, state) in ids.iter().zip(expected) {
        assert_eq!(scene.state(*id).await, state);
    }
    let counts = scene.counts();
    assert_eq!(
        (counts.delayed, counts.dead_listed, counts.pending()),
        (1, 1, 3)
    );
    let done = scene.job(ids[0]).await;
    assert_eq!(
        (done.provider_id, done.summary.last_error),
        (provider_id, None)
    );
    assert_eq!(done.summary.finished_at, Some(scene.now));
    for (id, code) in [(ids[4], "too_old"), (ids[5], "timeout")] {
        let told = scene.job(id).await.summary.last_error.expect("a reason");
        assert_eq!(told, reason(code));
    }
}

async fn attempts_are_counted_when_they_fail_and_not_when_they_are_put_off(mut scene: Scene) {
    let id = scene.enqueue(vec![job()]).await[0];
    for (outcome, next) in [
        (Outcome::Release, 1),
        (Outcome::Snooze { due_at: scene.now }, 1),
        (Outcome::Retry { due_at: scene.now }, 2),
        (Outcome::Release, 2),
        (Outcome::Retry { due_at: scene.now }, 3),
    ] {
        assert_eq!(scene.claim(1).await.len(), 1);
        scene.settle(id, outcome).await;
        scene.wait(seconds(1)).await;
        let leased = scene.claim(1).await;
        assert_eq!((leased[0].attempt, leased[0].max_attempts), (next, 5));
        scene.settle(id, Outcome::Release).await;
    }
    assert_eq!(scene.job(id).await.summary.attempt, 2);
}

async fn a_retried_job_keeps_its_place_by_due_time(mut scene: Scene) {
    let first = scene.enqueue(vec![job()]).await[0];
    scene.claim(1).await;
    let due = |after| cauce_flow::job::NewJob {
        due_at: scene.now + seconds(after),
        ..job()
    };
    let others = scene.enqueue(vec![due(1), due(3)]).await;
    scene
        .settle(
            first,
            Outcome::Retry {
                due_at: scene.now + seconds(2),
            },
        )
        .await;
    scene.wait(seconds(10)).await;
    assert_eq!(scene.claim_ids(10).await, [others[0], first, others[1]]);
}

async fn every_attempt_is_told(mut scene: Scene) {
    let id = scene.enqueue(vec![job()]).await[0];
    let mut started = Vec::new();
    for _ in 0..3 {
        scene.claim(1).await;
        started.push(scene.now);
        scene
            .settle(
                id,
                Outcome::Retry {
                    due_at: scene.now + seconds(1),
                },
            )
            .await;
        scene.wait(seconds(1)).await;
    }
    let told = scene.job(id).await;
    let times: Vec<_> = told
        .attempts
        .iter()
        .map(|attempt| attempt.started_at)
        .collect();
    assert_eq!(times, started);
    assert_eq!(told.summary.last_error, Some(reason("http_503")));
    assert_eq!(scene.counts().retried, 2);
}

async fn a_lease_is_settled_once(scene: Scene) {
    let id = scene.enqueue(vec![job()]).await[0];
    let completed = || Outcome::Completed { provider_id: None };
    scene.settle(id, completed()).await;
    assert_eq!(scene.count(State::Completed), 0, "nobody had leased it");
    scene.claim(1).await;
    let twice = cauce_flow::queue::settlement::Settlement {
        job: id,
        outcome: completed(),
        attempt: None,
    };
    let both = vec![twice.clone(), twice];
    scene
        .store()
        .settle(both, 1, scene.now)
        .await
        .expect("a settlement");
    scene.lawful();
    scene.settle(id, Outcome::Retry { due_at: scene.now }).await;
    assert_eq!(
        (scene.count(State::Completed), scene.counts().pending()),
        (1, 0)
    );
}

async fn an_unknown_job_is_resolved(scene: Scene) {
    let ids = scene.enqueue(vec![job(); 3]).await;
    for leased in scene.claim(2).await {
        scene
            .settle(
                leased.id,
                Outcome::Unknown {
                    reason: reason("timeout"),
                },
            )
            .await;
    }
    let store = scene.store();
    store
        .resolve(ids[0], Scope::All, true, scene.now)
        .await
        .expect("it was delivered");
    store
        .resolve(ids[1], Scope::All, false, scene.now)
        .await
        .expect("it was not");
    scene.lawful();
    assert_eq!(scene.state(ids[0]).await, State::Completed);
    assert_eq!(scene.state(ids[1]).await, State::Dead);
    assert_eq!(
        scene
            .job(ids[1])
            .await
            .summary
            .last_error
            .expect("a reason")
            .code,
        "resolved"
    );
    let refused = store.resolve(ids[2], Scope::All, true, scene.now).await;
    assert!(
        matches!(
            refused,
            Err(Error::State {
                found: State::Waiting,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(scene.count(State::Unknown), 0);
}

async fn dead_letters_are_replayed_with_fresh_attempts(scene: Scene) {
    let id = scene.bury(1, "http_400").await[0];
    let select = crate::jobs::Select {
        ids: Some(vec![id, id]),
        ..everything()
    };
    let replay = Replay {
        select,
        dry_run: false,
        per_second: None,
    };
    assert_eq!(
        scene
            .store()
            .replay(replay, scene.now)
            .await
            .expect("a replay"),
        1
    );
    scene.lawful();
    assert_eq!(
        (scene.count(State::Dead), scene.counts().dead_listed),
        (0, 0)
    );
    let leased = scene.claim(1).await;
    assert_eq!((leased[0].id, leased[0].attempt), (id, 1));
    scene
        .settle(id, Outcome::Completed { provider_id: None })
        .await;
    assert_eq!(
        scene.job(id).await.attempts.len(),
        2,
        "what it went through before stays told"
    );
}

async fn a_replay_is_counted_filtered_and_throttled(mut scene: Scene) {
    scene.bury(25, "http_400").await;
    scene.bury(5, "token").await;
    let mut select = everything();
    select.states = vec![State::Dead];
    select.text = Some("HTTP_400".to_owned());
    let replay = |dry_run| Replay {
        select: select.clone(),
        dry_run,
        per_second: Some(10),
    };
    assert_eq!(
        scene
            .store()
            .replay(replay(true), scene.now)
            .await
            .expect("a count"),
        25
    );
    assert_eq!(scene.count(State::Dead), 30);
    assert_eq!(
        scene
            .store()
            .replay(replay(false), scene.now)
            .await
            .expect("a replay"),
        25
    );
    scene.lawful();
    assert_eq!(
        (scene.count(State::Dead), scene.count(State::Waiting)),
        (5, 10)
    );
    scene.wait(seconds(1)).await;
    assert_eq!(scene.count(State::Waiting), 20);
    scene.wait(seconds(1)).await;
    assert_eq!(scene.claim(100).await.len(), 25);
}
