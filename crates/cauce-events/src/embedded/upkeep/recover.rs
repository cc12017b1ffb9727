//! Brings the files into the state that the log tells of: those that it names get their names, the
//! others go.

use std::{collections::BTreeSet, io, path::Path, sync::Arc};

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
    let mut looking = Looking {
        files,
        dir,
        manifest,
        damaged,
        found: Found {
            next_file: manifest.next_file,
            ..Found::default()
        },
    };
    for month in months(&**files, dir, manifest)? {
        looking.at_month(month)?;
    }
    looking.at_runs(max_filter_bytes)?;
    let mut found = looking.found;
    found.shown.left = manifest.left;
    Ok(found)
}

/// A look at all files.
struct Looking<'a> {
    files: &'a Arc<dyn Files>,
    dir: &'a Path,
    manifest: &'a Manifest,
    damaged: bool,
    found: Found,
}

impl Looking<'_> {
    fn at_month(&mut self, month: Month) -> Result<(), Fault> {
        let folder = Folder::new(self.files, self.dir.join(month.to_string()));
        let names = list(&**self.files, &folder)?;
        let numbers: BTreeSet<u64> = names
            .iter()
            .filter_map(|name| part::number_of(name))
            .collect();
        self.note_number(numbers.last());
        let parts = &self.manifest.parts;
        let ours = |number: &u64| parts.get(number).is_some_and(|entry| entry.month == month);
        let unnamed: Vec<u64> = numbers
            .iter()
            .copied()
            .filter(|number| !ours(number))
            .collect();
        self.found.leftovers += unnamed.len();
        if self.damaged {
            let number = |name: &String| part::number_of(name);
            let aside = |name: &&String| number(name).is_some_and(|n| unnamed.contains(&n));
            set_aside(&**self.files, self.dir, &folder, names.iter().filter(aside))?;
        } else if !unnamed.is_empty() {
            part::remove(&folder, &unnamed)?;
        }
        let named = parts.values().filter(|entry| entry.month == month);
        named.for_each(|entry| self.name(&folder, entry));
        Ok(())
    }

    /// Gives a file of events its name, or notes that it is lost.
    fn name(&mut self, folder: &Folder, entry: &PartEntry) {
        match part::publish(folder, &[entry.part.number]) {
            Ok(()) => {
                let parts = Arc::make_mut(&mut self.found.shown.parts);
                parts.insert(entry.part.number, entry.clone());
            }
            Err(fault) => {
                let events = entry.part.events;
                tracing::error!(%fault, events, "a file of events is lost");
                self.found.lost_parts.push(entry.clone());
            }
        }
    }

    fn at_runs(&mut self, max_filter_bytes: usize) -> Result<(), Fault> {
        let number = |name: &str| -> Option<u64> {
            name.strip_prefix("run-")?
                .strip_suffix(".ids")?
                .parse()
                .ok()
        };
        let names = list(&**self.files, &ids_dir(self.dir))?;
        let numbers: BTreeSet<u64> = names.iter().filter_map(|name| number(name)).collect();
        self.note_number(numbers.last());
        let named = &self.manifest.runs;
        for number in numbers.iter().filter(|number| !named.contains_key(number)) {
            self.found.leftovers += 1;
            let path = run_path(self.dir, *number);
            let removed = self.files.remove(&path);
            removed.map_err(|source| io_fault("remove", &path, source))?;
        }
        let mut room = max_filter_bytes;
        // The newest first: what a client sends again it sends soon.
        for number in named.keys().rev() {
            room = room.saturating_sub(self.open_run(*number, room));
        }
        Ok(())
    }

    /// Opens a run, or notes that it is lost. Answers the bytes of memory that it takes.
    fn open_run(&mut self, number: u64, room: usize) -> usize {
        match Run::open(&**self.files, &run_path(self.dir, number), (number, room)) {
            Ok(run) => {
                let bytes = run.memory_bytes();
                Arc::make_mut(&mut self.found.shown.runs).insert(number, Arc::new(run));
                bytes
            }
            Err(error) => {
                tracing::error!(%error, "a run of known ids is lost: their repeats are taken for new");
                self.found.lost_runs.push(number);
                0
            }
        }
    }

    fn note_number(&mut self, last: Option<&u64>) {
        self.found.next_file = self.found.next_file.max(last.map_or(0, |last| last + 1));
    }
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
