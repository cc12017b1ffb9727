//! Opens a log: tells its files apart, recovers the last segment, replays.
//!
//! Nothing is changed before every header is known to be one that this program understands.

use std::{
    any::Any,
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::{Doing, Error},
    files::{File, Files, Lock, RealFiles, read_full, write_full},
    frame::{HEADER_BYTES, Head, Header, Salt, VERSION},
    options::{Digest, Durability, Options, Replayed},
    position::Position,
    quarantine,
    reader::Reader,
    segment::{LOCK, RESERVE, Segment, Table, index_path, log_path, number_in},
    sidecar,
    survey::{Place, Source, Survey},
    worker::{Shared, Worker},
    writer::{Active, Writer},
};

/// A log in a folder.
pub struct Log;

/// What was found while a log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segments in the folder.
    pub segments: usize,
    /// Records in them, also those that were not replayed.
    pub records: u64,
    /// Segments that were replayed from their sidecar index.
    pub from_sidecars: usize,
    /// Bytes cut off the end: a write that a crash interrupted, never acknowledged.
    pub cut_bytes: u64,
    /// Damaged places; everything around them is served.
    pub corrupt: Vec<Corruption>,
    /// Sequences that are missing between segments, or where no damage explains it.
    pub gaps: Vec<Gap>,
}

/// A damaged place in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corruption {
    /// Where it begins.
    pub position: Position,
    /// How many bytes are no record.
    pub bytes: u64,
    /// How many records stood there, as the sequence tells.
    pub records: u64,
    /// The file that holds a copy of the bytes, if it could be written.
    pub set_aside: Option<PathBuf>,
}

/// Sequences that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last one before.
    pub after: u64,
    /// The first one behind.
    pub next: u64,
}

/// What the owner does with each record at start.
pub type ReplayFn<'a> = dyn FnMut(Position, Replayed<'_>) + 'a;

impl Log {
    /// Opens the log in `dir` on the machine's own file system, or begins one there.
    pub fn open_dir(
        dir: &Path,
        options: Options,
        digest: Arc<dyn Digest>,
        replay: &mut ReplayFn<'_>,
    ) -> Result<(Writer, Reader, Recovery), Error> {
        Log::open(dir, options, Arc::new(RealFiles), digest, replay)
    }

