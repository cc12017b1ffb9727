//! Who is served, and when.

use std::collections::BTreeMap;

use cauce_flow::{
    id::JobId,
    job::{LeasedJob, NewJob, State},
    priority::Priority,
};

use super::{
    promises,
    scene::{Scene, grouped, job, job_of, line, seconds, urgent},
};
use crate::jobs::Change;

promises! {
    jobs_come_by_priority_then_due_time_then_arrival;
    lower_priorities_never_starve;
    tenants_take_turns_whatever_each_has;
    groups_take_turns;
    a_claim_keeps_to_its_limits;
    a_job_is_not_claimed_before_it_is_due;
    a_job_expires_exactly_at_its_time;
    a_leased_job_expires_when_it_comes_back_too_late;
    a_change_moves_a_waiting_job;
    a_backlog_tells_what_waits;
    nobody_else_gets_a_leased_job;
}

async fn jobs_come_by_priority_then_due_time_then_arrival(mut scene: Scene) {
    let due = |priority, after| NewJob {
        due_at: scene.now + seconds(after),
        ..urgent(priority)
    };
    let ids = scene
        .enqueue(vec![
            due(Priority::Normal, 3),
            due(Priority::Critical, 4),
            due(Priority::Normal, 1),
            due(Priority::Normal, 1),
            due(Priority::High, 2),
            due(Priority::Critical, 2),
        ])
        .await;
    scene.wait(seconds(10)).await;
    let order = [5, 1, 4, 2, 3, 0].map(|at: usize| ids[at]);
    for (place, id) in order[3..].iter().enumerate() {
        assert_eq!(scene.store().place(*id), Some(3 + place as u64));
    }
    assert_eq!(scene.claim_ids(4).await, order[..4]);
    assert_eq!(scene.claim_ids(4).await, order[4..]);
}

async fn lower_priorities_never_starve(scene: Scene) {
    scene.enqueue(vec![urgent(Priority::Critical); 1_000]).await;
    scene.enqueue(vec![urgent(Priority::Normal); 10]).await;
    scene.enqueue(vec![urgent(Priority::Low); 10]).await;
    let mut served: BTreeMap<Priority, usize> = BTreeMap::new();
    for _ in 0..10 {
        for job in scene.claim(40).await {
            *served.entry(job.priority).or_default() += 1;
        }
    }
    assert!(served[&Priority::Critical] >= 320, "{served:?}");
    assert!(
        served[&Priority::Normal] >= 5 && served[&Priority::Low] >= 2,
        "{served:?}"
    );
}

async fn tenants_take_turns_whatever_each_has(scene: Scene) {
    for _ in 0..5 {
        scene.enqueue(vec![job_of("whale"); 1_000]).await;
    }
    scene.enqueue(vec![job_of("minnow"); 10]).await;
    let mut before = 0;
    let mut minnows = 0;
    while minnows < 10 {
        let leased = scene.claim(100).await;
        let own = leased
            .iter()
            .filter(|job| job.tenant.as_str() == "minnow")
            .count();
        minnows += own;
        before += leased.len() - own;
        assert!(
            before <= 200,
            "{before} jobs of the whale before the {minnows}th of the minnow"
        );
    }
}

async fn groups_take_turns(scene: Scene) {
    scene.enqueue(vec![grouped("spring"); 50]).await;
    let late = scene.enqueue(vec![grouped("autumn"); 5]).await;
    let first = scene.claim_ids(12).await;
    assert!(
        late.iter().all(|id| first.contains(id)),
        "a small group waits for a large one"
    );
}

async fn a_claim_keeps_to_its_limits(scene: Scene) {
    let of = |bytes: usize| NewJob {
        payload: vec![b'x'; bytes].into(),
        ..job()
    };
    let ids = scene
        .enqueue(vec![of(40), of(40), of(40), of(500), of(10)])
        .await;
    let claim = |leased: Vec<LeasedJob>| leased.iter().map(|job| job.id).collect::<Vec<JobId>>();
    assert_eq!(claim(scene.claim_bytes(10, 100).await), ids[..2]);
    assert_eq!(claim(scene.claim_bytes(1, 100).await), ids[2..3]);
    // One is given even if it is larger, and alone.
    assert_eq!(claim(scene.claim_bytes(10, 100).await), ids[3..4]);
    assert_eq!(claim(scene.claim_bytes(10, 100).await), ids[4..]);
    assert_eq!(scene.claim(10).await.len(), 0);
}

