use std::path::Path;

use cauce_flow::{event::EventKind, time::Timestamp};

use super::{Part, Reader, merge, number_of, parquet_path, publish, remove, write};
use crate::{
    fault::Fault,
    row::Row,
    store::Filter,
    testing::{DAY, HOUR, MARCH, World, site, sort, tenant, visitor},
};

fn everything() -> Filter {
    Filter {
        tenant: None,
        site: None,
        visitor: None,
        kind: None,
        from: Timestamp::from_millis(i64::MIN),
        to: Timestamp::NEVER,
    }
}

fn put(folder: &Path, number: u64, rows: &[Row]) -> Part {
    let part = write(folder, number, rows).unwrap();
    publish(folder, &[number]).unwrap();
    part
}

fn read(folder: &Path, part: &Part, filter: &Filter) -> Vec<Row> {
    let mut scan = Reader::open(folder, part).unwrap().scan(filter);
    let mut all = Vec::new();
    while let Some(rows) = scan.next_rows().unwrap() {
        all.extend_from_slice(rows);
    }
    all
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What adding up rows of equal key should give.
fn added_up(mut rows: Vec<Row>) -> Vec<Row> {
    sort(&mut rows);
    let mut sums: Vec<Row> = Vec::new();
    for row in rows {
        match sums.last_mut() {
            Some(last) if last.id == row.id => last.count += row.count,
            _ => sums.push(row),
        }
    }
    sums
}

#[test]
fn rows_come_back_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let rows = World::default().rows(20_000, 1);
    let part = put(dir.path(), 7, &rows);
    assert!(read(dir.path(), &part, &everything()) == rows);
    assert_eq!(part.rows, 20_000);
    let events: u64 = rows.iter().map(|row| u64::from(row.count)).sum();
    assert_eq!(part.events, events);
    assert_eq!(
        part.bytes,
        parquet_path(dir.path(), 7).metadata().unwrap().len()
    );
    let times = || rows.iter().map(|row| row.occurred_at.as_millis());
    assert_eq!(part.first_ms, times().min().unwrap());
    assert_eq!(part.last_ms, times().max().unwrap());
    assert_eq!(
        (part.first_tenant.as_str(), part.last_tenant.as_str()),
        ("tenant-0", "tenant-1")
    );
}

#[test]
fn every_filter_finds_what_a_plain_search_finds() {
    let dir = tempfile::tempdir().unwrap();
    // More than one row group, so that some of them are skipped.
    let rows = World::default().rows(150_000, 2);
    let part = put(dir.path(), 1, &rows);
    let time = |ms: i64| Timestamp::from_millis(MARCH + ms);
    let filters = [
        Filter {
            tenant: Some(tenant(1)),
            ..everything()
        },
        Filter {
            tenant: Some(tenant(9)),
            ..everything()
        },
        Filter {
            site: Some(site(0)),
            ..everything()
        },
        Filter {
            visitor: Some(visitor(3)),
            ..everything()
        },
        Filter {
            visitor: Some(visitor(777)),
            ..everything()
        },
        Filter {
            kind: Some(EventKind::new("SCROLL").unwrap()),
            ..everything()
        },
        Filter {
            from: time(5 * HOUR + 1),
            to: time(5 * HOUR + 60_001),
            ..everything()
        },
        Filter {
            from: time(0),
            to: time(DAY),
            ..everything()
        },
        Filter {
            from: time(DAY),
            to: time(0),
            ..everything()
        },
        Filter {
            tenant: Some(tenant(0)),
            site: Some(site(1)),
            visitor: Some(visitor(3)),
            kind: Some(EventKind::new("PAGE_VIEW").unwrap()),
            from: time(HOUR),
            to: time(2 * DAY),
        },
    ];
    for filter in filters {
        let wanted: Vec<&Row> = rows.iter().filter(|row| asked_for(row, &filter)).collect();
        let found = read(dir.path(), &part, &filter);
        assert!(found.iter().eq(wanted.iter().copied()), "{filter:?}");
    }
}

fn asked_for(row: &Row, filter: &Filter) -> bool {
    filter
        .tenant
        .as_ref()
        .is_none_or(|tenant| *tenant == row.tenant)
        && filter.site.is_none_or(|site| site == row.site)
        && filter.visitor.is_none_or(|visitor| visitor == row.visitor)
        && filter.kind.as_ref().is_none_or(|kind| *kind == row.kind)
        && (filter.from..filter.to).contains(&row.occurred_at)
}

#[test]
fn part_says_whether_it_holds_a_visitor() {
    let dir = tempfile::tempdir().unwrap();
    let world = World {
        tenants: 1,
        ..World::default()
    };
    let part = put(dir.path(), 1, &world.rows(5_000, 3));
    let reader = Reader::open(dir.path(), &part).unwrap();
    assert!(reader.has_visitor(&tenant(0), visitor(3)).unwrap());
    assert!(!reader.has_visitor(&tenant(1), visitor(3)).unwrap());
    assert!(!reader.has_visitor(&tenant(0), visitor(999)).unwrap());
}

