//! Rules, months, what follows from events, and who watches.

use std::time::Duration;

use bytes::Bytes;
use cauce_flow::{shape::sampler::Rule, time::Timestamp};

use super::{
    promises,
    scene::{Scene, acme, event, other, taken},
};
use crate::store::Shaped;

promises! {
    a_rule_holds_for_its_tenant_until_it_is_taken_back;
    a_rule_survives_a_restart, restarts;
    a_month_that_is_too_old_goes_as_a_whole;
    a_clock_that_jumps_takes_one_month_at_most;
    what_follows_from_an_event_is_handed_on_until_that_is_acknowledged;
    what_follows_from_an_event_survives_a_restart, restarts;
    whoever_watches_sees_each_new_event_once;
}

const ONE_IN_TEN: Rule = Rule {
    sampling_rate: 10.0,
    always_keep: false,
};

async fn set(scene: &Scene, rule: Option<Rule>) {
    let kind = "SCROLL".parse().expect("a kind");
    let set = scene.store().set_rule(acme(), kind, rule, scene.now).await;
    set.expect("a rule is set");
}

async fn a_rule_holds_for_its_tenant_until_it_is_taken_back(scene: Scene) {
    set(&scene, Some(ONE_IN_TEN)).await;
    let kind = "SCROLL".parse().expect("a kind");
    assert_eq!(scene.store().rules(&acme()), [(kind, ONE_IN_TEN)]);
    assert_eq!(scene.store().rules(&other()), []);
    set(&scene, None).await;
    assert_eq!(scene.store().rules(&acme()), []);
}

async fn a_rule_survives_a_restart(mut scene: Scene) {
    set(&scene, Some(ONE_IN_TEN)).await;
    scene.reopen().await;
    assert_eq!(scene.store().rules(&acme()).len(), 1);
}

/// An event in each of the last months, the newest first.
async fn months(scene: &Scene, count: u64) {
    for month in 0..count {
        let at = scene.now - Duration::from_secs(month * 31 * 86_400);
        scene
            .take(vec![event(u128::from(month), at, "CLICK")])
            .await;
    }
    scene.flush().await;
}

fn days(scene: &Scene, days: u64) -> Timestamp {
    scene.now - Duration::from_secs(days * 86_400)
}

async fn maintain(scene: &Scene, keep_from: Timestamp) -> Vec<String> {
    let dropped = scene.store().maintain(keep_from, scene.now).await;
    assert_eq!(scene.store().audit(), Vec::<String>::new());
    dropped.expect("months are dropped")
}

async fn a_month_that_is_too_old_goes_as_a_whole(scene: Scene) {
    months(&scene, 3).await;
    assert_eq!(
        maintain(&scene, days(&scene, 100)).await,
        Vec::<String>::new()
    );
    assert_eq!(
        maintain(&scene, days(&scene, 30)).await,
        ["tracking_events_2025_08"]
    );
    assert_eq!(scene.ids(acme()).await, [(1, 1), (0, 1)]);
    assert_eq!(
        maintain(&scene, days(&scene, 30)).await,
        Vec::<String>::new()
    );
    // An event of a month that has gone once makes it anew.
    let late = event(9, days(&scene, 62), "SCROLL");
    assert_eq!(scene.take(vec![late]).await, taken(1, 0, 0));
    assert_eq!(scene.ids(acme()).await, [(9, 1), (1, 1), (0, 1)]);
}

async fn a_clock_that_jumps_takes_one_month_at_most(mut scene: Scene) {
    months(&scene, 6).await;
    let keep_from = scene.now + Duration::from_secs(400 * 86_400);
    assert_eq!(maintain(&scene, keep_from).await.len(), 1);
    // Again at once, and when the clock is right again: no hurry.
    assert_eq!(maintain(&scene, keep_from).await.len(), 1);
    assert_eq!(maintain(&scene, days(&scene, 400)).await.len(), 0);
    assert_eq!(maintain(&scene, keep_from).await.len(), 1);
    assert_eq!(scene.ids(acme()).await.len(), 3);
    // A day later it still says so.
    scene.wait(86_400);
    assert_eq!(maintain(&scene, keep_from).await.len(), 3);
    assert_eq!(scene.ids(acme()).await.len(), 0);
}

fn following(id: u128, scene: &Scene) -> Shaped {
    let mut shaped = event(id, scene.at(id as u64 * 100), "PURCHASE");
    shaped.follow_up = Some(Bytes::from(format!("of {id}")));
    shaped
}

async fn pending(scene: &Scene, max: usize) -> Vec<(u64, u128)> {
    let pending = scene.store().follow_ups(max).await.expect("follow-ups");
    for follow in &pending {
        assert_eq!(follow.bytes, format!("of {}", follow.event.as_u128()));
    }
    assert!(pending.is_sorted_by_key(|follow| follow.position));
    pending
        .iter()
        .map(|follow| (follow.position, follow.event.as_u128()))
        .collect()
}

async fn followed(scene: &Scene, through: u64) {
    let done = scene.store().followed(through).await;
    done.expect("an acknowledgement");
}

async fn what_follows_from_an_event_is_handed_on_until_that_is_acknowledged(scene: Scene) {
    let wakeup = scene.store().follow_up_wakeup();
    scene
        .take(vec![
            following(1, &scene),
            event(2, scene.now, "CLICK"),
            following(3, &scene),
        ])
        .await;
    // The wake-up is kept for whoever comes to wait for it.
    wakeup.notified().await;
    scene
        .take(vec![following(1, &scene), following(4, &scene)])
        .await;
    let events =
        |pending: &[(u64, u128)]| pending.iter().map(|(_, event)| *event).collect::<Vec<_>>();
    let all = pending(&scene, 100).await;
    assert_eq!(events(&all), [1, 3, 4]);
    assert_eq!(pending(&scene, 100).await, all);
    // A call is handed on as a whole.
    let first = pending(&scene, 1).await;
    assert_eq!(events(&first), [1, 3]);
    followed(&scene, first[0].0).await;
    assert_eq!(events(&pending(&scene, 100).await), [4]);
    followed(&scene, all[2].0).await;
    assert_eq!(pending(&scene, 100).await, []);
}

async fn what_follows_from_an_event_survives_a_restart(mut scene: Scene) {
    scene.take(vec![following(1, &scene)]).await;
    scene.take(vec![following(2, &scene)]).await;
    let all = pending(&scene, 100).await;
    followed(&scene, all[0].0).await;
    scene.flush().await;
    scene.reopen().await;
    assert_eq!(pending(&scene, 100).await, all[1..]);
}

async fn whoever_watches_sees_each_new_event_once(scene: Scene) {
    scene.take(vec![event(1, scene.now, "CLICK")]).await;
    let mut live = scene.store().live();
    let equal_and_repeated = vec![
        event(2, scene.at(1), "CLICK"),
        event(1, scene.now, "CLICK"),
        event(3, scene.now, "SCROLL"),
    ];
    scene.take(equal_and_repeated).await;
    let rows = live.try_recv().expect("what was taken");
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row.id.as_u128(), row.count))
        .collect();
    assert_eq!(seen, [(2, 1), (3, 1)]);
    assert!(live.try_recv().is_err());
}