async fn a_job_is_not_claimed_before_it_is_due(mut scene: Scene) {
    let id = scene
        .enqueue(vec![NewJob {
            due_at: scene.now + seconds(60),
            ..job()
        }])
        .await[0];
    assert_eq!(scene.state(id).await, State::Scheduled);
    let next = scene.store().advance(scene.now).await.expect("a time");
    assert!(next.is_some_and(|next| next > scene.now && next <= scene.now + seconds(60)));
    scene.wait(seconds(59)).await;
    assert_eq!(
        (scene.claim(1).await.len(), scene.count(State::Scheduled)),
        (0, 1)
    );
    // A claim sees by itself that the time has come.
    scene.now = scene.now + seconds(1);
    assert_eq!(scene.claim_ids(1).await, [id]);
}

async fn a_job_expires_exactly_at_its_time(mut scene: Scene) {
    let new = |after| NewJob {
        expires_at: scene.now + seconds(after),
        ..job()
    };
    let ids = scene.enqueue(vec![new(10), new(20), new(30)]).await;
    scene.wait(seconds(9)).await;
    assert_eq!(scene.count(State::Expired), 0);
    scene.wait(seconds(1)).await;
    assert_eq!(scene.count(State::Expired), 1);
    assert_eq!(scene.state(ids[0]).await, State::Expired);
    // Without `advance`, the claim itself does not hand out what is too old.
    scene.now = scene.now + seconds(10);
    assert_eq!(scene.claim_ids(10).await, ids[2..]);
    assert_eq!(scene.count(State::Expired), 2);
}

async fn a_leased_job_expires_when_it_comes_back_too_late(mut scene: Scene) {
    use cauce_flow::queue::settlement::Outcome;
    let id = scene
        .enqueue(vec![NewJob {
            expires_at: scene.now + seconds(10),
            ..job()
        }])
        .await[0];
    assert_eq!(scene.claim(1).await.len(), 1);
    scene.wait(seconds(20)).await;
    assert_eq!(scene.state(id).await, State::Active);
    scene.settle(id, Outcome::Release).await;
    assert_eq!(scene.claim(1).await.len(), 0);
    assert_eq!(scene.state(id).await, State::Expired);
}

async fn a_change_moves_a_waiting_job(mut scene: Scene) {
    let ids = scene.enqueue(vec![job(); 3]).await;
    let change = |priority, due_at| Change { priority, due_at };
    let all = crate::jobs::Scope::All;
    let urgent = change(Some(Priority::Critical), None);
    scene
        .store()
        .change(ids[2], all.clone(), urgent, scene.now)
        .await
        .expect("a change");
    let later = change(None, Some(scene.now + seconds(5)));
    scene
        .store()
        .change(ids[0], all.clone(), later, scene.now)
        .await
        .expect("a change");
    scene.lawful();
    assert_eq!(scene.state(ids[0]).await, State::Scheduled);
    assert_eq!(scene.claim_ids(10).await, [ids[2], ids[1]]);
    let refused = scene.store().change(ids[1], all, urgent, scene.now).await;
    assert!(matches!(
        refused,
        Err(crate::jobs::Error::State {
            found: State::Active,
            ..
        })
    ));
    scene.wait(seconds(5)).await;
    assert_eq!(scene.claim_ids(10).await, [ids[0]]);
}

async fn a_backlog_tells_what_waits(mut scene: Scene) {
    assert_eq!(scene.store().backlog(&line()).waiting, 0);
    let began = scene.now;
    scene.enqueue(vec![job(); 3]).await;
    scene.wait(seconds(2)).await;
    scene.enqueue(vec![urgent(Priority::High)]).await;
    let backlog = scene.store().backlog(&line());
    assert_eq!(
        (backlog.waiting, backlog.bytes),
        (4, 4 * job().payload.len() as u64)
    );
    assert_eq!(
        (backlog.oldest_at, backlog.oldest_urgent_at),
        (Some(began), Some(scene.now))
    );
    assert_eq!(scene.counts().oldest_at, Some(began));
    scene.claim(1).await;
    assert_eq!(scene.store().backlog(&line()).oldest_urgent_at, None);
    assert_eq!(scene.store().lines(), [line()]);
}

async fn nobody_else_gets_a_leased_job(scene: Scene) {
    let ids = scene.enqueue(vec![job(); 20]).await;
    let mut got = Vec::new();
    for _ in 0..10 {
        got.extend(scene.claim_ids(3).await);
    }
    assert_eq!(got, ids);
    assert_eq!(scene.count(State::Active), 20);
}
