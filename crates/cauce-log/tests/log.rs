//! The log on the machine's own file system, without faults.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{path::Path, sync::Arc};

use cauce_log::{
    BASE, Content, Digest, Error, Log, Options, Position, Reader, Recovery, Replay, WholeBody,
    Writer,
    files::{FaultyFiles, Op},
};
use tempfile::TempDir;

/// What a replay has shown.
type Shown = Vec<(Position, u8, Vec<u8>)>;

fn small() -> Options {
    Options {
        segment_bytes: 1000,
        ..Options::default()
    }
}

fn try_open(dir: &Path, options: Options) -> Result<(Writer, Reader, Recovery, Shown), Error> {
    let mut shown = Vec::new();
    let (writer, reader, recovery) = Log::open_dir(
        dir,
        options,
        Arc::new(WholeBody),
        &mut |position, replayed| {
            shown.push((position, replayed.kind, replayed.digest.to_vec()));
        },
    )?;
    Ok((writer, reader, recovery, shown))
}

fn open(dir: &Path) -> (Writer, Reader, Recovery, Shown) {
    try_open(dir, small()).unwrap()
}

/// A log of records `0..count`, each the text of its number, 100 bytes long.
fn filled(dir: &Path, count: usize) -> (Writer, Reader, Vec<Position>) {
    let (mut writer, reader, ..) = open(dir);
    let mut positions = Vec::new();
    for number in 0..count {
        if writer.should_roll() {
            writer.roll(b"base").unwrap();
        }
        positions.push(writer.append(1, &body(number)).unwrap());
        writer.flush().unwrap();
    }
    (writer, reader, positions)
}

fn body(number: usize) -> Vec<u8> {
    format!("{number:0100}").into_bytes()
}

#[test]
fn a_new_log_begins_with_a_base() {
    let dir = TempDir::new().unwrap();
    let (mut writer, ..) = open(dir.path());
    assert!(writer.should_roll());
    assert!(matches!(writer.append(1, b"early"), Err(Error::NeedsBase)));
    writer.roll(b"base").unwrap();
    assert!(!writer.should_roll());
}

#[test]
fn what_was_flushed_is_replayed_in_order_with_its_positions() {
    let dir = TempDir::new().unwrap();
    let (writer, _, positions) = filled(dir.path(), 50);
    assert!(writer.segments().len() > 3);
    drop(writer);
    let (_, _, recovery, shown) = open(dir.path());
    let records: Vec<_> = shown.iter().filter(|(_, kind, _)| *kind != BASE).collect();
    assert_eq!(records.len(), 50);
    for (number, (position, _, digest)) in records.into_iter().enumerate() {
        assert_eq!((*position, digest), (positions[number], &body(number)));
    }
    assert_eq!(recovery.from_sidecars, recovery.segments - 1);
    assert_eq!(
        (recovery.cut_bytes, recovery.corrupt, recovery.gaps),
        (0, vec![], vec![])
    );
}

#[test]
fn a_replay_without_sidecars_is_the_same() {
    let dir = TempDir::new().unwrap();
    drop(filled(dir.path(), 50));
    let (_, _, _, with) = open(dir.path());
    let indexes = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for index in indexes.filter(|path| path.extension().is_some_and(|ext| ext == "idx")) {
        std::fs::remove_file(index).unwrap();
    }
    let (_, _, recovery, without) = open(dir.path());
    assert_eq!(recovery.from_sidecars, 0);
    assert_eq!(with, without);
    assert_eq!(open(dir.path()).2.from_sidecars, recovery.segments - 1);
}

#[test]
fn what_was_not_flushed_is_lost_and_its_sequence_is_used_again() {
    let dir = TempDir::new().unwrap();
    let (mut writer, ..) = filled(dir.path(), 3);
    writer.append(1, b"never flushed").unwrap();
    drop(writer);
    let (mut writer, .., shown) = open(dir.path());
    assert_eq!(shown.len(), 1 + 3);
    writer.append(1, b"after").unwrap();
    writer.flush().unwrap();
    drop(writer);
    let (_, _, recovery, shown) = open(dir.path());
    assert_eq!(shown.last().unwrap().2, b"after");
    assert_eq!(recovery.gaps, vec![]);
}

#[test]
fn records_are_read_back_one_by_one_and_in_numbers() {
    let dir = TempDir::new().unwrap();
    let (_writer, reader, positions) = filled(dir.path(), 40);
    for (number, position) in positions.iter().enumerate() {
        assert_eq!(reader.read(*position).unwrap().body, body(number));
    }
    let mut wanted = positions.clone();
    wanted.reverse();
    let mut seen = vec![0; wanted.len()];
    reader.read_many(&wanted, &mut Vec::new(), &mut |place, record| {
        let record = record.unwrap();
        assert_eq!(record.body, body(39 - place));
        assert_eq!(record.position, wanted[place]);
        seen[place] += 1;
    });
    assert_eq!(seen, vec![1; 40]);
}

