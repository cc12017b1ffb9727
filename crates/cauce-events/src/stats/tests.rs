use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use cauce_flow::{
    event::{EventKind, SessionId, VisitorId},
    time::Timestamp,
};
use proptest::prelude::*;

use super::{Error, MAX_POINTS, Source, answer};
use crate::{
    folder::Folder,
    part::{self, Part, rollup_path},
    rollup::{Cache, MAX_EXACT, facts, is_page_view},
    row::Row,
    store::{Interval, KindStats, Point, Stats, StatsQuery, Top, Uniques},
    testing::{DAY, Dice, HOUR, MARCH, World, site, sort, tenant},
};

fn cache() -> Cache {
    Cache::new(1 << 20)
}

fn put(folder: &Path, number: u64, rows: &[Row]) -> Part {
    let mut rows = rows.to_vec();
    sort(&mut rows);
    let part = part::write(folder, number, &rows).unwrap();
    part::publish(folder, &[number]).unwrap();
    part
}

fn ask(folder: &Path, parts: &[Part], rows: &[Row], query: &StatsQuery, cache: &Cache) -> Stats {
    let folder = &Folder::from(folder);
    let sources: Vec<Source<'_>> = parts.iter().map(|part| Source { folder, part }).collect();
    answer(&sources, rows.iter(), query, cache).unwrap()
}

fn query(from: i64, to: i64) -> StatsQuery {
    StatsQuery {
        tenant: tenant(0),
        site: None,
        from: Timestamp::from_millis(from),
        to: Timestamp::from_millis(to),
        interval: None,
        max_top: 1_000,
    }
}

/// The answer by looking at every row.
fn recount(rows: &[Row], query: &StatsQuery) -> Stats {
    let asked: Vec<&Row> = rows
        .iter()
        .filter(|row| row.tenant == query.tenant)
        .filter(|row| query.site.is_none_or(|site| site == row.site))
        .filter(|row| (query.from..query.to).contains(&row.occurred_at))
        .collect();
    let bots = asked.iter().filter(|row| row.bot);
    let bot_events = bots.map(|row| u64::from(row.count)).sum();
    let rows: Vec<&Row> = asked.into_iter().filter(|row| !row.bot).collect();
    let mut by_kind: BTreeMap<EventKind, KindStats> = BTreeMap::new();
    let (mut pages, mut referrers) = (BTreeMap::new(), BTreeMap::new());
    for row in &rows {
        let stats = by_kind.entry(row.kind.clone()).or_default();
        stats.events += u64::from(row.count);
        stats.estimated += f64::from(row.count) * row.weight;
        if is_page_view(row.kind.as_str().as_bytes()) {
            let facts = facts(row.metadata.as_str().as_bytes());
            for (value, counts) in [(facts.page, &mut pages), (facts.referrer, &mut referrers)] {
                if let Some(value) = value {
                    *counts.entry(value).or_insert(0) += u64::from(row.count);
                }
            }
        }
    }
    let visitors: BTreeSet<VisitorId> = rows.iter().map(|row| row.visitor).collect();
    let sessions: BTreeSet<SessionId> = rows.iter().map(|row| row.session).collect();
    Stats {
        total_events: by_kind.values().map(|stats| stats.events).sum(),
        estimated_events: by_kind.values().map(|stats| stats.estimated).sum(),
        by_kind,
        visitors: exactly(visitors.len()),
        sessions: exactly(sessions.len()),
        bot_events,
        series: series(&rows, query),
        top_pages: tops(pages, query.max_top),
        top_referrers: tops(referrers, query.max_top),
    }
}

fn exactly(count: usize) -> Uniques {
    Uniques {
        count: count as u64,
        error: None,
    }
}

fn tops(counts: BTreeMap<String, u64>, max: usize) -> Vec<Top> {
    let mut tops: Vec<Top> = counts
        .into_iter()
        .map(|(value, count)| Top {
            value,
            count,
            error: 0,
        })
        .collect();
    tops.sort_by(|a, b| b.count.cmp(&a.count).then(a.value.cmp(&b.value)));
    tops.truncate(max);
    tops
}

fn series(rows: &[&Row], query: &StatsQuery) -> Vec<Point> {
    let step = match query.interval {
        None => return Vec::new(),
        Some(Interval::Minute) => 60_000,
        Some(Interval::Hour) => HOUR,
        Some(Interval::Day) => DAY,
    };
    let mut points = Vec::new();
    let mut at = query.from.as_millis().div_euclid(step) * step;
    while query.from < query.to && at < query.to.as_millis() {
        let inside = |row: &&&Row| (at..at + step).contains(&row.occurred_at.as_millis());
        let rows = || rows.iter().filter(inside);
        points.push(Point {
            at: Timestamp::from_millis(at),
            events: rows().map(|row| u64::from(row.count)).sum(),
            estimated: rows().map(|row| f64::from(row.count) * row.weight).sum(),
        });
        at += step;
    }
    points
}

