//! Events come in: repeats are recognised, equal ones added up, each is accounted for.

use super::{
    promises,
    scene::{Scene, acme, by, event, intake, other, taken, with},
};
use crate::store::Counters;

promises! {
    every_event_of_a_call_is_accounted_for;
    a_call_of_nothing_changes_nothing;
    a_repeat_is_recognised_within_a_call_and_between_calls;
    a_repeat_is_recognised_after_a_flush_and_for_a_day;
    ids_of_different_tenants_have_nothing_to_do_with_each_other;
    equal_events_within_a_minute_are_one_row;
    equal_events_are_one_row_across_a_flush;
    events_that_differ_in_anything_are_rows_of_their_own;
    what_was_taken_survives_a_restart, restarts;
    equal_events_are_one_row_across_a_restart, restarts;
}

async fn every_event_of_a_call_is_accounted_for(scene: Scene) {
    let now = scene.now;
    let events = vec![
        event(1, now, "CLICK"),
        event(1, now, "CLICK"),
        event(2, now, "CLICK"),
        event(3, now, "SCROLL"),
    ];
    let mut call = intake(acme(), events);
    (call.sampled_out, call.withheld, call.rejected) = (5, 6, 7);
    assert_eq!(scene.take_all(call).await, taken(2, 1, 1));
    let counters = Counters {
        received: 22,
        stored: 2,
        sampled_out: 5,
        merged: 1,
        duplicates: 1,
        withheld: 6,
        rejected: 7,
    };
    assert_eq!(scene.store().counters(Some(&acme())), counters);
    assert_eq!(scene.store().counters(None), counters);
    assert_eq!(scene.store().counters(Some(&other())), Counters::default());
    assert_eq!(scene.ids(acme()).await, [(1, 2), (3, 1)]);
}

async fn a_call_of_nothing_changes_nothing(scene: Scene) {
    assert_eq!(scene.take(Vec::new()).await, taken(0, 0, 0));
    assert_eq!(scene.store().counters(None), Counters::default());
}

async fn a_repeat_is_recognised_within_a_call_and_between_calls(scene: Scene) {
    let events = || vec![event(1, scene.now, "CLICK"), event(1, scene.now, "SCROLL")];
    assert_eq!(scene.take(events()).await, taken(1, 0, 1));
    assert_eq!(scene.take(events()).await, taken(0, 0, 2));
    assert_eq!(scene.ids(acme()).await, [(1, 1)]);
}

async fn a_repeat_is_recognised_after_a_flush_and_for_a_day(mut scene: Scene) {
    const DAY: u64 = 86_400;
    let first = scene.now;
    let again = || vec![event(1, first, "CLICK")];
    assert_eq!(scene.take(again()).await, taken(1, 0, 0));
    scene.flush().await;
    scene.wait(DAY - 1);
    assert_eq!(scene.take(again()).await, taken(0, 0, 1));
    scene.wait(1);
    assert_eq!(scene.take(again()).await, taken(1, 0, 0));
}

async fn ids_of_different_tenants_have_nothing_to_do_with_each_other(scene: Scene) {
    let events = || vec![event(1, scene.now, "CLICK")];
    assert_eq!(
        scene.take_all(intake(acme(), events())).await,
        taken(1, 0, 0)
    );
    assert_eq!(
        scene.take_all(intake(other(), events())).await,
        taken(1, 0, 0)
    );
    assert_eq!(scene.ids(other()).await, [(1, 1)]);
}

async fn equal_events_within_a_minute_are_one_row(scene: Scene) {
    let start = scene.at(1_000);
    let at = |seconds: u64| start + std::time::Duration::from_secs(seconds);
    let events = vec![
        event(1, at(60), "CLICK"),
        event(2, at(119), "CLICK"),
        event(3, at(1), "CLICK"),
        event(4, at(120), "CLICK"),
    ];
    assert_eq!(scene.take(events).await, taken(2, 2, 0));
    assert_eq!(scene.ids(acme()).await, [(1, 3), (4, 1)]);
}

async fn equal_events_are_one_row_across_a_flush(scene: Scene) {
    assert_eq!(
        scene.take(vec![event(1, scene.now, "CLICK")]).await,
        taken(1, 0, 0)
    );
    scene.flush().await;
    let second = vec![event(2, scene.at(1), "CLICK")];
    assert_eq!(scene.take(second).await, taken(0, 1, 0));
    assert_eq!(scene.ids(acme()).await, [(1, 2)]);
    scene.flush().await;
    assert_eq!(scene.ids(acme()).await, [(1, 2)]);
}

async fn events_that_differ_in_anything_are_rows_of_their_own(scene: Scene) {
    let now = scene.now;
    let mut of_bot = event(5, now, "CLICK");
    of_bot.event.bot = true;
    let mut of_weight = event(6, now, "CLICK");
    of_weight.weight = 10.0;
    let events = vec![
        event(1, now, "CLICK"),
        event(2, now, "SCROLL"),
        by(9, event(3, now, "CLICK")),
        with(r#"{"a":1}"#, event(4, now, "CLICK")),
        of_bot,
        of_weight,
        with(r#"{"a":2}"#, event(7, now, "CLICK")),
    ];
    assert_eq!(scene.take(events).await, taken(7, 0, 0));
    let equal = vec![with(r#"{ "a": 1 }"#, event(8, now, "CLICK"))];
    assert_eq!(scene.take(equal).await, taken(0, 1, 0));
}

async fn what_was_taken_survives_a_restart(mut scene: Scene) {
    scene.take(vec![event(1, scene.now, "CLICK")]).await;
    scene.flush().await;
    scene.take(vec![event(2, scene.now, "SCROLL")]).await;
    scene.reopen().await;
    assert_eq!(scene.ids(acme()).await, [(1, 1), (2, 1)]);
    let again = vec![event(1, scene.now, "CLICK"), event(2, scene.now, "SCROLL")];
    assert_eq!(scene.take(again).await, taken(0, 0, 2));
    assert_eq!(scene.store().counters(None).received, 4);
}

async fn equal_events_are_one_row_across_a_restart(mut scene: Scene) {
    scene.take(vec![event(1, scene.now, "CLICK")]).await;
    scene.take(vec![event(2, scene.now, "SCROLL")]).await;
    scene.flush().await;
    scene.take(vec![event(3, scene.now, "FORM")]).await;
    scene.reopen().await;
    let equal = vec![
        event(4, scene.now, "CLICK"),
        event(5, scene.now, "SCROLL"),
        event(6, scene.now, "FORM"),
    ];
    assert_eq!(scene.take(equal).await, taken(0, 3, 0));
    assert_eq!(scene.ids(acme()).await, [(1, 2), (2, 2), (3, 2)]);
    scene.flush().await;
    assert_eq!(scene.ids(acme()).await, [(1, 2), (2, 2), (3, 2)]);
}
