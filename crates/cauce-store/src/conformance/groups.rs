//! Groups: their gates, their marks, their figures.

use cauce_flow::{
    job::{NewJob, State},
    priority::Priority,
    queue::settlement::Outcome,
};

use super::{
    promises,
    scene::{Scene, TENANT, everything, grouped, job, job_of, line, reason, seconds},
};
use crate::jobs::{Error, GroupGate, JobStore, Replay, Scope, Start};

promises! {
    a_paused_group_waits_and_the_others_go;
    a_paused_group_takes_jobs_and_time_goes_on_for_it;
    a_paused_group_keeps_its_order_and_its_place_behind_the_more_urgent;
    a_group_is_of_one_tenant;
    a_stopped_group_is_cancelled_and_takes_no_more;
    what_comes_back_into_a_stopped_group_is_cancelled;
    a_large_group_is_stopped_as_a_whole;
    nothing_of_a_stopped_group_is_put_back;
    the_jobs_of_a_mark_are_taken_once;
    a_group_that_is_done_is_not_marked_again;
    the_figures_of_a_group_follow_its_jobs;
    a_group_that_is_kept_late_counts_what_is_there;
    a_group_is_forgotten_when_nothing_of_it_is_pending;
    groups_survive_a_restart, restarts;
    a_crash_ends_leases_of_a_stopped_group, restarts;
    a_job_that_must_not_be_sent_is_taken_back_with_its_reason, restarts;
}

fn of(group: &str, priority: Priority) -> NewJob {
    NewJob {
        priority,
        ..grouped(group)
    }
}

fn forget(
    store: &dyn JobStore,
    group: &str,
    scene: &Scene,
) -> impl Future<Output = Result<bool, Error>> {
    let (tenant, group) = (TENANT.parse(), group.parse());
    let (tenant, group) = (tenant.expect("a name"), group.expect("a name"));
    store.forget_group(tenant, group, scene.now)
}

async fn a_paused_group_waits_and_the_others_go(scene: Scene) {
    let spring = scene.enqueue(vec![grouped("spring"); 2]).await;
    let other = scene.enqueue(vec![grouped("autumn"), job()]).await;
    scene
        .set_group("spring", GroupGate::Paused)
        .await
        .expect("the gate is set");
    let backlog = scene.store().backlog(&line());
    assert_eq!((backlog.waiting, backlog.bytes), (2, 14));
    assert_eq!(scene.store().place(spring[0]), None);
    assert_eq!(scene.claim_ids(10).await, other);
    let backlog = scene.store().backlog(&line());
    assert_eq!((backlog.waiting, backlog.oldest_at), (0, None));
    assert_eq!(scene.claim(10).await.len(), 0);
    assert_eq!(scene.group("spring").state(State::Waiting), 2);
    let wakeup = scene.store().wakeup(&line());
    scene
        .set_group("spring", GroupGate::Open)
        .await
        .expect("the gate is set");
    wakeup.notified().await;
    assert_eq!(scene.store().place(spring[1]), Some(1));
    assert_eq!(scene.claim_ids(10).await, spring);
}

async fn a_paused_group_takes_jobs_and_time_goes_on_for_it(mut scene: Scene) {
    scene
        .set_group("spring", GroupGate::Paused)
        .await
        .expect("the gate is set");
    let later = NewJob {
        due_at: scene.now + seconds(5),
        expires_at: scene.now + seconds(60),
        ..grouped("spring")
    };
    let ids = scene.enqueue(vec![later, grouped("spring")]).await;
    scene.wait(seconds(10)).await;
    assert_eq!(scene.state(ids[0]).await, State::Waiting);
    assert_eq!(scene.claim(10).await.len(), 0);
    scene.wait(seconds(60)).await;
    assert_eq!(scene.state(ids[0]).await, State::Expired);
    let figures = scene.group("spring");
    assert_eq!((figures.accepted, figures.pending()), (2, 1));
    scene
        .set_group("spring", GroupGate::Open)
        .await
        .expect("the gate is set");
    assert_eq!(scene.claim_ids(10).await, ids[1..]);
}

async fn a_paused_group_keeps_its_order_and_its_place_behind_the_more_urgent(scene: Scene) {
    let low = scene.enqueue(vec![of("spring", Priority::Low)]).await;
    let high = scene.enqueue(vec![of("spring", Priority::High)]).await;
    scene
        .set_group("spring", GroupGate::Paused)
        .await
        .expect("the gate is set");
    let more = scene.enqueue(vec![of("spring", Priority::High)]).await;
    let other = scene.enqueue(vec![of("autumn", Priority::Low)]).await;
    // What waits behind a shut gate is not what the others wait for.
    assert_eq!(scene.store().place(other[0]), Some(0));
    scene
        .set_group("spring", GroupGate::Open)
        .await
        .expect("the gate is set");
    assert_eq!(scene.claim_ids(2).await, [high[0], more[0]]);
    let mut rest = scene.claim_ids(2).await;
    rest.sort();
    assert_eq!(rest, [low[0], other[0]]);
}