fn moment() -> impl Strategy<Value = i64> {
    let any = -DAY..5 * DAY;
    prop_oneof![
        any.clone(),
        any.clone().prop_map(|at| at / 60_000 * 60_000),
        any.clone().prop_map(|at| at / HOUR * HOUR),
        any.prop_map(|at| at / DAY * DAY),
    ]
    .prop_map(|at| MARCH + at)
}

fn interval() -> impl Strategy<Value = Option<Interval>> {
    prop_oneof![
        3 => Just(None),
        1 => Just(Some(Interval::Minute)),
        1 => Just(Some(Interval::Hour)),
        1 => Just(Some(Interval::Day)),
    ]
}

fn any_query() -> impl Strategy<Value = StatsQuery> {
    let who = (0u64..3, proptest::option::of(0u64..3));
    (who, moment(), moment(), interval(), 0usize..20).prop_map(
        |((who, where_), a, b, interval, max_top)| StatsQuery {
            tenant: tenant(who),
            site: where_.map(site),
            interval,
            max_top,
            ..query(a.min(b), a.max(b))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn answer_is_that_of_a_plain_recount(
        seed: u64,
        count in 0usize..2_500,
        spread in prop_oneof![Just(HOUR), Just(DAY), Just(4 * DAY)],
        parts in 0usize..6,
        merged in 0usize..4,
        queries in proptest::collection::vec(any_query(), 1..8),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let world = World { from: MARCH + DAY / 3, to: MARCH + DAY / 3 + spread, ..World::default() };
        let rows = world.rows(count, seed);
        let mut dice = Dice(seed);
        let mut piles = vec![Vec::new(); parts + 1];
        for row in &rows {
            piles[dice.below(parts as u64 + 1) as usize].push(row.clone());
        }
        let buffered = piles.pop().unwrap();
        let piles = piles.iter().enumerate().filter(|(_, pile)| !pile.is_empty());
        let mut files: Vec<Part> = piles.map(|(n, pile)| put(dir.path(), n as u64, pile)).collect();
        if merged > 1 && files.len() >= merged {
            let some: Vec<Part> = files.drain(..merged).collect();
            let one = part::merge(dir.path(), &some, 100, &mut |_| true).unwrap().part.unwrap();
            part::publish(dir.path(), &[100]).unwrap();
            files.push(one);
        }
        let cache = cache();
        for query in queries {
            let found = ask(dir.path(), &files, &buffered, &query, &cache);
            prop_assert_eq!(found, recount(&rows, &query), "{:?}", query);
        }
    }
}

/// Rows of so many visitors, each with a visit, spread over the days.
fn crowd(visitors: u64, days: i64, seed: u64) -> Vec<Row> {
    let mut dice = Dice(seed);
    let world = World {
        tenants: 1,
        sites: 1,
        ..World::default()
    };
    (0..visitors)
        .map(|number| {
            let at =
                MARCH + (number.cast_signed() % days) * DAY + dice.below(86_400_000).cast_signed();
            Row {
                visitor: VisitorId::from_u128(u128::from(number) << 64 | 7),
                session: SessionId::from_u128(u128::from(number / 2) << 64 | 9),
                occurred_at: Timestamp::from_millis(at),
                bot: false,
                ..world.row(&mut dice)
            }
        })
        .collect()
}

#[test]
fn uniques_are_exact_up_to_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let rows = crowd(MAX_EXACT as u64, 4, 1);
    // Each part has many of the others' visitors, and days with more than fit into an entry.
    let parts = [
        put(dir.path(), 1, &rows[..60_000]),
        put(dir.path(), 2, &rows[40_000..]),
    ];
    let whole = query(MARCH, MARCH + 9 * DAY);
    let found = ask(dir.path(), &parts, &rows[..10], &whole, &cache());
    assert_eq!(found.visitors, exactly(MAX_EXACT));
    assert_eq!(found.sessions, exactly(MAX_EXACT / 2));
    let ragged = query(MARCH + HOUR / 2, MARCH + 3 * DAY + 5 * HOUR + 17);
    let found = ask(dir.path(), &parts, &[], &ragged, &cache());
    assert_eq!(found.visitors, recount(&rows, &ragged).visitors);
}

#[test]
fn uniques_above_the_limit_are_within_four_standard_errors() {
    let dir = tempfile::tempdir().unwrap();
    for (number, visitors) in [(0, 100_001u64), (1, 180_000)] {
        let rows = crowd(visitors, 3, number);
        let half = rows.len() / 2;
        let parts = [
            put(dir.path(), 2 * number, &rows[..half]),
            put(dir.path(), 2 * number + 1, &rows[half - 1_000..]),
        ];
        for to in [MARCH + 9 * DAY, MARCH + 3 * DAY - 1] {
            let query = query(MARCH, to);
            let found = ask(dir.path(), &parts, &[], &query, &cache()).visitors;
            let wanted = recount(&rows, &query).visitors.count;
            if wanted <= MAX_EXACT as u64 {
                assert_eq!(found, exactly(wanted as usize));
                continue;
            }
            let error = found.error.expect("more than are counted exactly");
            assert!((0.001..0.02).contains(&error), "{error}");
            let off = (found.count as f64 - wanted as f64).abs() / wanted as f64;
            assert!(off < 4.0 * error, "{found:?} instead of {wanted}");
        }
    }
}

#[test]
fn rankings_of_many_values_are_within_their_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(5);
    let world = World {
        tenants: 1,
        sites: 1,
        ..World::default()
    };
    let rows: Vec<Row> = (0..60_000)
        .map(|_| {
            let page = dice
                .below(30_000)
                .min(dice.below(30_000))
                .min(dice.below(30_000));
            let mut row = world.row(&mut dice);
            let text = format!(r#"{{"path":"/p/{page}"}}"#);
            row.metadata = cauce_flow::event::Metadata::parse(&text).unwrap();
            row.kind = EventKind::new("PAGE_VIEW").unwrap();
            row.bot = false;
            row
        })
        .collect();
    let parts = [
        put(dir.path(), 1, &rows[..35_000]),
        put(dir.path(), 2, &rows[35_000..]),
    ];
    for query in [query(MARCH, MARCH + 3 * DAY), query(MARCH, MARCH + DAY + 7)] {
        let query = StatsQuery {
            max_top: 100_000,
            ..query
        };
        let found = ask(dir.path(), &parts, &[], &query, &cache()).top_pages;
        let truth: BTreeMap<String, u64> = recount(&rows, &query)
            .top_pages
            .into_iter()
            .map(|top| (top.value, top.count))
            .collect();
        assert!(found.len() > 500 && found.iter().any(|top| top.error > 0));
        for Top {
            value,
            count,
            error,
        } in found
        {
            let true_count = truth[&value];
            assert!(
                (count..=count + error).contains(&true_count),
                "{value} {count} {error} {true_count}"
            );
        }
    }
}

#[test]
fn rollup_that_cannot_be_used_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let rows = World::default().rows(3_000, 7);
    let parts = [put(dir.path(), 1, &rows)];
    let other = put(dir.path(), 2, &rows[..50]);
    let query = query(MARCH, MARCH + 2 * DAY);
    let wanted = recount(&rows, &query);
    let path = rollup_path(dir.path(), 1);
    let whole = std::fs::read(&path).unwrap();
    let mut newer = whole.clone();
    newer[8] += 1;
    let mut damaged = vec![newer, Vec::new(), whole[..whole.len() - 9].to_vec()];
    damaged.push(std::fs::read(rollup_path(dir.path(), other.number)).unwrap());
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        damaged.push(bytes);
    }
    for bytes in damaged {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(ask(dir.path(), &parts, &[], &query, &cache()), wanted);
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(ask(dir.path(), &parts, &[], &query, &cache()), wanted);
    assert!(
        std::fs::read(&path).unwrap() == whole,
        "it is made from the rows alone"
    );
}

