//! Check, repair and backup.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_log::{
    BASE, Error, Log, Options, Reader, Recovery, WholeBody, Writer,
    files::{FaultyFiles, Files, RealFiles},
    tools::{backup, check, repair},
};
use tempfile::TempDir;

const DIR: &str = "/log";

type Opened = (Writer, Reader, Recovery, Vec<Vec<u8>>);

fn open(dir: &Path, files: Arc<dyn Files>) -> Result<Opened, Error> {
    let options = Options {
        segment_bytes: 2000,
        background: false,
        ..Options::default()
    };
    let mut shown = Vec::new();
    let (writer, reader, recovery) = Log::open(
        dir,
        options,
        files,
        Arc::new(WholeBody),
        &mut |_, replayed| {
            if replayed.kind != BASE {
                shown.push(replayed.digest.to_vec());
            }
        },
    )?;
    Ok((writer, reader, recovery, shown))
}

fn body(number: u64) -> Vec<u8> {
    let mut body = number.to_le_bytes().to_vec();
    body.resize(300, 9);
    body
}

fn append(writer: &mut Writer, number: u64) {
    if writer.should_roll() {
        writer.roll(b"base").unwrap();
    }
    writer.append(1, &body(number)).unwrap();
    writer.flush().unwrap();
}

/// Three segments and a bit, of twenty records.
fn filled() -> FaultyFiles {
    let files = FaultyFiles::new(11);
    let (mut writer, ..) = open(Path::new(DIR), Arc::new(files.clone())).unwrap();
    for number in 0..20 {
        append(&mut writer, number);
    }
    drop(writer);
    files
}

fn log(number: u32) -> PathBuf {
    Path::new(DIR).join(format!("{number:08}.log"))
}

fn change(files: &FaultyFiles, number: u32, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = files.contents(&log(number)).unwrap();
    change(&mut bytes);
    files.put(&log(number), &bytes);
}

fn everything(files: &FaultyFiles) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    files
        .paths()
        .into_iter()
        .map(|path| (path.clone(), files.contents(&path)))
        .collect()
}

#[test]
fn a_check_counts_and_changes_nothing() {
    let files = filled();
    let before = everything(&files);
    let report = check(Path::new(DIR), &files).unwrap();
    assert!(report.is_clean());
    let segments = report.segments.len();
    assert_eq!(report.records(), 20 + segments as u64);
    assert!(
        report.segments[..segments - 1]
            .iter()
            .all(|segment| segment.sidecar)
    );
    assert!(report.to_string().ends_with("clean"), "{report}");
    assert_eq!(everything(&files), before);
}

#[test]
fn a_check_finds_what_is_damaged_and_where() {
    let files = filled();
    change(&files, 1, |bytes| bytes[500] ^= 1);
    change(&files, 2, |bytes| bytes[..128].fill(1));
    let last = check(Path::new(DIR), &files)
        .unwrap()
        .segments
        .pop()
        .unwrap();
    change(&files, last.number, |bytes| {
        bytes[last.bytes as usize + 50] = 1
    });
    let before = everything(&files);
    let report = check(Path::new(DIR), &files).unwrap();
    let corrupt: Vec<_> = report.corrupt().collect();
    assert_eq!(corrupt.len(), 1);
    assert_eq!((corrupt[0].records, corrupt[0].bytes), (1, 318));
    assert!(corrupt[0].position.offset() <= 500 && corrupt[0].position.offset() > 182);
    assert!(!report.segments[1].header);
    assert_eq!(report.segments.last().unwrap().torn_bytes, 51);
    let text = report.to_string();
    assert!(
        text.contains("header damaged") && text.ends_with("damaged"),
        "{text}"
    );
    assert_eq!(everything(&files), before);
}

