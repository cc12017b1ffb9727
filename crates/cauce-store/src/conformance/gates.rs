//! Pausing, draining, cancelling.

use cauce_flow::job::State;

use super::{
    promises,
    scene::{Scene, everything, grouped, job, job_of, line, own},
};
use crate::jobs::{Error, Gate};

promises! {
    a_paused_queue_takes_jobs_and_gives_none;
    a_paused_tenant_holds_up_nobody_else;
    a_draining_queue_finishes_what_is_there;
    a_job_is_cancelled_unless_it_is_leased;
    a_group_is_cancelled;
}

async fn set(scene: &Scene, tenant: Option<&str>, gate: Gate) {
    let tenant = tenant.map(|tenant| tenant.parse().expect("a name"));
    let set = scene
        .store()
        .set_gate(line().queue, tenant, gate, scene.now)
        .await;
    set.expect("the gate is set");
}

async fn a_paused_queue_takes_jobs_and_gives_none(scene: Scene) {
    scene.enqueue(vec![job()]).await;
    set(&scene, None, Gate::Paused).await;
    scene.enqueue(vec![job()]).await;
    assert_eq!(scene.claim(10).await.len(), 0);
    assert_eq!(scene.store().backlog(&line()).waiting, 0);
    assert_eq!(scene.store().gate(&line().queue, None), Gate::Paused);
    assert_eq!(
        (scene.counts().gate, scene.count(State::Waiting)),
        (Some(Gate::Paused), 2)
    );
    let wakeup = scene.store().wakeup(&line());
    set(&scene, None, Gate::Open).await;
    wakeup.notified().await;
    assert_eq!(scene.claim(10).await.len(), 2);
}

async fn a_paused_tenant_holds_up_nobody_else(scene: Scene) {
    scene
        .enqueue(vec![job_of("a"), job_of("b"), job_of("a")])
        .await;
    set(&scene, Some("a"), Gate::Paused).await;
    assert_eq!(scene.store().backlog(&line()).waiting, 1);
    let leased = scene.claim(10).await;
    assert_eq!(
        leased
            .iter()
            .map(|job| job.tenant.as_str())
            .collect::<Vec<_>>(),
        ["b"]
    );
    let a = "a".parse().expect("a name");
    assert_eq!(scene.store().gate(&line().queue, Some(&a)), Gate::Paused);
    assert_eq!(scene.store().gate(&line().queue, None), Gate::Open);
    assert_eq!(scene.counts().gated_tenants.get(&a), Some(&Gate::Paused));
    set(&scene, Some("a"), Gate::Open).await;
    assert_eq!(scene.claim(10).await.len(), 2);
}

async fn a_draining_queue_finishes_what_is_there(scene: Scene) {
    scene.enqueue(vec![job()]).await;
    set(&scene, None, Gate::Draining).await;
    let refused = scene.try_enqueue(vec![job()]).await;
    assert!(
        matches!(refused, Err(Error::Draining { .. })),
        "{refused:?}"
    );
    assert_eq!(scene.claim(10).await.len(), 1);
    set(&scene, None, Gate::Open).await;
    scene.enqueue(vec![job()]).await;
    assert_eq!(scene.counts().accepted, 2);
}

async fn a_job_is_cancelled_unless_it_is_leased(scene: Scene) {
    let ids = scene.enqueue(vec![job(); 3]).await;
    assert_eq!(scene.claim_ids(1).await, ids[..1]);
    let mut select = everything();
    select.ids = Some(vec![ids[0], ids[1], ids[1]]);
    assert_eq!(
        scene
            .store()
            .cancel(select.clone(), scene.now)
            .await
            .expect("a count"),
        1
    );
    scene.lawful();
    assert_eq!(scene.state(ids[0]).await, State::Active);
    assert_eq!(scene.state(ids[1]).await, State::Cancelled);
    assert_eq!(
        scene
            .store()
            .cancel(select, scene.now)
            .await
            .expect("a count"),
        0
    );
    assert_eq!(scene.claim_ids(10).await, ids[2..]);
}

async fn a_group_is_cancelled(scene: Scene) {
    scene.enqueue(vec![grouped("spring"); 5]).await;
    let other = scene.enqueue(vec![grouped("autumn")]).await;
    let mut select = everything();
    (select.scope, select.group) = (own("acme"), Some("spring".parse().expect("a name")));
    assert_eq!(
        scene
            .store()
            .cancel(select, scene.now)
            .await
            .expect("a count"),
        5
    );
    scene.lawful();
    assert_eq!(scene.count(State::Cancelled), 5);
    assert_eq!(scene.claim_ids(10).await, other);
}