async fn a_group_is_of_one_tenant(scene: Scene) {
    let alien = NewJob {
        group: Some("spring".parse().expect("a name")),
        ..job_of("bolt")
    };
    scene.enqueue(vec![grouped("spring")]).await;
    let theirs = scene.enqueue(vec![alien.clone()]).await;
    let stopped = scene.set_group("spring", GroupGate::Stopped).await;
    assert_eq!(stopped.expect("the gate is set"), 1);
    assert_eq!(scene.claim_ids(10).await, theirs);
    scene.enqueue(vec![alien]).await;
    let bolt = "bolt".parse().expect("a name");
    let spring = "spring".parse().expect("a name");
    assert_eq!(scene.store().group_gate(&bolt, &spring), GroupGate::Open);
    assert!(scene.store().group(&bolt, &spring).is_none());
}

async fn a_stopped_group_is_cancelled_and_takes_no_more(scene: Scene) {
    let later = NewJob {
        due_at: scene.now + seconds(5),
        ..grouped("spring")
    };
    scene.enqueue(vec![grouped("spring"), later, job()]).await;
    let leased = scene.claim(1).await;
    let stopped = scene.set_group("spring", GroupGate::Stopped).await;
    assert_eq!(stopped.expect("the gate is set"), 1);
    let figures = scene.group("spring");
    assert_eq!(
        (figures.gate, figures.state(State::Cancelled)),
        (GroupGate::Stopped, 1)
    );
    for jobs in [vec![grouped("spring")], vec![job(), grouped("spring")]] {
        let refused = scene.try_enqueue(jobs).await;
        assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");
    }
    let refused = scene.try_mark(Vec::new(), "spring", (9, true)).await;
    assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");
    for gate in [GroupGate::Open, GroupGate::Paused] {
        let refused = scene.set_group("spring", gate).await;
        assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");
    }
    let again = scene.set_group("spring", GroupGate::Stopped).await;
    assert_eq!(again.expect("it is stopped"), 0);
    scene.complete(&leased).await;
    assert_eq!(scene.counts().accepted, 3);
}

async fn what_comes_back_into_a_stopped_group_is_cancelled(scene: Scene) {
    let ids = scene.enqueue(vec![grouped("spring"); 6]).await;
    assert_eq!(scene.claim(6).await.len(), 6);
    scene
        .set_group("spring", GroupGate::Stopped)
        .await
        .expect("the gate is set");
    let due_at = scene.now + seconds(5);
    let ends = [
        (Outcome::Retry { due_at }, State::Cancelled),
        (Outcome::Release, State::Cancelled),
        (Outcome::Snooze { due_at }, State::Cancelled),
        (Outcome::Completed { provider_id: None }, State::Completed),
        (
            Outcome::Dead {
                reason: reason("bad"),
            },
            State::Dead,
        ),
        (
            Outcome::Unknown {
                reason: reason("reset"),
            },
            State::Unknown,
        ),
    ];
    for (id, (outcome, state)) in ids.iter().zip(ends) {
        scene.settle(*id, outcome).await;
        assert_eq!(scene.state(*id).await, state);
    }
    assert_eq!(scene.job(ids[0]).await.attempts.len(), 1);
    let figures = scene.group("spring");
    assert_eq!((figures.pending(), figures.state(State::Cancelled)), (0, 3));
    assert_eq!(scene.claim(10).await.len(), 0);
}

async fn a_large_group_is_stopped_as_a_whole(mut scene: Scene) {
    const MANY: usize = 12_000;
    let first = scene.enqueue(vec![grouped("spring"); MANY]).await[0];
    let other = scene.enqueue(vec![job(); 3]).await;
    let stopped = scene.set_group("spring", GroupGate::Stopped).await;
    assert_eq!(stopped.expect("the gate is set"), MANY as u64);
    assert_eq!(scene.state(first).await, State::Cancelled);
    assert_eq!(scene.claim_ids(10).await, other);
    scene.wait(seconds(1)).await;
    assert_eq!(scene.count(State::Cancelled), MANY as u64);
}

