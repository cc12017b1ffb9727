//! Jobs with a key: the newest replaces those before it, and nothing older is sent after it.

use std::time::Duration;

use cauce_flow::{
    id::JobId,
    job::{NewJob, State},
    priority::Priority,
    queue::settlement::Outcome,
    time::Timestamp,
};

use super::{
    promises,
    scene::{Scene, everything, job, job_of, line, reason, seconds},
};
use crate::jobs::{Change, Replay, Scope};

promises! {
    a_newer_job_replaces_the_one_that_waits;
    the_newer_job_takes_over_the_place_of_the_one_it_replaces;
    the_last_job_of_a_batch_counts;
    keys_of_other_lines_and_tenants_have_nothing_to_do_with_it;
    a_job_waits_for_the_one_of_its_key_that_is_in_flight;
    what_comes_back_gives_way_to_what_is_newer;
    what_comes_back_alone_goes_again;
    what_is_due_later_replaces_nothing_until_then;
    what_is_due_no_later_replaces_what_is_due_later;
    what_is_made_due_replaces_what_is_older;
    a_cancelled_job_blocks_nobody;
    replaced_jobs_are_counted_for_ever_and_listed_for_a_while
        with super::Limits { completed: 2, ..super::Limits::default() };
    a_failed_job_is_not_put_back_after_a_newer_one;
    keys_survive_a_restart, restarts;
    a_rescued_job_gives_way_to_what_is_newer, restarts;
}

fn state_of(session: &str) -> NewJob {
    NewJob {
        coalesce: Some(session.to_owned()),
        ..job()
    }
}

fn later(session: &str, due_at: Timestamp) -> NewJob {
    NewJob {
        due_at,
        ..state_of(session)
    }
}

async fn one(scene: &Scene, job: NewJob) -> JobId {
    scene.enqueue(vec![job]).await[0]
}

async fn expect_superseded(scene: &Scene, job: JobId) {
    let told = scene.job(job).await.summary;
    assert_eq!(told.state, State::Cancelled);
    assert_eq!(told.last_error.expect("a reason").code, "superseded");
}

async fn waits_for(scene: &Scene, job: JobId) -> Option<JobId> {
    let found = scene.store().waits_for(job, Scope::All).await;
    found.expect("the job is there")
}

async fn a_newer_job_replaces_the_one_that_waits(scene: Scene) {
    let older = one(&scene, state_of("s1")).await;
    let newer = one(&scene, state_of("s1")).await;
    expect_superseded(&scene, older).await;
    let counts = scene.counts();
    assert_eq!((counts.superseded, counts.state(State::Cancelled)), (1, 1));
    assert_eq!(scene.store().backlog(&line()).waiting, 1);
    assert_eq!(scene.claim_ids(10).await, [newer]);
}

async fn the_newer_job_takes_over_the_place_of_the_one_it_replaces(mut scene: Scene) {
    let urgent = NewJob {
        priority: Priority::High,
        ..state_of("s1")
    };
    let since = scene.now;
    one(&scene, urgent).await;
    let between = one(
        &scene,
        NewJob {
            priority: Priority::High,
            ..job()
        },
    )
    .await;
    scene.wait(seconds(3)).await;
    let newer = one(&scene, state_of("s1")).await;
    let told = scene.job(newer).await.summary;
    assert_eq!((told.priority, told.due_at), (Priority::High, since));
    let backlog = scene.store().backlog(&line());
    assert_eq!(backlog.oldest_urgent_at, Some(since));
    assert_eq!(
        scene.store().place(between),
        Some(0),
        "arrival decides between equals"
    );
    assert_eq!(scene.claim_ids(10).await, [between, newer]);
}

async fn the_last_job_of_a_batch_counts(scene: Scene) {
    let ids = scene
        .enqueue(vec![state_of("s1"), state_of("s2"), state_of("s1")])
        .await;
    expect_superseded(&scene, ids[0]).await;
    assert_eq!(scene.claim_ids(10).await, [ids[1], ids[2]]);
}

async fn keys_of_other_lines_and_tenants_have_nothing_to_do_with_it(scene: Scene) {
    let of_another = NewJob {
        coalesce: Some("s1".to_owned()),
        ..job_of("bolt")
    };
    let mut elsewhere = state_of("s1");
    elsewhere.line.account = "other".parse().expect("a name");
    scene
        .enqueue(vec![
            state_of("s1"),
            state_of("s2"),
            of_another,
            elsewhere,
            job(),
        ])
        .await;
    assert_eq!(scene.counts().superseded, 0);
    assert_eq!(scene.claim(10).await.len(), 4);
}

