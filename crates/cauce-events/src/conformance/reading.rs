//! Events are found again, whether they are in the buffer or in files.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use cauce_flow::{
    event::{SiteId, VisitorId},
    time::Timestamp,
};

use super::{
    promises,
    scene::{Scene, acme, all_of, by, event, intake, other, with},
};
use crate::{
    row::Row,
    store::{Error, Filter, Interval, Page, Stats, StatsQuery},
};

promises! {
    rows_are_listed_oldest_first_whatever_order_they_came_in;
    a_filter_finds_what_it_names_and_nothing_else;
    a_cursor_that_no_list_has_answered_is_refused;
    a_scan_shows_every_row_and_stops_when_told;
    rows_hold_what_the_events_said;
    statistics_are_those_of_the_rows;
    statistics_leave_bots_out_and_undo_sampling;
    a_time_series_has_no_gaps;
}

/// Twelve events, the first half in files where there are files.
async fn dozen(scene: &Scene) {
    let some = |ids: std::ops::Range<u128>| {
        let one = |id: u128| {
            let kind = ["CLICK", "SCROLL"][(id % 2) as usize];
            let at = scene.at((id * 7 % 12) as u64 * 3_600);
            by(
                id % 3,
                with(&format!("{{\"n\":{id}}}"), event(id, at, kind)),
            )
        };
        ids.map(one).collect()
    };
    scene.take(some(0..6)).await;
    scene.flush().await;
    scene.take(some(6..12)).await;
    let theirs = vec![event(99, scene.now, "CLICK")];
    scene.take_all(intake(other(), theirs)).await;
}

async fn rows_are_listed_oldest_first_whatever_order_they_came_in(scene: Scene) {
    dozen(&scene).await;
    let rows = scene.list(all_of(acme())).await;
    assert_eq!(rows.len(), 12);
    assert!(rows.is_sorted_by_key(|row| row.occurred_at));
}

async fn a_filter_finds_what_it_names_and_nothing_else(scene: Scene) {
    dozen(&scene).await;
    let count = |change: &dyn Fn(&mut Filter)| {
        let mut filter = all_of(acme());
        change(&mut filter);
        let scene = &scene;
        async move { scene.list(filter).await.len() }
    };
    assert_eq!(
        count(&|filter| filter.kind = Some("CLICK".parse().expect("a kind"))).await,
        6
    );
    assert_eq!(
        count(&|filter| filter.visitor = Some(VisitorId::from_u128(1))).await,
        4
    );
    assert_eq!(
        count(&|filter| filter.site = Some(SiteId::from_u128(78))).await,
        0
    );
    assert_eq!(
        count(&|filter| filter.site = Some(SiteId::from_u128(77))).await,
        12
    );
    assert_eq!(count(&|filter| filter.from = scene.at(3_600)).await, 11);
    assert_eq!(count(&|filter| filter.to = scene.at(3_600)).await, 1);
    assert_eq!(count(&|filter| filter.tenant = None).await, 13);
}

async fn a_cursor_that_no_list_has_answered_is_refused(scene: Scene) {
    for after in ["", "1", "1.2", "1.2.x", "x.2.3"] {
        let page = Page {
            limit: 3,
            after: Some(after.to_owned()),
        };
        let refused = scene.store().list(all_of(acme()), page).await;
        assert!(matches!(refused, Err(Error::Cursor)), "{after:?}");
    }
}

async fn a_scan_shows_every_row_and_stops_when_told(scene: Scene) {
    dozen(&scene).await;
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let visit = move |rows: &[Row]| {
        let mut seen = seen.lock().expect("no panic before");
        seen.extend(rows.iter().map(|row| row.id.as_u128()));
        true
    };
    let scanned = scene.store().scan(all_of(acme()), Box::new(visit)).await;
    scanned.expect("a scan");
    let mut ids = std::mem::take(&mut *ids.lock().expect("no panic before"));
    ids.sort_unstable();
    assert_eq!(ids, (0..12).collect::<Vec<u128>>());
    let pieces = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&pieces);
    let stop = move |_: &[Row]| {
        *counted.lock().expect("no panic before") += 1;
        false
    };
    let scanned = scene.store().scan(all_of(acme()), Box::new(stop)).await;
    scanned.expect("a scan");
    assert_eq!(*pieces.lock().expect("no panic before"), 1);
}

async fn rows_hold_what_the_events_said(scene: Scene) {
    let mut said = with(r#"{"url":"/ä","n":[1,2]}"#, event(5, scene.now, "FORM"));
    (said.event.bot, said.weight) = (true, 12.5);
    for _ in 0..2 {
        scene.take(vec![said.clone()]).await;
        let rows = scene.list(all_of(acme())).await;
        let row = Row {
            tenant: acme(),
            site: SiteId::from_u128(77),
            visitor: said.event.visitor,
            session: said.event.session,
            occurred_at: said.event.occurred_at,
            id: said.event.id,
            kind: said.event.kind.clone(),
            metadata: said.event.metadata.clone(),
            count: 1,
            weight: said.weight,
            bot: said.event.bot,
        };
        assert_eq!(rows, [row]);
        scene.flush().await;
    }
}

async fn stats(scene: &Scene, from: Timestamp, to: Timestamp) -> Stats {
    let query = StatsQuery {
        tenant: acme(),
        site: None,
        from,
        to,
        interval: Some(Interval::Hour),
        max_top: 5,
    };
    scene.store().stats(query).await.expect("statistics")
}

async fn statistics_are_those_of_the_rows(scene: Scene) {
    dozen(&scene).await;
    let found = stats(&scene, scene.now, scene.at(100_000)).await;
    assert_eq!((found.total_events, found.estimated_events), (12, 12.0));
    let by_kind: BTreeMap<&str, u64> = found
        .by_kind
        .iter()
        .map(|(kind, found)| (kind.as_str(), found.events))
        .collect();
    assert_eq!(by_kind, BTreeMap::from([("CLICK", 6), ("SCROLL", 6)]));
    assert_eq!((found.visitors.count, found.visitors.error), (3, None));
    assert_eq!((found.sessions.count, found.sessions.error), (1, None));
    let later = stats(&scene, scene.at(3_600), scene.at(7_200)).await;
    assert_eq!(later.total_events, 1);
}

async fn statistics_leave_bots_out_and_undo_sampling(scene: Scene) {
    let mut bot = event(1, scene.now, "CLICK");
    bot.event.bot = true;
    let mut one_of_ten = event(2, scene.now, "SCROLL");
    one_of_ten.weight = 10.0;
    scene
        .take(vec![bot, one_of_ten, event(3, scene.now, "CLICK")])
        .await;
    let found = stats(&scene, scene.now, scene.at(1)).await;
    assert_eq!(
        (found.total_events, found.estimated_events, found.bot_events),
        (2, 11.0, 1)
    );
}

async fn a_time_series_has_no_gaps(scene: Scene) {
    dozen(&scene).await;
    let hour = |at: Timestamp| at.as_millis() / 3_600_000;
    let found = stats(&scene, scene.now, scene.at(20 * 3_600)).await;
    let steps: Vec<i64> = found.series.iter().map(|point| hour(point.at)).collect();
    let first = hour(scene.now);
    let last = hour(scene.at(20 * 3_600) - Duration::from_millis(1));
    assert_eq!(steps, (first..=last).collect::<Vec<i64>>());
    let events: u64 = found.series.iter().map(|point| point.events).sum();
    assert_eq!(events, 12);
}
