//! What is kept of jobs that ended, and how it is looked at.

use cauce_flow::{job::State, queue::settlement::Outcome};

use super::{
    Limits, promises,
    scene::{Scene, everything, grouped, job, reason, seconds},
};
use crate::jobs::{Error, Page, Scope};

promises! {
    the_newest_completed_jobs_are_kept with Limits { completed: 3, ..Limits::default() };
    dead_letters_are_listed_for_their_time_and_counted_for_ever
        with Limits { dead_for: seconds(100), ended_for: seconds(50), ..Limits::default() };
    a_dead_letter_is_forgotten_and_stays_counted;
    old_history_is_cleaned;
    dead_letters_are_grouped_by_reason;
    a_list_is_filtered_and_goes_on_at_its_cursor;
}

async fn the_newest_completed_jobs_are_kept(scene: Scene) {
    let ids = scene.enqueue(vec![job(); 5]).await;
    let leased = scene.claim(5).await;
    scene.complete(&leased).await;
    assert_eq!(scene.count(State::Completed), 5);
    let listed = scene
        .store()
        .list(
            everything(),
            Page {
                limit: 10,
                before: None,
            },
        )
        .await;
    let listed: Vec<_> = listed
        .expect("a page")
        .jobs
        .iter()
        .map(|job| job.id)
        .collect();
    assert_eq!(listed, [ids[4], ids[3], ids[2]]);
    let gone = scene.store().job(ids[0], Scope::All).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })));
}

async fn dead_letters_are_listed_for_their_time_and_counted_for_ever(mut scene: Scene) {
    let dead = scene.bury(1, "http_400").await[0];
    let cancelled = scene.enqueue(vec![job()]).await[0];
    scene
        .store()
        .cancel(everything(), scene.now)
        .await
        .expect("a count");
    scene.wait(seconds(49)).await;
    assert_eq!(scene.state(cancelled).await, State::Cancelled);
    scene.wait(seconds(50)).await;
    assert_eq!(scene.state(dead).await, State::Dead);
    assert!(scene.store().job(cancelled, Scope::All).await.is_err());
    scene.wait(seconds(1)).await;
    assert!(scene.store().job(dead, Scope::All).await.is_err());
    let counts = scene.counts();
    assert_eq!((counts.state(State::Dead), counts.dead_listed), (1, 0));
    assert_eq!(counts.state(State::Cancelled), 1);
}

async fn a_dead_letter_is_forgotten_and_stays_counted(scene: Scene) {
    let id = scene.bury(1, "http_400").await[0];
    let waits = scene.enqueue(vec![job()]).await[0];
    scene
        .store()
        .forget(id, Scope::All, scene.now)
        .await
        .expect("it is forgotten");
    scene.lawful();
    assert!(scene.store().job(id, Scope::All).await.is_err());
    assert_eq!(
        (scene.count(State::Dead), scene.counts().dead_listed),
        (1, 0)
    );
    let refused = scene.store().forget(waits, Scope::All, scene.now).await;
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
}

async fn old_history_is_cleaned(mut scene: Scene) {
    let old = scene.bury(3, "http_400").await;
    scene.wait(seconds(10)).await;
    let new = scene.bury(1, "http_400").await;
    let before = scene.now;
    let clean = async |limit| scene.store().clean(everything(), before, limit).await;
    assert_eq!(clean(2).await.expect("a count"), 2);
    assert!(
        scene.store().job(old[1], Scope::All).await.is_err(),
        "the oldest go first"
    );
    assert_eq!(clean(10).await.expect("a count"), 1);
    scene.lawful();
    assert_eq!(scene.state(new[0]).await, State::Dead);
    assert_eq!(scene.count(State::Dead), 4);
}

async fn dead_letters_are_grouped_by_reason(mut scene: Scene) {
    scene.bury(2, "http_400").await;
    scene.wait(seconds(5)).await;
    scene.bury(1, "http_400").await;
    scene.bury(1, "token").await;
    let groups = scene
        .store()
        .dead_reasons(everything())
        .await
        .expect("the groups");
    let told: Vec<_> = groups
        .iter()
        .map(|group| (group.code.as_str(), group.count, group.newest_at))
        .collect();
    assert_eq!(told, [("http_400", 3, scene.now), ("token", 1, scene.now)]);
    assert_eq!(groups[0].detail, reason("http_400").detail);
}

async fn a_list_is_filtered_and_goes_on_at_its_cursor(scene: Scene) {
    let ids = scene.enqueue(vec![grouped("spring"); 7]).await;
    scene.enqueue(vec![job(); 7]).await;
    scene.claim(3).await;
    let mut select = everything();
    select.group = Some("spring".parse().expect("a name"));
    let (mut seen, mut before) = (Vec::new(), None);
    for _ in 0..10 {
        let page = Page { limit: 3, before };
        let listed = scene
            .store()
            .list(select.clone(), page)
            .await
            .expect("a page");
        assert!(listed.jobs.len() <= 3);
        seen.extend(listed.jobs.iter().map(|job| job.id));
        before = listed.next;
        if before.is_none() {
            break;
        }
    }
    let newest_first: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(seen, newest_first);
    for leased in scene.claim(100).await {
        scene
            .settle(
                leased.id,
                Outcome::Dead {
                    reason: reason("http_400"),
                },
            )
            .await;
    }
    select.states = vec![State::Dead];
    select.text = Some("SAID http".to_owned());
    let page = Page {
        limit: 100,
        before: None,
    };
    let listed = scene
        .store()
        .list(select.clone(), page)
        .await
        .expect("a page");
    assert!(!listed.jobs.is_empty());
    select.text = Some("nothing like it".to_owned());
    let listed = scene.store().list(select, page).await.expect("a page");
    assert_eq!((listed.jobs.len(), listed.next), (0, None));
}