#[test]
fn after_a_repair_the_log_opens_without_a_complaint() {
    let files = filled();
    let whole = open(Path::new(DIR), Arc::new(files.clone())).unwrap().3;
    change(&files, 1, |bytes| bytes[500] ^= 1);
    change(&files, 2, |bytes| {
        bytes[..128].fill(1);
        let end = bytes.len();
        bytes[end - 400..].fill(3);
    });
    let last = check(Path::new(DIR), &files)
        .unwrap()
        .segments
        .pop()
        .unwrap();
    change(&files, last.number, |bytes| {
        bytes[last.bytes as usize + 50] = 1
    });

    let report = repair(Path::new(DIR), &files).unwrap();
    assert_eq!(report.corrupt().count(), 2);
    for corruption in report.corrupt() {
        let aside = files
            .contents(corruption.set_aside.as_ref().unwrap())
            .unwrap();
        assert_eq!(aside.len() as u64, corruption.bytes);
    }
    assert!(check(Path::new(DIR), &files).unwrap().is_clean());
    for from_sidecars in [1, 3] {
        let (_, _, recovery, shown) = open(Path::new(DIR), Arc::new(files.clone())).unwrap();
        assert_eq!(
            (recovery.cut_bytes, recovery.corrupt, recovery.gaps),
            (0, vec![], vec![])
        );
        assert_eq!(recovery.from_sidecars, from_sidecars);
        let lost = whole.iter().filter(|body| !shown.contains(body)).count();
        assert_eq!((shown.len(), lost), (20 - 3, 3));
    }
}

#[test]
fn a_repair_of_a_log_in_use_is_refused() {
    let files = filled();
    let _open = open(Path::new(DIR), Arc::new(files.clone())).unwrap();
    assert!(matches!(
        repair(Path::new(DIR), &files),
        Err(Error::Locked { .. })
    ));
}

#[test]
fn a_copy_is_the_log_and_goes_to_an_empty_folder_only() {
    let files = filled();
    let last = check(Path::new(DIR), &files)
        .unwrap()
        .segments
        .pop()
        .unwrap();
    change(&files, last.number, |bytes| {
        bytes[last.bytes as usize + 50] = 1
    });
    let target = Path::new("/copy");
    let report = backup(Path::new(DIR), target, &files).unwrap();
    assert!(report.is_clean());
    assert!(
        check(target, &files).unwrap().is_clean(),
        "an unfinished write is not copied"
    );
    let again = backup(Path::new(DIR), target, &files);
    assert!(matches!(again, Err(Error::NotEmpty { .. })));
    let original = open(Path::new(DIR), Arc::new(files.clone())).unwrap().3;
    assert_eq!(open(target, Arc::new(files)).unwrap().3, original);
}

#[test]
fn copies_made_while_a_process_appends_and_removes_are_beginnings_of_its_log() {
    let (dir, copies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (mut writer, ..) = open(dir.path(), Arc::new(RealFiles)).unwrap();
    append(&mut writer, 0);
    std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            for copy in 0..8 {
                backup(
                    dir.path(),
                    &copies.path().join(copy.to_string()),
                    &RealFiles,
                )
                .unwrap();
            }
        });
        let mut number = 0;
        while !copying.is_finished() {
            number += 1;
            append(&mut writer, number);
            if writer.segments().len() > 4 {
                writer.remove_oldest().unwrap();
            }
        }
    });
    let mut last = 0;
    for copy in 0..8 {
        let copy = copies.path().join(copy.to_string());
        let (_, _, recovery, shown) = open(&copy, Arc::new(RealFiles)).unwrap();
        assert_eq!(
            (recovery.cut_bytes, recovery.corrupt, recovery.gaps),
            (0, vec![], vec![])
        );
        let first = u64::from_le_bytes(*shown[0].first_chunk().unwrap());
        let expected: Vec<_> = (first..first + shown.len() as u64).map(body).collect();
        assert_eq!(shown, expected);
        assert!(
            first + shown.len() as u64 >= last,
            "an older state than the copy before"
        );
        last = first + shown.len() as u64;
    }
}
