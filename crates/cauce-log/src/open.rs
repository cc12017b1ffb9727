//! Opens a log: tells its files apart, recovers the last segment, replays.
//!
//! Nothing is changed before every header is known to be one that this program understands.

use std::{
    hash::{BuildHasher, RandomState},
    path::Path,
    sync::Arc,
};

use crate::{
    error::{Doing, Error},
    files::{File, Files, RealFiles, read_full, write_full, write_zeros},
    folder::{Folder, refuse_what_is_not_ours, take_lock},
    frame::Salt,
    options::{Digest, Durability, Options, Replayed},
    position::Position,
    quarantine,
    reader::Reader,
    recovery::{Corruption, Gap, Recovery},
    segment::{Segment, Table, index_path, log_path},
    sidecar,
    survey::{Place, Survey},
    worker::{Shared, Worker},
    writer::{Active, Writer},
};

/// A log in a folder.
pub struct Log;

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

/// 64 bits that nobody can guess: the keys of the standard library's hasher are random.
fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
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
        let mut last_seq: Option<u64> = None;
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
                && first != after.saturating_add(1)
            {
                recovery.gaps.push(Gap { after, next: first });
            }
            last_seq = Some(end);
        }
        self.writer.next_seq = last_seq.map_or(1, |seq| seq.saturating_add(1));
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
        // A segment that has lost all its records still says with which sequence it goes on.
        let empty = source.before.map(|before| (before + 1, before));
        Ok(survey.first_seq.zip(survey.last_seq).or(empty))
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
            let known = quarantine::is_kept(&**files, dir, number, *damage);
            let set_aside = quarantine::keep(&**files, dir, number, *damage, source.file);
            recovery.corrupt.push(Corruption {
                position: Position::new(number, damage.offset),
                bytes: damage.bytes,
                records: damage.records,
                set_aside,
                known,
            });
        }
        sidecar::replay_records(source, &**digest, &mut |offset, replayed| {
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
