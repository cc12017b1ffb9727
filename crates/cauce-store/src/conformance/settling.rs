//! How leases end.

use cauce_flow::{
    id::JobId,
    job::{NewJob, State},
    queue::settlement::Outcome,
    time::Timestamp,
};

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
    a_replayed_job_has_its_whole_time_to_live_again, restarts;
    a_job_without_a_time_to_live_has_none_after_a_replay;
    a_throttled_replay_counts_the_time_to_live_from_when_the_job_is_due;
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
    assert_eq!(scene.counts().reached[&State::Dead], 1, "it has been one");
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

async fn replay(scene: &Scene, ids: &[JobId], per_second: Option<u32>) {
    let mut select = everything();
    select.ids = Some(ids.to_vec());
    let replay = Replay {
        select,
        dry_run: false,
        per_second,
    };
    let count = scene.store().replay(replay, scene.now).await;
    assert_eq!(count.expect("a replay"), ids.len() as u64);
    scene.lawful();
}

/// Leases a job and lets it come to such an end.
async fn end(scene: &Scene, id: JobId, state: State) {
    assert_eq!(scene.claim_ids(1).await, [id]);
    let reason = reason("http_400");
    let outcome = match state {
        State::Unknown => Outcome::Unknown { reason },
        _ => Outcome::Dead { reason },
    };
    scene.settle(id, outcome).await;
}

async fn a_replayed_job_has_its_whole_time_to_live_again(mut scene: Scene) {
    for state in [State::Dead, State::Unknown] {
        let new = NewJob {
            expires_at: scene.now + seconds(60),
            ..job()
        };
        let id = scene.enqueue(vec![new]).await[0];
        end(&scene, id, state).await;
        scene.wait(seconds(300)).await;
        assert_eq!(scene.state(id).await, state);
        replay(&scene, &[id], None).await;
        assert_eq!(
            scene.job(id).await.summary.expires_at,
            scene.now + seconds(60)
        );
        scene.wait(seconds(40)).await;
        let leased = scene.claim(1).await;
        assert_eq!(
            leased[0].expires_at,
            scene.now + seconds(20),
            "its time runs again"
        );
        scene.settle(id, Outcome::Release).await;
        scene.reopen().await;
        scene.wait(seconds(0)).await;
        assert_eq!(scene.state(id).await, State::Waiting);
        // The span is that of the job, however often it goes again.
        end(&scene, id, state).await;
        scene.wait(seconds(10)).await;
        replay(&scene, &[id], None).await;
        scene.wait(seconds(59)).await;
        assert_eq!(scene.state(id).await, State::Waiting);
        scene.wait(seconds(1)).await;
        assert_eq!(scene.state(id).await, State::Expired);
    }
}

async fn a_job_without_a_time_to_live_has_none_after_a_replay(mut scene: Scene) {
    let id = scene.bury(1, "http_400").await[0];
    replay(&scene, &[id], None).await;
    assert_eq!(scene.job(id).await.summary.expires_at, Timestamp::NEVER);
    scene.wait(seconds(86_400 * 1_000)).await;
    assert_eq!(scene.claim_ids(1).await, [id]);
}

async fn a_throttled_replay_counts_the_time_to_live_from_when_the_job_is_due(mut scene: Scene) {
    let new = NewJob {
        expires_at: scene.now + seconds(5),
        ..job()
    };
    let ids = scene.enqueue(vec![new; 20]).await;
    for id in &ids {
        end(&scene, *id, State::Dead).await;
    }
    replay(&scene, &ids, Some(1)).await;
    // What comes due is served at once: all get their turn, long after the first would have expired.
    for id in &ids {
        assert_eq!(scene.claim_ids(9).await, [*id]);
        scene.wait(seconds(1)).await;
    }
    assert_eq!(scene.count(State::Expired), 0);
}