async fn a_job_waits_for_the_one_of_its_key_that_is_in_flight(scene: Scene) {
    let first = one(&scene, state_of("s1")).await;
    let leased = scene.claim(10).await;
    let second = one(&scene, state_of("s1")).await;
    let third = one(&scene, state_of("s1")).await;
    expect_superseded(&scene, second).await;
    assert_eq!(scene.state(first).await, State::Active);
    assert_eq!(
        scene.store().backlog(&line()).waiting,
        0,
        "no batch counts on it"
    );
    assert!(scene.claim(10).await.is_empty());
    assert_eq!(waits_for(&scene, third).await, Some(first));
    assert_eq!(waits_for(&scene, first).await, None);
    let wakeup = scene.store().wakeup(&line());
    scene.complete(&leased).await;
    wakeup.notified().await;
    assert_eq!(scene.state(first).await, State::Completed);
    assert_eq!(scene.claim_ids(10).await, [third]);
}

async fn what_comes_back_gives_way_to_what_is_newer(mut scene: Scene) {
    let due_at = scene.now + seconds(60);
    for (place, outcome) in [
        Outcome::Release,
        Outcome::Retry { due_at },
        Outcome::Snooze { due_at },
    ]
    .into_iter()
    .enumerate()
    {
        let session = format!("s{place}");
        let since = scene.now;
        let urgent = NewJob {
            priority: Priority::High,
            ..state_of(&session)
        };
        let older = one(&scene, urgent).await;
        scene.claim(10).await;
        scene.wait(seconds(1)).await;
        let newer = one(&scene, state_of(&session)).await;
        scene.settle(older, outcome).await;
        expect_superseded(&scene, older).await;
        let leased = scene.claim(10).await;
        assert_eq!(leased.len(), 1);
        assert_eq!((leased[0].id, leased[0].attempt), (newer, 1));
        let told = scene.job(newer).await.summary;
        assert_eq!((told.priority, told.due_at), (Priority::High, since));
        scene.complete(&leased).await;
    }
    assert_eq!(scene.counts().superseded, 3);
}

async fn what_comes_back_alone_goes_again(mut scene: Scene) {
    let older = one(&scene, state_of("s1")).await;
    scene.claim(10).await;
    let due_at = scene.now + seconds(60);
    scene.settle(older, Outcome::Retry { due_at }).await;
    assert_eq!(scene.counts().superseded, 0);
    scene.wait(seconds(60)).await;
    assert_eq!(scene.claim_ids(10).await, [older]);
    scene
        .settle(
            older,
            Outcome::Retry {
                due_at: due_at + seconds(60),
            },
        )
        .await;
    let newer = one(&scene, state_of("s1")).await;
    expect_superseded(&scene, older).await;
    assert_eq!(scene.claim_ids(10).await, [newer]);
}

async fn what_is_due_later_replaces_nothing_until_then(mut scene: Scene) {
    let shown = one(&scene, state_of("s1")).await;
    let end = one(&scene, later("s1", scene.now + seconds(60))).await;
    let next_end = one(&scene, later("s2", scene.now + seconds(60))).await;
    let leased = scene.claim(10).await;
    assert_eq!((leased.len(), leased[0].id), (1, shown));
    scene
        .settle(
            shown,
            Outcome::Retry {
                due_at: scene.now + seconds(30),
            },
        )
        .await;
    assert_eq!(scene.counts().superseded, 0, "the end is not due yet");
    let next = one(&scene, state_of("s2")).await;
    expect_superseded(&scene, next_end).await;
    scene.wait(seconds(60)).await;
    expect_superseded(&scene, shown).await;
    assert_eq!(scene.claim_ids(10).await, [next, end]);
    let blocked = one(&scene, later("s1", scene.now + seconds(1))).await;
    scene.wait(seconds(1)).await;
    assert!(
        scene.claim(10).await.is_empty(),
        "the one before it is in flight"
    );
    scene
        .settle(end, Outcome::Completed { provider_id: None })
        .await;
    assert_eq!(scene.claim_ids(10).await, [blocked]);
}

