//! The event store while nobody runs on it, or beside who does: checked, copied, tidied up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_flow::time::Timestamp;
use cauce_log::{
    files::RealFiles,
    tools::{self, Report},
};

use crate::embedded::{EmbeddedEvents, OpenError, Options};

/// What a Parquet file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";
/// How often a copy is begun anew because files came and went meanwhile.
const MAX_TRIES: usize = 5;

/// The folder of the log in the folder of a store.
pub fn log_folder(dir: &Path) -> PathBuf {
    dir.join("log")
}

/// The files of events that are not whole: each with what is wrong.
pub fn bad_files(dir: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut bad = Vec::new();
    for path in files(dir)? {
        if path.extension().is_some_and(|kind| kind == "parquet")
            && let Err(why) = check_file(&path)
        {
            bad.push((path, why.to_string()));
        }
    }
    Ok(bad)
}

/// A Parquet file begins and ends with its mark, and its footer lies inside.
fn check_file(path: &Path) -> io::Result<()> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let (mut head, mut tail) = ([0; 4], [0; 8]);
    file.read_exact(&mut head)?;
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut tail)?;
    let [length @ .., m0, m1, m2, m3] = tail;
    if head != *MAGIC || [m0, m1, m2, m3] != *MAGIC {
        return Err(broken("it is not whole"));
    }
    match u64::from(u32::from_le_bytes(length)) + 12 <= size {
        true => Ok(()),
        false => Err(broken("its footer is longer than the file")),
    }
}

/// Copies a store into a new folder, also while a server runs on it: the log as of one moment, and every file
/// that it names. Answers the log's report, and how many files were copied.
///
/// Files are immutable, but merged ones replace others all the time. Those that are there before the
/// log is copied are held open, so that they are copied even if they go; those that come meanwhile
/// are copied after it. Files have numbers that only grow: one that came and went unseen leaves a
/// gap, and the copy is begun anew.
pub fn backup(dir: &Path, to: &Path) -> io::Result<(Report, usize)> {
    for _ in 1..MAX_TRIES {
        if let Some(done) = try_backup(dir, to, true)? {
            return Ok(done);
        }
        fs::remove_dir_all(to)?;
    }
    let done = try_backup(dir, to, false)?;
    Ok(done.expect("without asking for it, no gap is looked for"))
}

fn try_backup(from: &Path, into: &Path, no_gap: bool) -> io::Result<Option<(Report, usize)>> {
    fs::create_dir_all(into)?;
    let mut held = BTreeMap::new();
    hold(from, &mut held)?;
    let newest = held.keys().filter_map(|path| number_of(path)).max();
    let report = tools::backup(&log_folder(from), &log_folder(into), &RealFiles)
        .map_err(io::Error::other)?;
    hold(from, &mut held)?;
    if no_gap && has_gap(&held, newest.unwrap_or(0)) {
        return Ok(None);
    }
    for (path, file) in &mut held {
        let to = into.join(path);
        fs::create_dir_all(to.parent().unwrap_or(into))?;
        let mut copy = File::create(to)?;
        io::copy(file, &mut copy)?;
        copy.sync_all()?;
    }
    File::open(into)?.sync_all()?;
    Ok(Some((report, held.len())))
}

/// Opens every file that is not open yet, by its path in the folder.
fn hold(folder: &Path, held: &mut BTreeMap<PathBuf, File>) -> io::Result<()> {
    let log = log_folder(folder);
    for path in files(folder)?
        .into_iter()
        .filter(|path| !path.starts_with(&log))
    {
        let Ok(name) = path.strip_prefix(folder).map(Path::to_owned) else {
            continue;
        };
        if held.contains_key(&name) {
            continue;
        }
        match File::open(&path) {
            Ok(file) => drop(held.insert(name, file)),
            // It went between the list and here, or took its final name.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a number after `newest` is missing.
fn has_gap(held: &BTreeMap<PathBuf, File>, newest: u64) -> bool {
    let numbers: BTreeSet<u64> = held.keys().filter_map(|path| number_of(path)).collect();
    let came: Vec<u64> = numbers
        .into_iter()
        .filter(|number| *number > newest)
        .collect();
    let expected = newest + 1..;
    came.iter()
        .zip(expected)
        .any(|(found, expected)| *found != expected)
}

/// The number in `part-7.parquet` and `run-7.ids`.
fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let rest = name.split_once('-')?.1;
    rest.split_once('.')?.0.parse().ok()
}

/// Every file below a folder. One that goes meanwhile is left out.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}

/// Writes what is in the log into files, merges small files and frees the log. Answers how many
/// bytes are free again. Blocks.
pub fn compact(options: Options, now: Timestamp) -> Result<u64, CompactError> {
    let dir = options.dir.clone();
    let before = size(&dir);
    let store = EmbeddedEvents::open_on(options, Arc::new(RealFiles))?;
    let tidied = store.flush_now(now).and_then(|()| store.tick(now));
    store.close();
    tidied?;
    Ok(before.saturating_sub(size(&dir)))
}

/// Why a store was not tidied up.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be written.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

fn size(folder: &Path) -> u64 {
    let files = files(folder).unwrap_or_default().into_iter();
    files
        .filter_map(|path| Some(path.metadata().ok()?.len()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_that_came_and_went_leaves_a_gap() {
        let dir = std::env::temp_dir();
        let held = |names: &[&str]| -> BTreeMap<PathBuf, File> {
            let open = |name: &&str| (PathBuf::from(name), File::open(&dir).expect("a folder"));
            names.iter().map(open).collect()
        };
        assert_eq!(
            number_of(Path::new("tracking_events_2026_01/part-12.parquet")),
            Some(12)
        );
        assert_eq!(number_of(Path::new("ids/run-7.ids")), Some(7));
        let whole = held(&[
            "m/part-3.parquet",
            "m/part-3.rollup",
            "ids/run-4.ids",
            "m/part-5.rollup.tmp",
        ]);
        assert!(!has_gap(&whole, 2) && !has_gap(&whole, 5));
        assert!(has_gap(&held(&["m/part-3.parquet", "m/part-5.parquet"]), 3));
    }
}
