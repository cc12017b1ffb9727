//! Taking jobs in.

use bytes::Bytes;
use cauce_flow::{
    job::{NewJob, State},
    priority::Priority,
};

use super::{
    Limits, promises,
    scene::{Scene, TENANT, everything, job, job_of, keyed, own, seconds},
};
use crate::jobs::{DropReason, Dropped, Enqueue, Error, Gate, Page, Scope};

promises! {
    jobs_are_taken_and_told_back;
    a_known_key_is_a_duplicate_for_24_hours;
    keys_of_other_tenants_are_other_keys;
    a_batch_past_the_limit_of_jobs_is_refused_whole with Limits { max_jobs: 3, ..Limits::default() };
    a_batch_past_the_limit_of_bytes_is_refused_whole with Limits { max_bytes: 20, ..Limits::default() };
    dropped_events_are_counted;
    a_batch_of_many_tenants_and_queues_is_taken_as_a_whole, restarts;
    a_batch_is_refused_whole_for_one_full_queue_and_the_refusal_names_the_job with Limits { max_jobs: 3, ..Limits::default() };
    a_batch_is_refused_whole_for_one_draining_tenant_and_the_refusal_names_the_job;
    a_tenant_that_fills_a_queue_leaves_room_for_the_others with Limits { max_jobs: 100, tenant_reserve: 0.1, ..Limits::default() };
    a_tenant_that_fills_a_queue_with_bytes_leaves_room_for_the_others with Limits { max_bytes: 1_000, tenant_reserve: 0.1, ..Limits::default() };
    jobs_that_are_known_need_no_room with Limits { max_jobs: 2, ..Limits::default() };
    another_tenants_jobs_are_not_found;
    waiting_work_wakes_its_line_and_timers_nudge;
}

async fn jobs_are_taken_and_told_back(scene: Scene) {
    let new = NewJob {
        priority: Priority::High,
        group: Some("spring".parse().expect("a name")),
        payload: Bytes::from_static(b"{\"to\":\"+34\"}"),
        expires_at: scene.now + seconds(60),
        max_attempts: 7,
        ..job()
    };
    let ids = scene.enqueue(vec![new.clone(), job()]).await;
    let told = scene.job(ids[0]).await;
    assert_eq!(told.payload, new.payload);
    assert_eq!(told.summary.line, new.line);
    assert_eq!(
        (told.summary.priority, told.summary.group),
        (Priority::High, new.group)
    );
    assert_eq!(
        (told.summary.enqueued_at, told.summary.due_at),
        (scene.now, scene.now)
    );
    assert_eq!(
        (told.summary.expires_at, told.summary.max_attempts),
        (new.expires_at, 7)
    );
    assert_eq!(
        (told.summary.state, told.summary.attempt),
        (State::Waiting, 0)
    );
    assert_eq!(ids[0].taken_at(), scene.now);
    let counts = scene.counts();
    assert_eq!(
        (counts.accepted, counts.waiting_by_priority),
        (2, [0, 1, 1, 0])
    );
    assert_eq!(
        counts.pending_bytes,
        (new.payload.len() + job().payload.len()) as u64
    );
    assert_eq!(scene.store().place(ids[1]), Some(1));
}

async fn a_known_key_is_a_duplicate_for_24_hours(mut scene: Scene) {
    let new = || vec![keyed(TENANT, "order-1")];
    let first = scene
        .try_enqueue(vec![keyed(TENANT, "order-1"), keyed(TENANT, "order-1")])
        .await;
    let first = first.expect("the first is taken");
    assert_eq!((first[0].duplicate, first[1].duplicate), (false, true));
    assert_eq!(first[0].id, first[1].id);
    let leased = scene.claim(10).await;
    assert_eq!(leased.len(), 1);
    scene.complete(&leased).await;
    scene.wait(seconds(86_399)).await;
    let again = scene
        .try_enqueue(new())
        .await
        .expect("a duplicate is an answer");
    assert_eq!((again[0].duplicate, again[0].id), (true, first[0].id));
    scene.wait(seconds(2)).await;
    let later = scene.try_enqueue(new()).await.expect("a new job");
    assert!(!later[0].duplicate && later[0].id != first[0].id);
    assert_eq!((scene.counts().duplicates, scene.counts().received), (2, 4));
}

