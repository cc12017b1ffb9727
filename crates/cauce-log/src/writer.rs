//! The one writer of a log.
//!
//! ```text
//! append, append … -> buffer --flush--> one write, one sync -> durable, readable
//!                                 |
//!                     should_roll? roll(base) -> the next segment begins with the base
//! ```
//!
//! A record has its final position as soon as it is appended, and is durable when the next
//! [`flush`](Writer::flush) has returned. When a write or a sync fails, nobody knows what the file
//! holds, and a second sync would report success for pages that the kernel has already dropped
//! (see "Can Applications Recover from fsync Failures?", USENIX ATC 2020): from then on every call
//! is refused, and a restart reads what is really there.

use std::{any::Any, sync::Arc};

use crate::{
    error::{Doing, Error},
    files::write_full,
    frame::{self, FIRST, FRAME_BYTES, HEADER_BYTES, Header, MORE, Salt},
    options::Durability,
    position::Position,
    segment::{RESERVE, Segment, SegmentState, Table, index_path, log_path},
    worker::{Shared, Worker},
};

/// The kind of the base record that every segment begins with.
pub const BASE: u8 = 0;

/// A buffer larger than this is given back after the flush that needed it.
const MAX_IDLE_BUFFER_BYTES: usize = 4 << 20;
/// What is allocated at once for a group that goes beyond the segment's size.
const EXTENSION_BYTES: u64 = 4 << 20;

/// Appends records to a log. There is one for each open log.
pub struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) table: Arc<Table>,
    pub(crate) active: Option<Active>,
    pub(crate) next_seq: u64,
    buffer: Vec<u8>,
    group: Option<Group>,
    /// How many of the oldest segments go after the next flush.
    leaving: usize,
    poison: Option<String>,
    written: Written,
    worker: Worker,
    // Dropped last: the folder is free when nobody works in it any more.
    _lock: Box<dyn Any + Send + Sync>,
}

/// The segment that is appended to.
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    /// Where the buffer will be written.
    pub(crate) tail: u64,
    /// Up to where the disk has promised room.
    pub(crate) allocated: u64,
}

/// A group that has begun.
struct Group {
    /// Where in the buffer its last frame stands, whose flags depend on what follows.
    last: Option<usize>,
}