#[test]
fn new_part_has_no_name_that_readers_look_for_before_it_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let rows = World::default().rows(10, 4);
    write(dir.path(), 3, &rows).unwrap();
    assert!(
        names(dir.path())
            .iter()
            .all(|name| !name.ends_with(".parquet"))
    );
    assert!(
        names(dir.path())
            .iter()
            .all(|name| number_of(name) == Some(3))
    );
    publish(dir.path(), &[3]).unwrap();
    publish(dir.path(), &[3]).unwrap();
    assert!(names(dir.path()).contains(&"part-3.parquet".to_owned()));
    remove(dir.path(), &[3]).unwrap();
    remove(dir.path(), &[3]).unwrap();
    assert!(names(dir.path()).is_empty());
    assert!(
        publish(dir.path(), &[3])
            .unwrap_err()
            .to_string()
            .contains("part-3.parquet")
    );
}

#[test]
fn merge_keeps_every_row_and_adds_up_equal_ones() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::default();
    let sizes = [9_000, 100, 1, 30_000, 2_500];
    let (mut all, mut parts) = (Vec::new(), Vec::new());
    for (number, size) in sizes.into_iter().enumerate() {
        let mut rows = world.rows(size, 100 + number as u64);
        // A delta row of an event that an earlier part holds.
        rows.extend(all.iter().step_by(7).take(50).cloned());
        sort(&mut rows);
        all.extend(rows.iter().cloned());
        parts.push(put(dir.path(), number as u64, &rows));
    }
    let merged = merge(dir.path(), &parts, 10, &mut |_| true).unwrap();
    publish(dir.path(), &[10]).unwrap();
    let wanted = added_up(all);
    assert_eq!(merged.dropped, 0);
    let part = merged.part.unwrap();
    assert_eq!(part.rows, wanted.len() as u64);
    assert!(read(dir.path(), &part, &everything()) == wanted);
}

#[test]
fn merge_leaves_out_what_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let rows = World::default().rows(3_000, 5);
    let part = put(dir.path(), 1, &rows);
    let gone = visitor(3);
    let merged = merge(dir.path(), &[part], 2, &mut |who| {
        !(who.tenant == "tenant-1" && who.visitor == gone)
    });
    let merged = merged.unwrap();
    publish(dir.path(), &[2]).unwrap();
    let is_gone = |row: &Row| row.tenant == tenant(1) && row.visitor == gone;
    let kept: Vec<Row> = rows.iter().filter(|row| !is_gone(row)).cloned().collect();
    assert_eq!(merged.dropped, (rows.len() - kept.len()) as u64);
    assert!(read(dir.path(), &merged.part.unwrap(), &everything()) == kept);
}

#[test]
fn merge_of_nothing_that_is_kept_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let part = put(dir.path(), 1, &World::default().rows(100, 6));
    let before = names(dir.path());
    let merged = merge(dir.path(), &[part], 2, &mut |_| false).unwrap();
    assert_eq!((merged.part, merged.dropped), (None, 100));
    assert_eq!(names(dir.path()), before);
}

#[test]
fn rows_of_equal_key_are_added_up_when_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = World::default().rows(20_000, 8);
    rows.extend(rows.clone().into_iter().step_by(3));
    sort(&mut rows);
    let part = put(dir.path(), 1, &rows);
    assert!(read(dir.path(), &part, &everything()) == added_up(rows));
}

#[test]
#[should_panic(expected = "rows are sorted by key")]
fn rows_out_of_order_are_a_mistake_of_the_caller() {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = World::default().rows(100, 9);
    rows.swap(10, 90);
    let _ = write(dir.path(), 1, &rows);
}

/// All rows, or the first fault.
fn try_read(folder: &Path, part: &Part) -> Result<Vec<Row>, Fault> {
    let mut scan = Reader::open(folder, part)?.scan(&everything());
    let mut all = Vec::new();
    while let Some(rows) = scan.next_rows()? {
        all.extend_from_slice(rows);
    }
    Ok(all)
}

#[test]
fn damaged_part_is_a_fault_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let rows = World::default().rows(300, 10);
    let part = put(dir.path(), 1, &rows);
    let path = parquet_path(dir.path(), 1);
    let whole = std::fs::read(&path).unwrap();
    for at in (4..whole.len()).step_by(11) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bytes).unwrap();
        let fault = try_read(dir.path(), &part).expect_err("every byte is checked");
        assert!(fault.to_string().contains("part-1.parquet"), "{fault}");
    }
    for length in (0..whole.len()).step_by(97) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let fault = try_read(dir.path(), &part).unwrap_err();
        assert!(fault.to_string().contains("part-1.parquet"), "{fault}");
    }
    std::fs::write(&path, &whole).unwrap();
    assert!(try_read(dir.path(), &part).unwrap() == rows);
}