async fn nothing_of_a_stopped_group_is_put_back(scene: Scene) {
    let ids = scene.enqueue(vec![grouped("spring"), job()]).await;
    for id in scene.claim_ids(2).await {
        let dead = Outcome::Dead {
            reason: reason("bad"),
        };
        scene.settle(id, dead).await;
    }
    scene
        .set_group("spring", GroupGate::Stopped)
        .await
        .expect("the gate is set");
    let replay = Replay {
        select: everything(),
        dry_run: false,
        per_second: None,
    };
    let count = scene.store().replay(replay, scene.now).await;
    assert_eq!(count.expect("a count"), 1);
    assert_eq!(scene.state(ids[0]).await, State::Dead);
    assert_eq!(scene.claim_ids(10).await, ids[1..]);
    scene.lawful();
}

async fn the_jobs_of_a_mark_are_taken_once(scene: Scene) {
    let jobs = || vec![grouped("spring"); 3];
    let taken = scene.try_mark(jobs(), "spring", (30, false)).await;
    assert_eq!(taken.expect("they are taken").len(), 3);
    for upto in [1, 29, 30] {
        let again = scene.try_mark(jobs(), "spring", (upto, false)).await;
        assert!(
            matches!(again, Err(Error::Marked { upto: 30, .. })),
            "{again:?}"
        );
    }
    // That it ends there says something new only where no jobs come with it.
    let again = scene.try_mark(jobs(), "spring", (30, true)).await;
    assert!(matches!(again, Err(Error::Marked { .. })), "{again:?}");
    let next = scene.try_mark(jobs(), "spring", (31, false)).await;
    assert_eq!(next.expect("they are taken").len(), 3);
    let figures = scene.group("spring");
    assert_eq!((figures.accepted, figures.mark.upto), (6, 31));
    assert_eq!(scene.count(State::Waiting), 6);
}

async fn a_group_that_is_done_is_not_marked_again(scene: Scene) {
    let jobs = vec![grouped("spring")];
    let taken = scene.try_mark(jobs.clone(), "spring", (7, false)).await;
    taken.expect("it is taken");
    let ended = scene.try_mark(Vec::new(), "spring", (7, true)).await;
    ended.expect("it ends there");
    assert!(scene.group("spring").mark.done);
    for (jobs, upto) in [(jobs, 8), (Vec::new(), 8), (Vec::new(), 7)] {
        let again = scene.try_mark(jobs, "spring", (upto, true)).await;
        assert!(
            matches!(again, Err(Error::Marked { upto: 7, .. })),
            "{again:?}"
        );
    }
    assert_eq!(scene.counts().accepted, 1);
}

async fn the_figures_of_a_group_follow_its_jobs(mut scene: Scene) {
    scene
        .set_group("spring", GroupGate::Open)
        .await
        .expect("the gate is set");
    let ids = scene.enqueue(vec![grouped("spring"); 5]).await;
    assert_eq!(scene.claim(4).await.len(), 4);
    let due_at = scene.now + seconds(5);
    scene.settle(ids[0], Outcome::Retry { due_at }).await;
    let bad = || reason("bad");
    scene.settle(ids[1], Outcome::Dead { reason: bad() }).await;
    let unknown = Outcome::Unknown { reason: bad() };
    scene.settle(ids[2], unknown).await;
    let figures = scene.group("spring");
    for state in [State::Scheduled, State::Dead, State::Unknown, State::Active] {
        assert_eq!(figures.state(state), 1, "{state}");
    }
    scene
        .store()
        .resolve(ids[2], Scope::All, true, scene.now)
        .await
        .expect("it is known");
    let replay = Replay {
        select: everything(),
        dry_run: false,
        per_second: None,
    };
    let again = scene.store().replay(replay, scene.now).await;
    assert_eq!(again.expect("a count"), 1);
    scene.lawful();
    let figures = scene.group("spring");
    assert_eq!((figures.accepted, figures.pending()), (5, 4));
    assert_eq!(figures.state(State::Completed), 1);
    assert_eq!(figures.state(State::Dead), 0);
    scene.wait(seconds(10)).await;
    assert_eq!(scene.group("spring").state(State::Waiting), 3);
}

async fn a_group_that_is_kept_late_counts_what_is_there(scene: Scene) {
    scene.enqueue(vec![grouped("spring"); 4]).await;
    let leased = scene.claim(2).await;
    scene.complete(&leased[..1]).await;
    scene
        .set_group("spring", GroupGate::Open)
        .await
        .expect("the gate is set");
    let figures = scene.group("spring");
    assert_eq!((figures.accepted, figures.pending()), (4, 3));
    assert_eq!(figures.state(State::Completed), 1);
    scene.complete(&leased[1..]).await;
    assert_eq!(scene.group("spring").state(State::Completed), 2);
}