/// What the writer has written since the log was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes of frames and headers.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Flushes that had something to write.
    pub flushes: u64,
    /// Syncs of segment files.
    pub syncs: u64,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        table: Arc<Table>,
        worker: Worker,
        lock: Box<dyn Any + Send + Sync>,
    ) -> Writer {
        Writer {
            shared,
            table,
            active: None,
            next_seq: 1,
            buffer: Vec::new(),
            group: None,
            leaving: 0,
            poison: None,
            written: Written::default(),
            worker,
            _lock: lock,
        }
    }

    /// Whether the next group should begin a new segment, by [`roll`](Writer::roll). Also true
    /// before the first one, and after one whose base was lost.
    pub fn should_roll(&self) -> bool {
        let with_base = HEADER_BYTES as u64 + 1..self.shared.options.segment_bytes;
        self.tail().is_none_or(|tail| !with_base.contains(&tail))
    }

    /// Appends a record and returns its final position. It is durable, and can be read, after the
    /// next [`flush`](Writer::flush).
    pub fn append(&mut self, kind: u8, body: &[u8]) -> Result<Position, Error> {
        self.append_parts(kind, &[body])
    }

    /// Appends a record whose body is the parts one after the other.
    pub fn append_parts(&mut self, kind: u8, parts: &[&[u8]]) -> Result<Position, Error> {
        self.refuse_if_poisoned()?;
        self.refuse_if_too_large(parts)?;
        let Some(active) = &self.active else {
            return Err(Error::NeedsBase);
        };
        let salt = active.segment.salt;
        let start = self.buffer.len();
        let position = Position::new(active.segment.number, active.tail + start as u64);
        let first = if start == 0 { FIRST } else { 0 };
        frame::encode_open(&mut self.buffer, self.next_seq, kind, first, parts);
        match &mut self.group {
            None => frame::close(salt, &mut self.buffer[start..], 0),
            Some(group) => {
                if let Some(last) = group.last.replace(start) {
                    frame::close(salt, &mut self.buffer[last..start], MORE);
                }
            }
        }
        self.next_seq += 1;
        self.written.records += 1;
        Ok(position)
    }

    /// Begins a group: what is appended until [`commit`](Writer::commit) is, after a crash, there
    /// as a whole or not at all.
    ///
    /// # Panics
    /// If a group has already begun.
    pub fn begin(&mut self) {
        assert!(self.group.is_none(), "groups do not nest");
        self.group = Some(Group { last: None });
    }

    /// Ends the group. An empty one leaves no trace.
    ///
    /// # Panics
    /// If no group has begun.
    pub fn commit(&mut self) -> Result<(), Error> {
        let group = self.group.take().expect("begin() comes before commit()");
        self.refuse_if_poisoned()?;
        if let (Some(last), Some(active)) = (group.last, &self.active) {
            frame::close(active.segment.salt, &mut self.buffer[last..], 0);
        }
        Ok(())
    }

    /// Makes sure that `bytes` more can be appended before the next roll. A full disk shows here
    /// as [`Error::DiskFull`], harmlessly, and not in the middle of a flush.
    pub fn make_room(&mut self, bytes: u64) -> Result<(), Error> {
        self.refuse_if_poisoned()?;
        let needed = self.tail().ok_or(Error::NeedsBase)? + bytes;
        let active = self.active.as_mut().ok_or(Error::NeedsBase)?;
        if needed > active.allocated {
            let file = &*active.segment.file;
            let ahead = needed.next_multiple_of(EXTENSION_BYTES);
            active.allocated = match self.shared.allocate(file, ahead) {
                Ok(()) => ahead,
                Err(_) => self.shared.allocate(file, needed).map(|()| needed)?,
            };
        }
        Ok(())
    }

    /// Writes what was appended, with one write and, under
    /// [`Durability::Fsync`], one sync. After `Ok` all of it is durable and can be read.
    ///
    /// # Panics
    /// If a group has begun and not ended.
    pub fn flush(&mut self) -> Result<(), Error> {
        assert!(self.group.is_none(), "a group ends before it is flushed");
        self.refuse_if_poisoned()?;
        if !self.buffer.is_empty() {
            self.make_room(0)
                .and_then(|()| self.write_buffer())
                .map_err(|error| self.poison(error))?;
        }
        self.remove_leaving()
    }

    /// Begins the next segment with `base`, after flushing the one before. The base is appended
    /// with the kind [`BASE`] and its position is returned.
    ///
    /// [`Error::DiskFull`] harms nothing: the segment before goes on.
    ///
    /// # Panics
    /// If a group has begun and not ended.
    pub fn roll(&mut self, base: &[u8]) -> Result<Position, Error> {
        self.refuse_if_too_large(&[base])?;
        self.flush()?;
        let number = self
            .active
            .as_ref()
            .map_or(1, |active| active.segment.number + 1);
        let salt = Salt::new(self.shared.log_id, number);
        let head = self.first_bytes(number, salt, base);
        let end = head.len() as u64;
        let shared = Arc::clone(&self.shared);
        let segment = {
            let mut reserve = shared.reserve.lock();
            let file = shared.take_reserve(&mut reserve, end)?;
            let segment = Arc::new(Segment::new(number, file, salt, end));
            self.put_in_place(&segment, &head)
                .map_err(|error| self.poison(error))?;
            segment
        };
        self.table.insert(Arc::clone(&segment));
        let allocated = self.shared.options.allocation().max(end);
        let before = self.active.replace(Active {
            segment,
            tail: end,
            allocated,
        });
        self.next_seq += 1;
        self.written.records += 1;
        if let Some(before) = before {
            self.worker.seal(before.segment);
        }
        self.worker.reserve();
        Ok(Position::new(number, HEADER_BYTES as u64))
    }

    /// Removes the oldest segment and returns its number. Everything appended before this call
    /// becomes durable first: the file goes at once if nothing waits in the buffer, otherwise at
    /// the end of the next [`flush`](Writer::flush).
    ///
    /// # Panics
    /// If the oldest segment is the one that is appended to.
    pub fn remove_oldest(&mut self) -> Result<u32, Error> {
        self.refuse_if_poisoned()?;
        let segments = self.table.all();
        assert!(self.leaving + 1 < segments.len(), "the last segment stays");
        let oldest = *segments
            .keys()
            .nth(self.leaving)
            .expect("there is more than one");
        self.leaving += 1;
        if self.buffer.is_empty() {
            self.remove_leaving()?;
        }
        Ok(oldest)
    }

    /// The segments that are there, oldest first.
    pub fn segments(&self) -> Vec<SegmentState> {
        self.table.states()
    }

    /// What the disk has left for this process.
    pub fn free_bytes(&self) -> Result<u64, Error> {
        self.shared
            .files
            .free_bytes(&self.shared.dir)
            .doing("measure", &self.shared.dir)
    }

    /// Bytes that are appended and not flushed.
    pub fn unflushed_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// What was written since the log was opened.
    pub fn written(&self) -> Written {
        self.written
    }

    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }

    fn tail(&self) -> Option<u64> {
        self.active
            .as_ref()
            .map(|active| active.tail + self.buffer.len() as u64)
    }

    fn write_buffer(&mut self) -> Result<(), Error> {
        let active = self
            .active
            .as_mut()
            .expect("what is appended has a segment");
        let Segment { number, file, .. } = &*active.segment;
        let path = || log_path(&self.shared.dir, *number);
        write_full(&**file, &self.buffer, active.tail).doing("write to", &path())?;
        if self.shared.options.durability == Durability::Fsync {
            file.sync_data().doing("sync", &path())?;
            self.written.syncs += 1;
        }
        active.tail += self.buffer.len() as u64;
        active.segment.set_end(active.tail);
        self.written.flushes += 1;
        self.written.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        self.buffer.shrink_to(MAX_IDLE_BUFFER_BYTES);
        Ok(())
    }

    /// Header and base of a new segment.
    fn first_bytes(&self, number: u32, salt: Salt, base: &[u8]) -> Vec<u8> {
        let header = Header {
            segment: number,
            log_id: self.shared.log_id,
            first_seq: self.next_seq,
            content: self.shared.options.content,
        };
        let mut head = Vec::with_capacity(HEADER_BYTES + FRAME_BYTES + base.len());
        head.extend_from_slice(&header.encode());
        frame::encode_open(&mut head, self.next_seq, BASE, FIRST, &[base]);
        frame::close(salt, &mut head[HEADER_BYTES..], 0);
        head
    }

    /// Fills the reserve and gives it its name: a file named as a segment is one from the start.
    fn put_in_place(&mut self, segment: &Segment, head: &[u8]) -> Result<(), Error> {
        let Shared { dir, files, .. } = &*self.shared;
        let (aside, path) = (dir.join(RESERVE), log_path(dir, segment.number));
        write_full(&*segment.file, head, 0).doing("write to", &aside)?;
        // Whatever the durability: once a segment, and without its head a segment is nothing.
        segment.file.sync_data().doing("sync", &aside)?;
        self.written.syncs += 1;
        files.rename(&aside, &path).doing("put into place", &path)?;
        files.sync_dir(dir).doing("sync", dir)?;
        self.written.bytes += head.len() as u64;
        Ok(())
    }

    fn remove_leaving(&mut self) -> Result<(), Error> {
        while self.leaving > 0 {
            let Shared { dir, files, .. } = &*self.shared;
            let oldest = *self
                .table
                .all()
                .keys()
                .next()
                .expect("the last segment stays");
            let path = log_path(dir, oldest);
            files.remove(&path).doing("remove", &path)?;
            // Without its segment a sidecar is ignored, and removed at the next start.
            let _ = files.remove(&index_path(dir, oldest));
            self.table.remove(oldest);
            self.leaving -= 1;
            files.sync_dir(dir).doing("sync", dir)?;
            self.worker.reserve();
        }
        Ok(())
    }

    fn refuse_if_too_large(&self, parts: &[&[u8]]) -> Result<(), Error> {
        let bytes = parts.iter().map(|part| part.len()).sum();
        let max_record_bytes = self.shared.options.max_record_bytes;
        if bytes > max_record_bytes as usize {
            return Err(Error::TooLarge {
                bytes,
                max_record_bytes,
            });
        }
        Ok(())
    }

    fn refuse_if_poisoned(&self) -> Result<(), Error> {
        match &self.poison {
            Some(cause) => Err(Error::Poisoned {
                cause: cause.clone(),
            }),
            None => Ok(()),
        }
    }

    fn poison(&mut self, error: Error) -> Error {
        tracing::error!(%error, "the log is closed for writing; restart the process");
        self.poison = Some(cause_of(&error));
        error
    }
}

/// The error with what lies under it, in one line.
fn cause_of(error: &Error) -> String {
    let below = std::error::Error::source(error).map(ToString::to_string);
    below.map_or_else(|| error.to_string(), |below| format!("{error}: {below}"))
}