    /// Opens the log in `dir`, or begins one there, and replays every record in order.
    ///
    /// A new log has no segment yet: [`Writer::should_roll`] says so.
    pub fn open(
        dir: &Path,
        options: Options,
        files: Arc<dyn Files>,
        digest: Arc<dyn Digest>,
        replay: &mut ReplayFn<'_>,
    ) -> Result<(Writer, Reader, Recovery), Error> {
        files.create_dir(dir).doing("create", dir)?;
        refuse_what_is_not_ours(&*files, dir, &options)?;
        let lock = take_lock(&*files, dir)?;
        // Once more: before the lock was held, another process may have been at work.
        let mut folder = refuse_what_is_not_ours(&*files, dir, &options)?;
        folder.drop_leftovers(&*files)?;
        let log_id = folder.log_id.unwrap_or_else(random);
        let shared = Shared::new(Arc::from(dir), files, options, digest, log_id);
        let shared = Arc::new(shared);
        let table = Arc::new(Table::default());
        let worker = Worker::start(Arc::clone(&shared))?;
        let mut writer = Writer::new(Arc::clone(&shared), Arc::clone(&table), worker, lock);
        let recovery = Opening {
            folder: &folder,
            shared: &shared,
            writer: &mut writer,
            replay,
        }
        .run()?;
        writer.worker().reserve();
        Ok((
            writer,
            Reader {
                table,
                dir: Arc::clone(&shared.dir),
            },
            recovery,
        ))
    }
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

/// 64 bits that nobody can guess: the keys of the standard library's hasher are random.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

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
fn refuse_what_is_not_ours(
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

/// A log that is being opened.
struct Opening<'a, 'r> {
    folder: &'a Folder,
    shared: &'a Arc<Shared>,
    writer: &'a mut Writer,
    replay: &'a mut ReplayFn<'r>,
}

impl Opening<'_, '_> {
    fn run(mut self) -> Result<Recovery, Error> {
        let mut recovery = Recovery {
            segments: self.folder.segments.len(),
            ..Recovery::default()
        };
        let mut last_seq = None;
        let last = self.folder.segments.keys().next_back().copied();
        for number in self.folder.segments.keys().copied() {
            let known = if Some(number) == last {
                self.recover_last(number, &mut recovery)?
            } else {
                self.replay_sealed(number, &mut recovery)?
            };
            let Some((first, end)) = known else {
                continue;
            };
            if let Some(after) = last_seq
                && first != after + 1
            {
                recovery.gaps.push(Gap { after, next: first });
            }
            last_seq = Some(end);
        }
        self.writer.next_seq = last_seq.map_or(1, |seq| seq + 1);
        Ok(recovery)
    }

    /// Replays a sealed segment; returns its first and its last sequence.
    fn replay_sealed(
        &mut self,
        number: u32,
        recovery: &mut Recovery,
    ) -> Result<Option<(u64, u64)>, Error> {
        let Shared { dir, files, .. } = &**self.shared;
        let identity = self.shared.identity(number);
        let path = log_path(dir, number);
        let size = self.folder.segments[&number]
            .0
            .size()
            .doing("measure", &path)?;
        let loaded = sidecar::load(&**files, dir, identity)?;
        if let Some(sidecar) = loaded.filter(|sidecar| sidecar.end <= size) {
            sidecar.replay(&mut |offset, replayed| {
                (self.replay)(Position::new(number, offset), replayed);
            });
            recovery.from_sidecars += 1;
            recovery.records += sidecar.records;
            self.table_segment(number, sidecar.end);
            return Ok(Some((sidecar.first_seq, sidecar.last_seq)));
        }
        // One that is there all the same is useless, or stands for a file that has shrunk.
        let _ = files.remove(&index_path(dir, number));
        let source = self.folder.source(number, size);
        let survey = source.survey(Place::Sealed).doing("read", &path)?;
        let segment = self.serve(number, &survey, recovery)?;
        if survey.damages.is_empty() {
            self.writer.worker().seal(segment);
        }
        Ok(survey.first_seq.zip(survey.last_seq))
    }

    /// Cuts off what a crash left at the end, makes durable what is served, and replays it.
    fn recover_last(
        &mut self,
        number: u32,
        recovery: &mut Recovery,
    ) -> Result<Option<(u64, u64)>, Error> {
        let path = log_path(&self.shared.dir, number);
        let size = self.folder.segments[&number]
            .0
            .size()
            .doing("measure", &path)?;
        let source = self.folder.source(number, size);
        let survey = source.survey(Place::Last).doing("read", &path)?;
        recovery.cut_bytes = survey.dirty_end.saturating_sub(survey.end);
        write_zeros(source.file, survey.end, survey.dirty_end).doing("cut the end of", &path)?;
        if self.shared.options.durability == Durability::Fsync {
            rewrite(source.file, survey.last_flush, survey.end).doing("write again", &path)?;
            source.file.sync_data().doing("sync", &path)?;
        }
        let segment = self.serve(number, &survey, recovery)?;
        self.writer.active = Some(Active {
            segment,
            tail: survey.end,
            allocated: size,
        });
        Ok(survey.first_seq.zip(survey.last_seq))
    }

    /// Sets aside what is damaged, shows the rest to the owner, and lets readers at it.
    fn serve(
        &mut self,
        number: u32,
        survey: &Survey,
        recovery: &mut Recovery,
    ) -> Result<Arc<Segment>, Error> {
        let Shared {
            dir, files, digest, ..
        } = &**self.shared;
        let source = self.folder.source(number, survey.end);
        for damage in &survey.damages {
            let set_aside = quarantine::keep(&**files, dir, number, *damage, source.file);
            recovery.corrupt.push(Corruption {
                position: Position::new(number, damage.offset),
                bytes: damage.bytes,
                records: damage.records,
                set_aside,
            });
        }
        let mut scratch = Vec::new();
        sidecar::replay_records(source, &**digest, &mut scratch, &mut |offset, replayed| {
            (self.replay)(Position::new(number, offset), replayed);
        })
        .doing("read", &log_path(dir, number))?;
        recovery.records += survey.records;
        Ok(self.table_segment(number, survey.end))
    }

    fn table_segment(&self, number: u32, end: u64) -> Arc<Segment> {
        let (file, _) = &self.folder.segments[&number];
        let salt = Salt::new(self.shared.log_id, number);
        let segment = Arc::new(Segment::new(number, Arc::clone(file), salt, end));
        self.writer.table.insert(Arc::clone(&segment));
        segment
    }
}

/// Overwrites in place: cutting the file would give its reserved space away on a full disk.
pub(crate) fn write_zeros(file: &dyn File, from: u64, to: u64) -> std::io::Result<()> {
    let zeros = vec![0; 64 << 10];
    let mut offset = from;
    while offset < to {
        let piece = (to - offset).min(zeros.len() as u64);
        write_full(file, &zeros[..piece as usize], offset)?;
        offset += piece;
    }
    Ok(())
}

/// Writes the last flush again, as it is. If its sync failed in the process before, the kernel has
/// the bytes in its cache but takes them for written: only a new write brings them to the disk.
fn rewrite(file: &dyn File, from: u64, to: u64) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut offset = from;
    while offset < to {
        let piece = ((to - offset) as usize).min(buffer.len());
        let read = read_full(file, &mut buffer[..piece], offset)?;
        write_full(file, &buffer[..read], offset)?;
        offset += piece as u64;
    }
    Ok(())
}
