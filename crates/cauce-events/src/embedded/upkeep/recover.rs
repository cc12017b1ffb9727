//! Brings the files into the state that the log tells of: those that it names get their names, the
//! others go.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::Arc,
};

use cauce_flow::shape::month::Month;
use cauce_log::files::Files;

use super::super::{
    known::Run,
    manifest::{Manifest, PartEntry},
    shared::{ids_dir, run_path},
    state::Shown,
};
use crate::{fault::Fault, folder::Folder, part};

/// What was found of the files.
#[derive(Default)]
pub(in super::super) struct Found {
    pub(in super::super) shown: Shown,
    /// Files that the log names and that are not there, or cannot be read.
    pub(in super::super) lost_parts: Vec<PartEntry>,
    pub(in super::super) lost_runs: Vec<u64>,
    /// Files that the log does not name.
    pub(in super::super) leftovers: usize,
    pub(in super::super) next_file: u64,
}

/// Where files go that the log does not name though it may have done so, because it is damaged.
const ASIDE: &str = "quarantine";

/// Looks at all files. Where the log is damaged, those that it does not name are set aside rather
/// than removed.
pub(in super::super) fn recover(
    files: &Arc<dyn Files>,
    dir: &Path,
    manifest: &Manifest,
    (damaged, max_filter_bytes): (bool, usize),
) -> Result<Found, Fault> {
    let mut found = Found {
        next_file: manifest.next_file,
        ..Found::default()
    };
    for month in months(&**files, dir, manifest)? {
        recover_month(files, dir, month, manifest, damaged, &mut found)?;
    }
    recover_runs(&**files, dir, manifest, max_filter_bytes, &mut found)?;
    found.shown.left = manifest.left;
    Ok(found)
}

/// Whether there are files of events in the folder.
pub(in super::super) fn has_parts(files: &dyn Files, dir: &Path) -> Result<bool, Fault> {
    for month in months(files, dir, &Manifest::default())? {
        let names = list(files, &dir.join(month.to_string()))?;
        if names.iter().any(|name| part::number_of(name).is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn months(files: &dyn Files, dir: &Path, manifest: &Manifest) -> Result<BTreeSet<Month>, Fault> {
    let names = list(files, dir)?;
    let there = names.iter().filter_map(|name| name.parse().ok());
    let named = manifest.parts.values().map(|entry| entry.month);
    Ok(there.chain(named).collect())
}

fn recover_month(
    files: &Arc<dyn Files>,
    dir: &Path,
    month: Month,
    manifest: &Manifest,
    damaged: bool,
    found: &mut Found,
) -> Result<(), Fault> {
    let folder = dir.join(month.to_string());
    let names = list(&**files, &folder)?;
    let numbers: BTreeSet<u64> = names
        .iter()
        .filter_map(|name| part::number_of(name))
        .collect();
    found.next_file = found
        .next_file
        .max(numbers.last().map_or(0, |last| last + 1));
    let ours = |number: &u64| {
        manifest
            .parts
            .get(number)
            .filter(|entry| entry.month == month)
    };
    let unnamed: Vec<u64> = numbers
        .iter()
        .copied()
        .filter(|number| ours(number).is_none())
        .collect();
    found.leftovers += unnamed.len();
    if damaged {
        let unnamed = |name: &&String| part::number_of(name).is_some_and(|n| unnamed.contains(&n));
        set_aside(&**files, dir, &folder, names.iter().filter(unnamed))?;
    } else if !unnamed.is_empty() {
        part::remove(&Folder::new(files, &folder), &unnamed)?;
    }
    let named = manifest.parts.values().filter(|entry| entry.month == month);
    let parts = Arc::make_mut(&mut found.shown.parts);
    for entry in named {
        match part::publish(&Folder::new(files, &folder), &[entry.part.number]) {
            Ok(()) => drop(parts.insert(entry.part.number, entry.clone())),
            Err(fault) => {
                tracing::error!(%fault, events = entry.part.events, "a file of events is lost");
                found.lost_parts.push(entry.clone());
            }
        }
    }
    Ok(())
}

fn set_aside<'a>(
    files: &dyn Files,
    dir: &Path,
    folder: &Path,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), Fault> {
    let aside = dir.join(ASIDE);
    for name in names {
        tracing::warn!(
            name,
            "a file that the damaged log does not name is set aside"
        );
        let moved = files
            .create_dir(&aside)
            .and_then(|()| files.rename(&folder.join(name), &aside.join(name)));
        moved.map_err(|source| io_fault("set aside", &folder.join(name), source))?;
    }
    let synced = files.sync_dir(folder);
    synced.map_err(|source| io_fault("sync", folder, source))
}

fn recover_runs(
    files: &dyn Files,
    dir: &Path,
    manifest: &Manifest,
    max_filter_bytes: usize,
    found: &mut Found,
) -> Result<(), Fault> {
    let mut numbers = BTreeMap::new();
    for name in list(files, &ids_dir(dir))? {
        let number = name
            .strip_prefix("run-")
            .and_then(|rest| rest.strip_suffix(".ids"));
        numbers.extend(
            number
                .and_then(|text| text.parse::<u64>().ok())
                .map(|n| (n, name)),
        );
    }
    let last = numbers.last_key_value().map_or(0, |(last, _)| last + 1);
    found.next_file = found.next_file.max(last);
    for (number, name) in numbers
        .iter()
        .filter(|(n, _)| !manifest.runs.contains_key(n))
    {
        found.leftovers += 1;
        let removed = files.remove(&run_path(dir, *number));
        removed.map_err(|source| io_fault("remove", Path::new(name), source))?;
    }
    let runs = Arc::make_mut(&mut found.shown.runs);
    let mut room = max_filter_bytes;
    // The newest first: what a client sends again it sends soon.
    for number in manifest.runs.keys().rev() {
        match Run::open(files, &run_path(dir, *number), (*number, room)) {
            Ok(run) => {
                room = room.saturating_sub(run.memory_bytes());
                runs.insert(*number, Arc::new(run));
            }
            Err(error) => {
                tracing::error!(%error, "a run of known ids is lost: their repeats are taken for new");
                found.lost_runs.push(*number);
            }
        }
    }
    Ok(())
}

fn list(files: &dyn Files, dir: &Path) -> Result<Vec<String>, Fault> {
    match files.list(dir) {
        Ok(mut names) => {
            names.sort();
            Ok(names)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(io_fault("list", dir, source)),
    }
}

fn io_fault(doing: &'static str, path: &Path, source: io::Error) -> Fault {
    Fault::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// Removes what was set aside, because it may name whoever is to be forgotten.
pub(super) fn empty_quarantine(files: &dyn Files, dir: &Path) -> io::Result<()> {
    for aside in [dir.join(ASIDE), dir.join("log").join(ASIDE)] {
        let names = match files.list(&aside) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            names => names?,
        };
        for name in &names {
            files.remove(&aside.join(name))?;
        }
        if !names.is_empty() {
            files.sync_dir(&aside)?;
        }
    }
    Ok(())
}
