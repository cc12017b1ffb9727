//! Copies a log, also while a process appends to it.
//!
//! All segments are opened before the first is copied, so that one which is removed meanwhile is
//! copied all the same. What was listed is a beginning of the log that ends with the last whole
//! record at the time of copying: a state that the log was in.

use std::{io, path::Path};

use super::{
    Report,
    check::{report, survey_all},
};
use crate::{
    error::{Doing, Error},
    files::{File, Files, read_full, write_full},
    folder::Folder,
    segment::log_path,
};

/// How often the folder is listed again when a segment has been removed between list and open.
const MAX_LISTINGS: usize = 100;

/// Copies the log in `dir` into the folder `target`, which must be new or empty.
pub fn backup(dir: &Path, target: &Path, files: &dyn Files) -> Result<Report, Error> {
    files.create_dir(target).doing("create", target)?;
    if !files.list(target).doing("list", target)?.is_empty() {
        return Err(Error::NotEmpty {
            dir: target.to_owned(),
        });
    }
    let folder = open_all(dir, files)?;
    let mut done = Report::default();
    for (number, survey) in survey_all(&folder, dir)? {
        let path = log_path(target, number);
        // Damaged bytes in the middle are copied as they are; an unfinished end is not.
        let damaged_end = survey
            .damages
            .last()
            .map_or(0, |damage| damage.offset + damage.bytes);
        let end = survey.end.max(damaged_end);
        let (from, _) = &folder.segments[&number];
        let to = files.create(&path).doing("create", &path)?;
        copy(&**from, &*to, end).doing("write", &path)?;
        to.sync_data().doing("sync", &path)?;
        let mut segment = report(&folder, files, target, number, &survey);
        segment.torn_bytes = 0;
        done.segments.push(segment);
    }
    files.sync_dir(target).doing("sync", target)?;
    Ok(done)
}

fn open_all(dir: &Path, files: &dyn Files) -> Result<Folder, Error> {
    for _ in 1..MAX_LISTINGS {
        match Folder::read(files, dir, false) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
    }
    Folder::read(files, dir, false)
}

fn copy(from: &dyn File, to: &dyn File, bytes: u64) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut offset = 0;
    while offset < bytes {
        let piece = (bytes - offset).min(buffer.len() as u64) as usize;
        let read = read_full(from, &mut buffer[..piece], offset)?;
        write_full(to, &buffer[..read], offset)?;
        if read < piece {
            break;
        }
        offset += piece as u64;
    }
    Ok(())
}
