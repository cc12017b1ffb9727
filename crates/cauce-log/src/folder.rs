//! The files of a log: told apart by their headers, refused where they are not ours.

use std::{
    any::Any,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::{Doing, Error},
    files::{File, Files, Lock, read_full},
    frame::{HEADER_BYTES, Head, Header, Salt, VERSION},
    options::Options,
    segment::{LOCK, RESERVE, log_path, number_in},
    survey::{Place, Source},
};

/// The files of a log, told apart by their headers.
pub(crate) struct Folder {
    dir: PathBuf,
    /// By number; without a header where neither copy is readable.
    pub(crate) segments: BTreeMap<u32, (Arc<dyn File>, Option<Header>)>,
    pub(crate) log_id: Option<u64>,
    leftovers: Vec<PathBuf>,
}

impl Folder {
    /// Reads the headers, and nothing else.
    pub(crate) fn read(files: &dyn Files, dir: &Path, writable: bool) -> Result<Folder, Error> {
        let mut folder = Folder {
            dir: dir.to_owned(),
            segments: BTreeMap::new(),
            log_id: None,
            leftovers: Vec::new(),
        };
        let names = files.list(dir).doing("list", dir)?;
        for name in &names {
            if name == RESERVE || name.ends_with(".idx.tmp") {
                folder.leftovers.push(dir.join(name));
            }
            if let Some(number) = number_in(name, ".log") {
                let file = folder.open_segment(files, number, writable)?;
                folder.segments.insert(number, file);
            }
        }
        let orphan = |name: &&String| {
            number_in(name, ".idx").is_some_and(|number| !folder.segments.contains_key(&number))
        };
        let orphans: Vec<_> = names
            .iter()
            .filter(orphan)
            .map(|name| dir.join(name))
            .collect();
        folder.leftovers.extend(orphans);
        folder.drop_unfinished_last()?;
        Ok(folder)
    }

    fn open_segment(
        &mut self,
        files: &dyn Files,
        number: u32,
        writable: bool,
    ) -> Result<(Arc<dyn File>, Option<Header>), Error> {
        let path = log_path(&self.dir, number);
        let opened = if writable {
            files.open(&path)
        } else {
            files.open_read(&path)
        };
        let file = opened.doing("open", &path)?;
        let mut head = [0; HEADER_BYTES];
        read_full(&*file, &mut head, 0).doing("read", &path)?;
        match Header::decode(&head) {
            Head::Newer(found) => Err(Error::Newer {
                path,
                found,
                known: VERSION,
            }),
            Head::Damaged => Ok((file, None)),
            Head::Known(header) => {
                let log_id = *self.log_id.get_or_insert(header.log_id);
                if header.segment != number || header.log_id != log_id {
                    return Err(Error::Foreign { path });
                }
                Ok((file, Some(header)))
            }
        }
    }

    /// Last files without a header and without a record are segments that never began: their
    /// names reached the disk before their content did.
    fn drop_unfinished_last(&mut self) -> Result<(), Error> {
        while let Some((number, (file, None))) = self.segments.last_key_value() {
            let number = *number;
            let path = log_path(&self.dir, number);
            let end = file.size().doing("measure", &path)?;
            let survey = self.source(number, end).survey(Place::Sealed);
            let survey = survey.doing("read", &path)?;
            // Without the log's id no record would be found: then only zeros are sure to be none.
            let empty = survey.records == 0;
            if !empty || (self.log_id.is_none() && survey.dirty_end > survey.end) {
                break;
            }
            self.segments.remove(&number);
            self.leftovers.push(path);
        }
        self.refuse_without_header()
    }

    fn refuse_without_header(&self) -> Result<(), Error> {
        match (self.log_id, self.segments.keys().next()) {
            (None, Some(number)) => Err(Error::BadHeader {
                path: log_path(&self.dir, *number),
            }),
            (Some(_), _) | (None, None) => Ok(()),
        }
    }

    /// A segment as a survey reads it. `before` is what its header, or else the segment before,
    /// says of the sequence.
    pub(crate) fn source(&self, number: u32, end: u64) -> Source<'_> {
        let (file, header) = &self.segments[&number];
        let before = header.map(|header| header.first_seq.saturating_sub(1));
        Source {
            file: &**file,
            salt: Salt::new(self.log_id.unwrap_or(0), number),
            before,
            end,
        }
    }

    pub(crate) fn drop_leftovers(&mut self, files: &dyn Files) -> Result<(), Error> {
        for path in self.leftovers.drain(..) {
            files.remove(&path).doing("remove", &path)?;
        }
        // Also makes durable what the process before could not: a rename, a removal.
        files.sync_dir(&self.dir).doing("sync", &self.dir)
    }
}

/// Reads all headers; refuses a newer format, another log and another kind of records.
pub(crate) fn refuse_what_is_not_ours(
    files: &dyn Files,
    dir: &Path,
    options: &Options,
) -> Result<Folder, Error> {
    let folder = Folder::read(files, dir, true)?;
    for (number, (_, header)) in &folder.segments {
        let path = log_path(dir, *number);
        let Some(Header { content, .. }) = header else {
            continue;
        };
        if content.name != options.content.name {
            return Err(Error::Foreign { path });
        }
        if content.version > options.content.version {
            let (found, known) = (content.version, options.content.version);
            return Err(Error::Newer { path, found, known });
        }
    }
    Ok(folder)
}

/// Keeps other processes out of the folder until the value is dropped.
pub(crate) fn take_lock(
    files: &dyn Files,
    dir: &Path,
) -> Result<Box<dyn Any + Send + Sync>, Error> {
    let path = dir.join(LOCK);
    match files.lock(&path).doing("lock", &path)? {
        Lock::Held(lock) => Ok(lock),
        Lock::Taken { pid } => Err(Error::Locked {
            dir: dir.to_owned(),
            pid,
        }),
    }
}