async fn what_is_due_no_later_replaces_what_is_due_later(mut scene: Scene) {
    let at = |count| scene.now + seconds(count);
    let (soon, late) = (at(3), at(60));
    let first = one(&scene, later("s1", soon)).await;
    let end = one(&scene, later("s1", late)).await;
    let second = one(&scene, later("s1", soon)).await;
    expect_superseded(&scene, first).await;
    expect_superseded(&scene, end).await;
    let last_end = one(&scene, later("s1", late)).await;
    scene.wait(seconds(3)).await;
    assert_eq!(scene.claim_ids(10).await, [second]);
    assert_eq!(scene.state(last_end).await, State::Scheduled);
}

async fn what_is_made_due_replaces_what_is_older(scene: Scene) {
    let older = one(&scene, state_of("s1")).await;
    let end = one(&scene, later("s1", scene.now + seconds(60))).await;
    let change = Change {
        due_at: Some(scene.now),
        ..Change::default()
    };
    let changed = scene
        .store()
        .change(end, Scope::All, change, scene.now)
        .await;
    changed.expect("it changes");
    scene.lawful();
    expect_superseded(&scene, older).await;
    assert_eq!(scene.claim_ids(10).await, [end]);
}

async fn a_cancelled_job_blocks_nobody(mut scene: Scene) {
    let first = one(&scene, state_of("s1")).await;
    let cancelled = scene.store().cancel(everything(), scene.now).await;
    assert_eq!(cancelled.expect("it is cancelled"), 1);
    assert_eq!(scene.counts().superseded, 0);
    assert_eq!(scene.state(first).await, State::Cancelled);
    let short = NewJob {
        expires_at: scene.now + seconds(5),
        ..state_of("s1")
    };
    let second = one(&scene, short).await;
    scene.wait(seconds(5)).await;
    assert_eq!(scene.state(second).await, State::Expired);
    let third = one(&scene, state_of("s1")).await;
    assert_eq!(scene.claim_ids(10).await, [third]);
}

async fn replaced_jobs_are_counted_for_ever_and_listed_for_a_while(scene: Scene) {
    let ids = scene.enqueue(vec![state_of("s1"); 5]).await;
    for id in &ids[..2] {
        assert!(
            scene.store().job(*id, Scope::All).await.is_err(),
            "it is listed no longer"
        );
    }
    expect_superseded(&scene, ids[2]).await;
    expect_superseded(&scene, ids[3]).await;
    assert_eq!(scene.counts().superseded, 4);
    assert_eq!(scene.claim_ids(10).await, [ids[4]]);
}

async fn a_failed_job_is_not_put_back_after_a_newer_one(scene: Scene) {
    let die = || Outcome::Dead {
        reason: reason("http_422"),
    };
    let older = one(&scene, state_of("s1")).await;
    let alone = one(&scene, state_of("s2")).await;
    scene.claim(10).await;
    scene.settle(older, die()).await;
    scene.settle(alone, die()).await;
    let newer = one(&scene, state_of("s1")).await;
    let leased = scene.claim(10).await;
    assert_eq!(leased[0].id, newer);
    scene.complete(&leased).await;
    let replay = Replay {
        select: everything(),
        dry_run: false,
        per_second: None,
    };
    let put_back = scene.store().replay(replay, scene.now).await;
    scene.lawful();
    assert_eq!(put_back.expect("a replay"), 1);
    expect_superseded(&scene, older).await;
    assert_eq!(scene.counts().state(State::Dead), 0);
    assert_eq!(scene.claim_ids(10).await, [alone]);
}

async fn keys_survive_a_restart(mut scene: Scene) {
    let older = one(&scene, state_of("s1")).await;
    let newer = one(&scene, state_of("s1")).await;
    let end = one(&scene, later("s1", scene.now + Duration::from_secs(9))).await;
    scene.reopen().await;
    expect_superseded(&scene, older).await;
    assert_eq!(scene.counts().superseded, 1);
    let newest = one(&scene, state_of("s1")).await;
    expect_superseded(&scene, newer).await;
    expect_superseded(&scene, end).await;
    scene.reopen().await;
    assert_eq!(scene.claim_ids(10).await, [newest]);
    assert_eq!(scene.counts().superseded, 3);
}

async fn a_rescued_job_gives_way_to_what_is_newer(mut scene: Scene) {
    let older = one(&scene, state_of("s1")).await;
    let alone = one(&scene, state_of("s2")).await;
    scene.claim(10).await;
    let newer = one(&scene, state_of("s1")).await;
    scene.reopen().await;
    scene.rescue(false).await;
    expect_superseded(&scene, older).await;
    assert_eq!(scene.claim_ids(10).await, [alone, newer]);
}