#[test]
fn records_longer_than_the_first_read_are_whole() {
    let dir = TempDir::new().unwrap();
    let (mut writer, reader, _) = filled(dir.path(), 1);
    let long = [7; 100_000];
    let first = writer.append_parts(1, &[&long[..1], &long[1..]]).unwrap();
    let second = writer.append(2, &long).unwrap();
    assert!(matches!(reader.read(first), Err(Error::Unflushed { .. })));
    writer.flush().unwrap();
    assert_eq!(reader.read(first).unwrap().body, long);
    let mut bodies = 0;
    reader.read_many(&[first, second], &mut Vec::new(), &mut |_, record| {
        assert_eq!(record.unwrap().body, long);
        bodies += 1;
    });
    assert_eq!(bodies, 2);
}

#[test]
fn a_position_between_records_reads_as_damaged() {
    let dir = TempDir::new().unwrap();
    let (_writer, reader, positions) = filled(dir.path(), 3);
    let inside = Position::from_u64(positions[0].as_u64() + 1);
    assert!(matches!(reader.read(inside), Err(Error::Corrupt { position }) if position == inside));
}

#[test]
fn only_the_oldest_segment_goes_and_whoever_reads_it_is_told() {
    let dir = TempDir::new().unwrap();
    let (mut writer, reader, positions) = filled(dir.path(), 50);
    let before = writer.segments().len();
    assert_eq!(writer.remove_oldest().unwrap(), 1);
    assert_eq!(writer.segments().len(), before - 1);
    assert!(matches!(reader.read(positions[0]), Err(Error::Gone { .. })));
    drop(writer);
    let (.., shown) = open(dir.path());
    assert_eq!(shown[0].0.segment(), 2);
    assert_eq!(shown[0].1, BASE);
}

#[test]
fn a_removal_waits_for_what_was_appended_before_it() {
    let dir = TempDir::new().unwrap();
    let (mut writer, ..) = filled(dir.path(), 50);
    let before = writer.segments().len();
    writer.append(1, b"copied out of the oldest").unwrap();
    writer.remove_oldest().unwrap();
    assert_eq!(writer.segments().len(), before);
    writer.flush().unwrap();
    assert_eq!(writer.segments().len(), before - 1);
}

#[test]
#[should_panic(expected = "the last segment stays")]
fn the_last_segment_cannot_be_removed() {
    let dir = TempDir::new().unwrap();
    let (mut writer, ..) = filled(dir.path(), 1);
    let _ = writer.remove_oldest();
}

#[test]
fn a_scan_shows_every_record_of_a_segment_and_can_pause() {
    let dir = TempDir::new().unwrap();
    let (_writer, reader, positions) = filled(dir.path(), 20);
    let expected: Vec<_> = positions
        .iter()
        .copied()
        .filter(|position| position.segment() == 1)
        .collect();
    let mut at_once = Vec::new();
    reader
        .scan_segment(1, &mut |record| at_once.push(record.position))
        .unwrap();
    assert_eq!(at_once[1..], expected);
    let (mut in_steps, mut from) = (Vec::new(), Some(Reader::start_of(1)));
    while let Some(start) = from {
        let scanned = reader.scan(start, &mut |record| {
            in_steps.push(record.position);
            std::ops::ControlFlow::Break(())
        });
        from = scanned.unwrap().next;
    }
    assert_eq!(in_steps, at_once);
}

#[test]
fn a_group_is_replayed_whole() {
    let dir = TempDir::new().unwrap();
    let (mut writer, ..) = filled(dir.path(), 1);
    writer.begin();
    writer.commit().unwrap();
    writer.begin();
    for number in 1..5 {
        writer.append(1, &body(number)).unwrap();
    }
    writer.commit().unwrap();
    writer.flush().unwrap();
    drop(writer);
    let (.., recovery, shown) = open(dir.path());
    assert_eq!((shown.len(), recovery.cut_bytes), (1 + 5, 0));
}

#[test]
fn a_second_opener_is_told_who_has_the_folder() {
    let dir = TempDir::new().unwrap();
    let first = open(dir.path());
    let second = try_open(dir.path(), small());
    let pid = std::process::id();
    assert!(matches!(second, Err(Error::Locked { pid: Some(found), .. }) if found == pid));
    drop(first);
    open(dir.path());
}

#[test]
fn a_record_over_the_limit_is_refused_and_nothing_else_suffers() {
    let dir = TempDir::new().unwrap();
    let options = Options {
        max_record_bytes: 200,
        ..small()
    };
    let (mut writer, ..) = try_open(dir.path(), options).unwrap();
    writer.roll(b"base").unwrap();
    assert!(matches!(
        writer.append(1, &[0; 201]),
        Err(Error::TooLarge { bytes: 201, .. })
    ));
    writer.append(1, &[0; 200]).unwrap();
    writer.flush().unwrap();
}

#[test]
fn another_kind_of_log_and_a_newer_one_are_refused() {
    let dir = TempDir::new().unwrap();
    drop(filled(dir.path(), 3));
    let other = Options {
        content: Content {
            name: *b"other   ",
            version: 1,
        },
        ..small()
    };
    assert!(matches!(
        try_open(dir.path(), other),
        Err(Error::Foreign { .. })
    ));
    let older = Options {
        content: Content {
            version: 0,
            ..small().content
        },
        ..small()
    };
    assert!(matches!(
        try_open(dir.path(), older),
        Err(Error::Newer {
            found: 1,
            known: 0,
            ..
        })
    ));
}

