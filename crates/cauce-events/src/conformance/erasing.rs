//! A visitor is forgotten.

use cauce_flow::event::VisitorId;

use super::{
    promises,
    scene::{Scene, acme, by, event, intake, other, taken},
};
use crate::store::Erased;

promises! {
    an_erased_visitor_is_in_no_list_and_in_no_statistics;
    an_erasure_that_is_asked_for_again_has_the_same_receipt;
    another_tenants_visitor_of_the_same_id_stays;
    what_an_erased_visitor_did_before_is_refused_and_counted_as_withheld;
    an_erased_visitor_may_come_again;
    an_event_after_an_erasure_is_not_added_to_one_before_it;
    an_erasure_survives_a_restart, restarts;
    who_is_not_known_can_be_erased_too;
}

async fn erase(scene: &Scene, visitor: u128) -> Erased {
    let visitor = VisitorId::from_u128(visitor);
    let erased = scene.store().erase(acme(), visitor, 77, scene.now).await;
    assert_eq!(scene.store().audit(), Vec::<String>::new());
    let erased = erased.expect("a visitor is erased");
    assert!(erased.done && erased.at == scene.now, "{erased:?}");
    assert_eq!(scene.store().erased(&acme(), visitor), Some(erased));
    erased
}

/// Some of each of two visitors, in files and in the buffer.
async fn two_visitors(scene: &Scene) {
    for round in 0..2 {
        let events = (0..4).map(|id| {
            let at = scene.now - std::time::Duration::from_secs(id as u64 * 100 + 1);
            by(
                id % 2,
                event(round * 10 + id, at, ["A", "B"][round as usize]),
            )
        });
        scene.take(events.collect()).await;
        if round == 0 {
            scene.flush().await;
        }
    }
}

async fn an_erased_visitor_is_in_no_list_and_in_no_statistics(scene: Scene) {
    two_visitors(&scene).await;
    assert_eq!(erase(&scene, 1).await.removed.rows, 4);
    assert_eq!(scene.ids(acme()).await, [(2, 1), (12, 1), (0, 1), (10, 1)]);
    scene.flush().await;
    assert_eq!(scene.ids(acme()).await.len(), 4);
}

async fn an_erasure_that_is_asked_for_again_has_the_same_receipt(mut scene: Scene) {
    two_visitors(&scene).await;
    let visitor = VisitorId::from_u128(1);
    assert_eq!(scene.store().erased(&acme(), visitor), None);
    let first = erase(&scene, 1).await;
    assert_eq!((first.id, first.removed.rows), (77, 4));
    assert_eq!(erase(&scene, 1).await, first);
    scene.reopen().await;
    assert_eq!(scene.store().erased(&acme(), visitor), Some(first));
    let again = scene.store().erase(acme(), visitor, 78, scene.now).await;
    assert_eq!(again.expect("it is erased again"), first);
    // Whoever comes again is erased again, on the same receipt.
    scene.wait(1);
    scene.take(vec![by(1, event(50, scene.now, "CLICK"))]).await;
    scene.wait(1);
    let later = erase(&scene, 1).await;
    assert_eq!((later.id, later.removed.rows), (77, 5));
    scene.reopen().await;
    assert_eq!(scene.store().erased(&acme(), visitor), Some(later));
}

async fn another_tenants_visitor_of_the_same_id_stays(scene: Scene) {
    let events = || vec![by(1, event(1, scene.now, "CLICK"))];
    scene.take_all(intake(acme(), events())).await;
    scene.take_all(intake(other(), events())).await;
    erase(&scene, 1).await;
    assert_eq!(scene.ids(acme()).await, []);
    assert_eq!(scene.ids(other()).await, [(1, 1)]);
}

async fn what_an_erased_visitor_did_before_is_refused_and_counted_as_withheld(mut scene: Scene) {
    two_visitors(&scene).await;
    erase(&scene, 1).await;
    let before = scene.now - std::time::Duration::from_millis(1);
    scene.wait(10);
    let late = vec![
        by(1, event(50, before, "CLICK")),
        by(1, event(1, before, "CLICK")),
    ];
    let refused = crate::store::Taken {
        erased: 2,
        ..taken(0, 0, 0)
    };
    assert_eq!(scene.take(late).await, refused);
    assert_eq!(scene.store().counters(None).withheld, 2);
    assert_eq!(scene.ids(acme()).await.len(), 4);
}

async fn an_erased_visitor_may_come_again(mut scene: Scene) {
    two_visitors(&scene).await;
    erase(&scene, 1).await;
    let after = scene.now;
    scene.wait(10);
    // Also with an event that was known once: nothing of it is remembered.
    let events = vec![
        by(1, event(1, after, "CLICK")),
        by(1, event(60, scene.now, "CLICK")),
    ];
    assert_eq!(scene.take(events).await, taken(1, 1, 0));
    assert_eq!(scene.ids(acme()).await.len(), 5);
}

async fn an_event_after_an_erasure_is_not_added_to_one_before_it(mut scene: Scene) {
    scene.take(vec![by(1, event(1, scene.now, "CLICK"))]).await;
    scene.flush().await;
    scene.wait(1);
    erase(&scene, 1).await;
    let later = vec![by(1, event(2, scene.now, "CLICK"))];
    assert_eq!(scene.take(later).await, taken(1, 0, 0));
    assert_eq!(scene.ids(acme()).await, [(2, 1)]);
}

async fn an_erasure_survives_a_restart(mut scene: Scene) {
    two_visitors(&scene).await;
    erase(&scene, 1).await;
    let before = scene.now - std::time::Duration::from_millis(1);
    scene.reopen().await;
    assert_eq!(scene.ids(acme()).await.len(), 4);
    let late = vec![by(1, event(50, before, "CLICK"))];
    assert_eq!(scene.take(late).await.erased, 1);
}

async fn who_is_not_known_can_be_erased_too(scene: Scene) {
    let erased = erase(&scene, 1).await;
    assert_eq!(erased.removed, crate::store::Removed::default());
    two_visitors(&scene).await;
    assert_eq!(scene.ids(acme()).await.len(), 4);
}