#[test]
fn part_that_is_damaged_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let part = put(dir.path(), 1, &World::default().rows(100, 8));
    std::fs::write(part::parquet_path(dir.path(), 1), b"PAR1").unwrap();
    std::fs::remove_file(rollup_path(dir.path(), 1)).unwrap();
    let folder = Folder::from(dir.path());
    let sources = [Source {
        folder: &folder,
        part: &part,
    }];
    let fault = answer(&sources, [].iter(), &query(MARCH, MARCH + DAY), &cache()).unwrap_err();
    assert!(fault.to_string().contains("part-1.parquet"), "{fault}");
}

#[test]
fn series_has_a_limit_and_names_it() {
    let ask = |from, to| {
        let query = StatsQuery {
            interval: Some(Interval::Minute),
            ..query(from, to)
        };
        answer(&[], [].iter(), &query, &cache())
    };
    let most = MAX_POINTS.cast_signed() * 60_000;
    assert_eq!(
        ask(MARCH, MARCH + most).unwrap().series.len() as u64,
        MAX_POINTS
    );
    let fault = ask(MARCH, MARCH + most + 1).unwrap_err();
    assert!(
        matches!(fault, Error::TooManyPoints { points: 10_001 }),
        "{fault}"
    );
    assert!(ask(i64::MIN, i64::MAX).is_err());
}

#[test]
fn cache_stays_within_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let world = World {
        visitors: 20_000,
        ..World::default()
    };
    let rows = world.rows(40_000, 9);
    let parts = [put(dir.path(), 1, &rows)];
    let query = StatsQuery {
        interval: Some(Interval::Hour),
        ..query(MARCH + 7, MARCH + 3 * DAY - 7)
    };
    let (small, large) = (Cache::new(50_000), Cache::new(100 << 20));
    let wanted = ask(dir.path(), &parts, &[], &query, &large);
    assert_eq!(ask(dir.path(), &parts, &[], &query, &small), wanted);
    assert!(
        small.bytes() <= 50_000 && large.bytes() > 50_000,
        "{} {}",
        small.bytes(),
        large.bytes()
    );
}