#[test]
fn a_newer_format_is_refused_untouched() {
    let dir = TempDir::new().unwrap();
    drop(filled(dir.path(), 3));
    std::fs::remove_file(dir.path().join("LOCK")).unwrap();
    let path = dir.path().join("00000001.log");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 2;
    bytes[64 + 8] = 2;
    std::fs::write(&path, &bytes).unwrap();
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = names();
    assert!(matches!(
        try_open(dir.path(), small()),
        Err(Error::Newer {
            found: 2,
            known: 1,
            ..
        })
    ));
    assert_eq!((std::fs::read(&path).unwrap(), names()), (bytes, before));
}

#[test]
fn a_file_of_another_log_is_refused() {
    let (dir, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    drop(filled(dir.path(), 50));
    drop(filled(other.path(), 50));
    std::fs::copy(
        other.path().join("00000002.log"),
        dir.path().join("00000002.log"),
    )
    .unwrap();
    assert!(matches!(
        try_open(dir.path(), small()),
        Err(Error::Foreign { .. })
    ));
}

/// Keeps the first byte of every record, and nothing of records of kind 9.
struct FirstByte(u16);

impl Digest for FirstByte {
    fn version(&self) -> u16 {
        self.0
    }

    fn digest(&self, kind: u8, body: &[u8], out: &mut Vec<u8>) -> Replay {
        out.extend_from_slice(&body[..1]);
        out.push(self.0 as u8);
        if kind == 9 {
            Replay::Skip
        } else {
            Replay::Show
        }
    }
}

#[test]
fn digests_are_what_the_owner_made_them_and_are_made_anew_for_another_version() {
    let dir = TempDir::new().unwrap();
    let open = |version| {
        let mut shown = Vec::new();
        let digest = Arc::new(FirstByte(version));
        let (writer, _, recovery) =
            Log::open_dir(dir.path(), small(), digest, &mut |_, replayed| {
                shown.push((replayed.kind, replayed.body_bytes, replayed.digest.to_vec()));
            })
            .unwrap();
        (writer, recovery, shown)
    };
    let (mut writer, ..) = open(1);
    writer.roll(b"base").unwrap();
    writer.append(1, b"xyz").unwrap();
    writer.append(9, b"hidden").unwrap();
    writer.roll(b"base").unwrap();
    drop(writer);
    for (version, from_sidecars) in [(1, 1), (2, 0), (2, 1)] {
        let (_, recovery, shown) = open(version);
        assert_eq!(
            (recovery.from_sidecars, recovery.records),
            (from_sidecars, 4)
        );
        let mark = version as u8;
        let base = (BASE, 4, vec![b'b', mark]);
        assert_eq!(shown, [base.clone(), (1, 3, vec![b'x', mark]), base]);
    }
}

#[test]
fn a_claim_of_a_hundred_neighbours_is_one_read() {
    let files = FaultyFiles::new(1);
    let (mut writer, reader, _) = Log::open(
        Path::new("/log"),
        Options::default(),
        Arc::new(files.clone()),
        Arc::new(WholeBody),
        &mut |_, _| {},
    )
    .unwrap();
    writer.roll(b"base").unwrap();
    let positions: Vec<_> = (0..100)
        .map(|_| writer.append(1, &[7; 370]).unwrap())
        .collect();
    writer.flush().unwrap();
    let read = |fails_after| {
        files.fail_after(Op::Read, fails_after);
        let mut good = 0;
        reader.read_many(&positions, &mut Vec::new(), &mut |_, record| {
            good += u32::from(record.is_ok())
        });
        files.heal();
        good
    };
    assert_eq!(read(1), 100);
    // The control: the first read can fail. What one piece does not give is read one by one.
    files.fail_after(Op::Read, 0);
    assert!(reader.read(positions[0]).is_err());
}

#[test]
fn a_segment_that_is_missing_is_told_and_the_others_are_served() {
    let dir = TempDir::new().unwrap();
    let (writer, _, positions) = filled(dir.path(), 50);
    drop(writer);
    std::fs::remove_file(dir.path().join("00000002.log")).unwrap();
    let (_, _, recovery, shown) = open(dir.path());
    let left = positions
        .iter()
        .filter(|position| position.segment() != 2)
        .count();
    assert_eq!(
        shown.iter().filter(|(_, kind, _)| *kind != BASE).count(),
        left
    );
    let [gap] = recovery.gaps[..] else {
        panic!("one gap, not {:?}", recovery.gaps);
    };
    // The records of the segment and its base.
    assert_eq!(gap.next - gap.after - 1, (50 - left + 1) as u64);
    assert!(!dir.path().join("00000002.idx").exists());
}

#[test]
fn a_log_goes_into_a_folder_that_has_yet_to_be_made() {
    let dir = TempDir::new().unwrap();
    drop(filled(&dir.path().join("some/levels/down"), 1));
    assert!(dir.path().join("some/levels/down/00000001.log").exists());
}