async fn keys_of_other_tenants_are_other_keys(scene: Scene) {
    let answers = scene
        .try_enqueue(vec![keyed("a", "1"), keyed("b", "1"), keyed("a", "2")])
        .await;
    let answers = answers.expect("three jobs");
    assert!(answers.iter().all(|answer| !answer.duplicate));
}

async fn a_batch_past_the_limit_of_jobs_is_refused_whole(scene: Scene) {
    scene.enqueue(vec![job(); 2]).await;
    let refused = scene.try_enqueue(vec![job(); 2]).await;
    assert!(
        matches!(
            refused,
            Err(Error::Full {
                setting: "max_jobs",
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(scene.counts().accepted, 2);
    let leased = scene.claim(1).await;
    scene.complete(&leased).await;
    scene.enqueue(vec![job(); 2]).await;
}

async fn a_batch_past_the_limit_of_bytes_is_refused_whole(scene: Scene) {
    let of = |bytes: usize| NewJob {
        payload: vec![b'x'; bytes].into(),
        ..job()
    };
    scene.enqueue(vec![of(10)]).await;
    let refused = scene.try_enqueue(vec![of(1), of(10)]).await;
    assert!(
        matches!(
            refused,
            Err(Error::Full {
                setting: "max_bytes",
                ..
            })
        ),
        "{refused:?}"
    );
    scene.enqueue(vec![of(5), of(5)]).await;
    assert_eq!(scene.counts().pending_bytes, 20);
}

async fn dropped_events_are_counted(scene: Scene) {
    let dropped = |why, count| Dropped {
        tenant: TENANT.parse().expect("a name"),
        queue: job().line.queue,
        why,
        count,
    };
    let batch = Enqueue {
        jobs: vec![job()],
        dropped: vec![
            dropped(DropReason::Withheld, 3),
            dropped(DropReason::Rejected, 2),
        ],
        mark: None,
    };
    scene
        .store()
        .enqueue(batch, scene.now)
        .await
        .expect("it is counted");
    scene.lawful();
    let counts = scene.counts();
    assert_eq!(
        (counts.received, counts.withheld, counts.rejected),
        (6, 3, 2)
    );
}

/// A job of each tenant in each queue, and an event of each that is dropped.
fn crowd(key: &str) -> Enqueue {
    let mut batch = Enqueue::default();
    for tenant in ["a", "b", "c"] {
        for queue in ["meta", "google"] {
            batch
                .jobs
                .push(in_queue(queue, keyed(tenant, &format!("{key}-{queue}"))));
            batch.dropped.push(Dropped {
                tenant: tenant.parse().expect("a name"),
                queue: queue.parse().expect("a name"),
                why: DropReason::Withheld,
                count: 2,
            });
        }
    }
    batch
}

fn in_queue(queue: &str, mut job: NewJob) -> NewJob {
    job.line.queue = queue.parse().expect("a name");
    job
}

/// What is counted of a tenant in a queue: taken, waiting, received, withheld, duplicates.
fn figures(scene: &Scene, tenant: &str, queue: &str) -> [u64; 5] {
    let queue = queue.parse().expect("a name");
    let mut counts = scene.store().counts(&own(tenant));
    let counts = counts.remove(&queue).unwrap_or_default();
    [
        counts.accepted,
        counts.state(State::Waiting),
        counts.received,
        counts.withheld,
        counts.duplicates,
    ]
}

async fn a_batch_of_many_tenants_and_queues_is_taken_as_a_whole(mut scene: Scene) {
    let commits = scene.store().vitals().commits;
    let taken = scene.store().enqueue(crowd("1"), scene.now).await;
    let ids: Vec<_> = taken
        .expect("it is taken")
        .iter()
        .map(|job| job.id)
        .collect();
    assert_eq!(scene.store().vitals().commits, commits + 1);
    scene.lawful();
    let again = scene.store().enqueue(crowd("1"), scene.now).await;
    let again = again.expect("duplicates are an answer");
    assert!(again.iter().all(|answer| answer.duplicate));
    scene.reopen().await;
    for tenant in ["a", "b", "c"] {
        for queue in ["meta", "google"] {
            assert_eq!(
                figures(&scene, tenant, queue),
                [1, 1, 6, 4, 1],
                "{tenant} {queue}"
            );
        }
    }
    // All tenants are served, in each queue for itself.
    let leased = scene.claim_ids(10).await;
    assert_eq!(leased, [ids[0], ids[2], ids[4]]);
}

async fn a_batch_is_refused_whole_for_one_full_queue_and_the_refusal_names_the_job(scene: Scene) {
    scene.enqueue(vec![in_queue("google", job_of("z"))]).await;
    // Two more fit into one of the queues, three into the other.
    let refused = scene.store().enqueue(crowd("1"), scene.now).await;
    let Err(Error::Full {
        entry,
        queue,
        tenant,
        setting,
        ..
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((entry, queue.as_str(), tenant.as_str()), (5, "google", "c"));
    assert_eq!(setting, "max_jobs");
    scene.lawful();
    for tenant in ["a", "b", "c"] {
        for queue in ["meta", "google"] {
            assert_eq!(figures(&scene, tenant, queue), [0; 5], "{tenant} {queue}");
        }
    }
}

async fn a_batch_is_refused_whole_for_one_draining_tenant_and_the_refusal_names_the_job(
    scene: Scene,
) {
    let queue = || "google".parse().expect("a name");
    let tenant = Some("b".parse().expect("a name"));
    let shut = scene
        .store()
        .set_gate(queue(), tenant, Gate::Draining, scene.now);
    shut.await.expect("a gate");
    let refused = scene.store().enqueue(crowd("1"), scene.now).await;
    let Err(Error::Draining {
        entry,
        queue,
        tenant,
    }) = refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((entry, queue.as_str(), tenant.as_str()), (3, "google", "b"));
    assert_eq!(figures(&scene, "a", "meta"), [0; 5]);
}

/// The setting that refuses a job of a tenant, if it is refused.
async fn refusal(scene: &Scene, new: NewJob) -> Option<&'static str> {
    match scene.try_enqueue(vec![new]).await {
        Ok(_) => None,
        Err(Error::Full { setting, .. }) => Some(setting),
        Err(error) => panic!("{error}"),
    }
}

async fn a_tenant_that_fills_a_queue_leaves_room_for_the_others(scene: Scene) {
    scene.enqueue(vec![job_of("flood"); 100]).await;
    assert_eq!(refusal(&scene, job_of("flood")).await, Some("max_jobs"));
    // A second one that would take all that is left gets a half of it.
    let mut taken = 0;
    while refusal(&scene, job_of("greedy")).await.is_none() {
        taken += 1;
    }
    assert_eq!(taken, 5);
    let refused = refusal(&scene, job_of("greedy")).await;
    assert_eq!(refused, Some("tenant_reserve"));
    for quiet in ["a", "b", "c"] {
        assert_eq!(refusal(&scene, job_of(quiet)).await, None, "{quiet}");
    }
    // Another queue has its own room.
    assert_eq!(
        refusal(&scene, in_queue("google", job_of("flood"))).await,
        None
    );
    // What is more than the limit goes first.
    let leased = scene.claim(9).await;
    scene.complete(&leased).await;
    assert_eq!(refusal(&scene, job_of("flood")).await, None);
    assert_eq!(refusal(&scene, job_of("flood")).await, Some("max_jobs"));
}

async fn a_tenant_that_fills_a_queue_with_bytes_leaves_room_for_the_others(scene: Scene) {
    let of = |tenant, bytes: usize| NewJob {
        payload: vec![b'x'; bytes].into(),
        ..job_of(tenant)
    };
    scene.enqueue(vec![of("flood", 1_000)]).await;
    assert_eq!(refusal(&scene, of("flood", 1)).await, Some("max_bytes"));
    assert_eq!(refusal(&scene, of("a", 30)).await, None);
    assert_eq!(refusal(&scene, of("b", 30)).await, None);
    assert_eq!(refusal(&scene, of("a", 30)).await, Some("tenant_reserve"));
    assert_eq!(refusal(&scene, of("c", 101)).await, Some("max_bytes"));
    assert_eq!(refusal(&scene, of("c", 20)).await, None);
}

async fn jobs_that_are_known_need_no_room(scene: Scene) {
    let both = || vec![keyed("a", "1"), keyed("a", "2")];
    scene.try_enqueue(both()).await.expect("they fit");
    let again = scene.try_enqueue(both()).await.expect("they are there");
    assert!(again.iter().all(|answer| answer.duplicate));
    let more = scene
        .try_enqueue(vec![keyed("a", "1"), keyed("a", "3")])
        .await;
    assert!(
        matches!(more, Err(Error::Full { entry: 1, .. })),
        "{more:?}"
    );
}

async fn another_tenants_jobs_are_not_found(scene: Scene) {
    let id = scene.enqueue(vec![job_of("a")]).await[0];
    scene.enqueue(vec![job_of("b")]).await;
    let store = scene.store();
    let not_found = |error: Error| assert!(matches!(error, Error::NotFound { .. }), "{error}");
    not_found(
        store
            .job(id, own("b"))
            .await
            .map(drop)
            .expect_err("another's"),
    );
    not_found(
        store
            .job(id, own("stranger"))
            .await
            .map(drop)
            .expect_err("another's"),
    );
    not_found(
        store
            .change(id, own("b"), Default::default(), scene.now)
            .await
            .expect_err("another's"),
    );
    not_found(
        store
            .forget(id, own("b"), scene.now)
            .await
            .expect_err("another's"),
    );
    not_found(
        store
            .resolve(id, own("b"), true, scene.now)
            .await
            .expect_err("another's"),
    );
    let mut select = everything();
    (select.scope, select.ids) = (own("b"), Some(vec![id]));
    assert_eq!(
        store.cancel(select.clone(), scene.now).await.expect("none"),
        0
    );
    select.ids = None;
    let page = Page {
        limit: 10,
        before: None,
    };
    assert_eq!(
        store.list(select, page).await.expect("a page").jobs.len(),
        1
    );
    let counts = store.counts(&own("a"));
    assert_eq!(
        counts.values().map(|counts| counts.accepted).sum::<u64>(),
        1
    );
    assert_eq!(
        store
            .counts(&Scope::Tenant("stranger".parse().expect("a name")))
            .len(),
        0
    );
}

async fn waiting_work_wakes_its_line_and_timers_nudge(mut scene: Scene) {
    let wakeup = scene.store().wakeup(&job().line);
    scene.enqueue(vec![job()]).await;
    wakeup.notified().await;
    let nudge = scene.store().nudge();
    scene.wait(seconds(0)).await;
    let later = NewJob {
        due_at: scene.now + seconds(5),
        ..job()
    };
    scene.enqueue(vec![later]).await;
    nudge.notified().await;
    let leased = scene.claim(10).await;
    scene.complete(&leased).await;
    let wakeup = scene.store().wakeup(&job().line);
    scene.wait(seconds(5)).await;
    wakeup.notified().await;
    assert_eq!(scene.claim(10).await.len(), 1);
}