async fn a_group_is_forgotten_when_nothing_of_it_is_pending(scene: Scene) {
    assert!(
        !forget(&**scene.store(), "spring", &scene)
            .await
            .expect("an answer")
    );
    let jobs = vec![grouped("spring")];
    let taken = scene.try_mark(jobs, "spring", (1, true)).await;
    taken.expect("it is taken");
    let refused = forget(&**scene.store(), "spring", &scene).await;
    assert!(
        matches!(refused, Err(Error::Unfinished { pending: 1, .. })),
        "{refused:?}"
    );
    let leased = scene.claim(1).await;
    scene.complete(&leased).await;
    assert!(
        forget(&**scene.store(), "spring", &scene)
            .await
            .expect("an answer")
    );
    scene.lawful();
    let (tenant, group) = (TENANT.parse(), "spring".parse());
    let (tenant, group) = (tenant.expect("a name"), group.expect("a name"));
    assert!(scene.store().group(&tenant, &group).is_none());
    assert_eq!(scene.counts().accepted, 1);
}

async fn groups_survive_a_restart(mut scene: Scene) {
    let jobs = vec![grouped("spring"); 3];
    let taken = scene.try_mark(jobs, "spring", (44, false)).await;
    taken.expect("they are taken");
    let leased = scene.claim(1).await;
    scene.complete(&leased).await;
    scene
        .set_group("spring", GroupGate::Paused)
        .await
        .expect("the gate is set");
    scene
        .enqueue(vec![grouped("autumn"), grouped("winter")])
        .await;
    scene
        .set_group("autumn", GroupGate::Stopped)
        .await
        .expect("the gate is set");
    let before = ["spring", "autumn"].map(|group| scene.group(group));
    scene.reopen().await;
    let after = ["spring", "autumn"].map(|group| scene.group(group));
    assert_eq!(before, after);
    assert_eq!(scene.claim(10).await.len(), 1, "the one of winter");
    let refused = scene.try_enqueue(vec![grouped("autumn")]).await;
    assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");
    let again = scene
        .try_mark(vec![grouped("spring")], "spring", (44, false))
        .await;
    assert!(
        matches!(again, Err(Error::Marked { upto: 44, .. })),
        "{again:?}"
    );
    scene
        .set_group("spring", GroupGate::Open)
        .await
        .expect("the gate is set");
    assert_eq!(scene.claim(10).await.len(), 2);
}

async fn a_crash_ends_leases_of_a_stopped_group(mut scene: Scene) {
    let ids = scene.enqueue(vec![grouped("spring"); 3]).await;
    assert_eq!(scene.claim(3).await.len(), 3);
    let start = Start {
        line: line(),
        requests: 1,
        jobs: vec![ids[0]],
    };
    scene
        .store()
        .begin(start, scene.now)
        .await
        .expect("it is noted");
    scene
        .set_group("spring", GroupGate::Stopped)
        .await
        .expect("the gate is set");
    scene.reopen().await;
    scene.rescue(true).await;
    assert_eq!(scene.state(ids[0]).await, State::Unknown);
    assert_eq!(scene.group("spring").state(State::Cancelled), 2);
    assert_eq!(scene.claim(10).await.len(), 0);
}

async fn a_job_that_must_not_be_sent_is_taken_back_with_its_reason(mut scene: Scene) {
    let id = scene.enqueue(vec![grouped("spring")]).await[0];
    assert_eq!(scene.claim(1).await.len(), 1);
    let due_at = scene.now;
    scene.settle(id, Outcome::Retry { due_at }).await;
    let leased = scene.claim(1).await;
    assert_eq!(
        leased[0].group.as_ref().map(|name| name.as_str()),
        Some("spring")
    );
    let settlement = cauce_flow::queue::settlement::Settlement {
        job: id,
        outcome: Outcome::Cancelled {
            reason: reason("opted_out"),
        },
        attempt: None,
    };
    scene
        .store()
        .settle(vec![settlement], 0, scene.now)
        .await
        .expect("a settlement");
    for _ in 0..2 {
        let detail = scene.job(id).await;
        assert_eq!(detail.summary.state, State::Cancelled);
        assert_eq!(detail.summary.last_error, Some(reason("opted_out")));
        assert_eq!((detail.attempts.len(), detail.summary.attempt), (1, 1));
        scene.reopen().await;
    }
    assert_eq!(scene.count(State::Cancelled), 1);
}
