use cauce_flow::{
    event::{EventId, EventKind, Metadata, SessionId, SiteId},
    time::Timestamp,
};

use super::*;

fn name(text: &str) -> TenantId {
    TenantId::new(text).expect("a name")
}

fn live(max_readers: usize, max_events: usize) -> Live {
    Live::new(Stream {
        max_readers,
        max_events,
    })
}

/// Events of one tenant with these ids; the visitor is the id, too.
fn tell(live: &Live, tenant: &str, ids: impl IntoIterator<Item = u128>) {
    let row = |id| Row {
        tenant: name(tenant),
        site: SiteId::from_u128(1),
        visitor: VisitorId::from_u128(id),
        session: SessionId::from_u128(1),
        occurred_at: Timestamp::EPOCH,
        id: EventId::from_u128(id),
        kind: EventKind::new("CLICK").expect("a kind"),
        metadata: Metadata::none(),
        count: 1,
        weight: 1.0,
        bot: false,
    };
    live.tell(&ids.into_iter().map(row).collect());
}

fn reader(live: &Live, tenant: Option<&str>, last: Option<Place>) -> Reader {
    live.read(tenant.map(name), last).expect("a free place")
}

/// What a reader gets, in ids and numbers, and what it was told it missed.
fn drain(live: &Live, reader: &mut Reader) -> (Vec<(u128, u64)>, Vec<Option<u64>>) {
    let (mut events, mut missed) = (Vec::new(), Vec::new());
    while let Some(next) = live.next(reader, |_| true) {
        match next {
            Next::Missed(count) => missed.push(count),
            Next::Events(found) => {
                let told = found
                    .iter()
                    .map(|(place, live)| (live.row().id.as_u128(), place.number));
                events.extend(told);
            }
        }
    }
    (events, missed)
}

#[test]
fn reader_gets_what_comes_after_it_and_of_its_tenant_alone() {
    let live = live(9, 100);
    tell(&live, "acme", [1]);
    let (mut of_acme, mut of_all) = (reader(&live, Some("acme"), None), reader(&live, None, None));
    tell(&live, "globex", [2, 3]);
    tell(&live, "acme", [4]);
    assert_eq!(drain(&live, &mut of_acme), (vec![(4, 1)], vec![]));
    assert_eq!(
        drain(&live, &mut of_all),
        (vec![(2, 1), (3, 2), (4, 3)], vec![])
    );
    assert_eq!(drain(&live, &mut of_acme), (vec![], vec![]));
}

#[test]
fn reader_that_comes_back_goes_on_where_it_was() {
    let live = live(9, 100);
    tell(&live, "acme", 1..=3);
    tell(&live, "globex", 4..=9);
    tell(&live, "acme", [10]);
    let run = live.run;
    let mut back = reader(&live, Some("acme"), Some(Place { run, number: 1 }));
    assert_eq!(drain(&live, &mut back), (vec![(3, 2), (10, 3)], vec![]));
    // A number that was never told is nobody's: it begins at the end.
    let mut odd = reader(
        &live,
        Some("acme"),
        Some(Place {
            run,
            number: u64::MAX - 1,
        }),
    );
    assert_eq!(drain(&live, &mut odd), (vec![], vec![]));
}

#[test]
fn reader_that_is_too_late_is_told_how_many_of_its_own_it_missed() {
    let live = live(9, 4);
    let mut slow = reader(&live, Some("acme"), None);
    tell(&live, "acme", 1..=3);
    tell(&live, "globex", 4..=9);
    tell(&live, "acme", [10]);
    assert_eq!(drain(&live, &mut slow), (vec![(10, 3)], vec![Some(3)]));
    // Missing only what is not one's own is missing nothing.
    tell(&live, "globex", 11..=20);
    assert_eq!(drain(&live, &mut slow), (vec![], vec![]));
    tell(&live, "acme", 21..=30);
    assert_eq!(
        drain(&live, &mut slow),
        (vec![(27, 10), (28, 11), (29, 12), (30, 13)], vec![Some(6)])
    );
}

#[test]
fn reader_of_another_run_is_told_that_nobody_knows_what_it_missed() {
    let live = live(9, 100);
    tell(&live, "acme", 1..=2);
    let elsewhere = Place {
        run: live.run.wrapping_add(1),
        number: 77,
    };
    let mut back = reader(&live, Some("acme"), Some(elsewhere));
    assert_eq!(drain(&live, &mut back), (vec![(1, 0), (2, 1)], vec![None]));
}

#[test]
fn reader_is_told_that_events_were_lost_before_the_ring() {
    let live = live(9, 100);
    let mut here = reader(&live, None, None);
    tell(&live, "acme", [1]);
    live.lose();
    assert_eq!(drain(&live, &mut here), (vec![(1, 0)], vec![None]));
    assert_eq!(
        drain(&live, &mut reader(&live, None, None)),
        (vec![], vec![])
    );
}

#[test]
fn there_are_only_so_many_readers_and_a_place_is_free_again() {
    let live = live(2, 10);
    let first = reader(&live, None, None);
    let _second = reader(&live, None, None);
    assert!(live.read(None, None).is_none());
    drop(first);
    assert!(live.read(None, None).is_some());
    assert_eq!(live.readers(), 1);
}

#[test]
fn erased_visitor_is_not_told_any_more() {
    let live = live(9, 100);
    let mut late = reader(&live, None, None);
    tell(&live, "acme", 1..=3);
    live.forget(&name("acme"), VisitorId::from_u128(2));
    let (events, _) = drain(&live, &mut late);
    assert_eq!(events, [(1, 0), (3, 2)]);
}

#[test]
fn stream_that_is_turned_off_keeps_nothing() {
    let live = live(9, 0);
    tell(&live, "acme", 1..=3);
    assert!(live.ring.lock().entries.is_empty());
}

#[tokio::test]
async fn reader_waits_for_what_it_has_not_seen() {
    let live = live(9, 100);
    let mut waiting = reader(&live, None, None);
    let soon = std::time::Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, waiting.wait()).await.is_err());
    tell(&live, "acme", [1]);
    waiting.wait().await;
    assert_eq!(drain(&live, &mut waiting).0, [(1, 0)]);
}
