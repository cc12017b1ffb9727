//! Reads records back, from any thread, without waiting for the writer or for each other.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use crate::{
    error::{Doing, Error},
    files::read_full,
    frame::{self, FILLER, FRAME_BYTES, Frame, HEADER_BYTES},
    position::Position,
    recovery::Corruption,
    segment::{Segment, SegmentState, Table, log_path},
    walk::{Step, Walk},
};

/// What is read for a record whose length is not known yet.
const HINT_BYTES: u64 = 1024;
/// Records no further apart than this are read in one piece.
const MAX_GAP_BYTES: u64 = 64 << 10;
/// The largest piece that is read for many records.
const MAX_RUN_BYTES: u64 = 1 << 20;

/// A record, borrowed from the buffer that it was read into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where it stands.
    pub position: Position,
    /// Its place in the order of all records.
    pub seq: u64,
    /// The kind that it was appended with.
    pub kind: u8,
    /// The body that it was appended with.
    pub body: &'a [u8],
}

/// A record with a body of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The kind that it was appended with.
    pub kind: u8,
    /// The body that it was appended with.
    pub body: Vec<u8>,
}

/// How far a scan came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Where to go on; `None` at the end of the segment.
    pub next: Option<Position>,
    /// Bytes that were no record and were stepped over.
    pub damaged_bytes: u64,
}

/// Reads flushed records. Clones are cheap and independent.
#[derive(Clone)]
pub struct Reader {
    pub(crate) table: Arc<Table>,
    pub(crate) dir: Arc<Path>,
}

impl Reader {
    /// Reads one record.
    pub fn read(&self, position: Position) -> Result<OwnedRecord, Error> {
        let mut body = Vec::new();
        let kind = self.read_into(position, &mut body)?.kind;
        body.drain(..FRAME_BYTES);
        Ok(OwnedRecord { kind, body })
    }

    /// Reads one record into a buffer that is used again and again.
    pub fn read_into<'b>(
        &self,
        position: Position,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Record<'b>, Error> {
        let segment = self.segment(position)?;
        let end = segment.end();
        let offset = position.offset();
        if offset >= end {
            return Err(Error::Unflushed { position });
        }
        self.fill(&segment, offset, HINT_BYTES.min(end - offset), buffer)?;
        let total = frame::claimed(buffer).map(|(total, _)| total);
        let total = total.filter(|total| *total <= end - offset);
        let total = total.ok_or(Error::Corrupt { position })?;
        if total > buffer.len() as u64 {
            self.fill(&segment, offset, total, buffer)?;
        }
        buffer.truncate(total as usize);
        record(&segment, position, buffer)
    }

    /// Reads many records, neighbours in one piece, and shows each with its place in `positions`.
    ///
    /// They are shown in the order of the log. A record that cannot be read is shown as its error
    /// and does not keep the others back.
    pub fn read_many(
        &self,
        positions: &[Position],
        buffer: &mut Vec<u8>,
        visit: &mut dyn FnMut(usize, Result<Record<'_>, Error>),
    ) {
        let mut wanted: Vec<(Position, usize)> = positions
            .iter()
            .copied()
            .enumerate()
            .map(|(place, at)| (at, place))
            .collect();
        wanted.sort_unstable();
        let mut rest = wanted.as_slice();
        while let Some((first, _)) = rest.first() {
            let (run, later) = rest.split_at(run_length(rest));
            rest = later;
            match self.read_run(*first, run, buffer) {
                Some(segment) => self.show_run(&segment, run, buffer, visit),
                None => run
                    .iter()
                    .for_each(|(at, place)| self.show_one(*at, *place, visit)),
            }
        }
    }

    /// Shows all flushed records of a segment from `from` on, which is a record's place or
    /// [`start_of`](Reader::start_of), until `visit` breaks.
    pub fn scan(
        &self,
        from: Position,
        visit: &mut dyn FnMut(Record<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, Error> {
        let segment = self.segment(from)?;
        let end = segment.end();
        let path = log_path(&self.dir, segment.number);
        let mut walk = Walk::new(&*segment.file, segment.salt, from.offset(), end);
        let mut damaged_bytes = 0;
        loop {
            match walk.step().doing("read", &path)? {
                Step::Frame(_, frame) if frame.is(FILLER) => {}
                Step::Frame(offset, frame) => {
                    let next = offset + frame.bytes();
                    let position = Position::new(segment.number, offset);
                    if visit(shown(position, &frame)).is_break() && next < end {
                        let next = Some(Position::new(segment.number, next));
                        return Ok(Scanned {
                            next,
                            damaged_bytes,
                        });
                    }
                }
                Step::Damage { offset, next } => damaged_bytes += next - offset,
                Step::End { offset, dirty_end } => {
                    damaged_bytes += dirty_end - offset;
                    return Ok(Scanned {
                        next: None,
                        damaged_bytes,
                    });
                }
            }
        }
    }

    /// Shows all flushed records of a segment.
    pub fn scan_segment(
        &self,
        number: u32,
        visit: &mut dyn FnMut(Record<'_>),
    ) -> Result<Scanned, Error> {
        self.scan(Reader::start_of(number), &mut |record| {
            visit(record);
            ControlFlow::Continue(())
        })
    }

    /// What damaged bytes would say if their checksums held. Nothing of it is sure: whoever asks
    /// has to know what it may be.
    pub fn unverified(&self, damage: &Corruption) -> Result<Vec<OwnedRecord>, Error> {
        let segment = self.segment(damage.position)?;
        let mut bytes = Vec::new();
        self.fill(&segment, damage.position.offset(), damage.bytes, &mut bytes)?;
        let owned = |frame: Frame<'_>| OwnedRecord {
            kind: frame.kind,
            body: frame.body.to_vec(),
        };
        Ok(frame::claimed_frames(&bytes).map(owned).collect())
    }

    /// The place of the first record, the base, of a segment.
    pub fn start_of(segment: u32) -> Position {
        Position::new(segment, HEADER_BYTES as u64)
    }

    /// The segments that are there, oldest first.
    pub fn segments(&self) -> Vec<SegmentState> {
        self.table.states()
    }

    fn segment(&self, position: Position) -> Result<Arc<Segment>, Error> {
        self.table
            .get(position.segment())
            .ok_or(Error::Gone { position })
    }

    fn fill(
        &self,
        segment: &Segment,
        offset: u64,
        bytes: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        buffer.resize(bytes as usize, 0);
        let read = read_full(&*segment.file, buffer, offset);
        let read = read.doing("read", &log_path(&self.dir, segment.number))?;
        buffer.truncate(read);
        Ok(())
    }

    /// Reads the piece that holds a run of records; `None` if that cannot be done in one piece.
    fn read_run(
        &self,
        first: Position,
        run: &[(Position, usize)],
        buffer: &mut Vec<u8>,
    ) -> Option<Arc<Segment>> {
        let (last, _) = run.last()?;
        let segment = self.segment(first).ok()?;
        let end = segment.end().min(last.offset() + HINT_BYTES);
        let bytes = end.checked_sub(first.offset())?;
        self.fill(&segment, first.offset(), bytes, buffer).ok()?;
        Some(segment)
    }

    fn show_run(
        &self,
        segment: &Segment,
        run: &[(Position, usize)],
        buffer: &[u8],
        visit: &mut dyn FnMut(usize, Result<Record<'_>, Error>),
    ) {
        let start = run[0].0.offset();
        for (position, place) in run {
            let bytes = buffer
                .get((position.offset() - start) as usize..)
                .unwrap_or_default();
            match record(segment, *position, bytes) {
                Ok(record) => visit(*place, Ok(record)),
                // Longer than the piece, beyond the flushed end, or damaged: the single read tells.
                Err(_) => self.show_one(*position, *place, visit),
            }
        }
    }

    fn show_one(
        &self,
        position: Position,
        place: usize,
        visit: &mut dyn FnMut(usize, Result<Record<'_>, Error>),
    ) {
        let mut buffer = Vec::new();
        visit(place, self.read_into(position, &mut buffer));
    }
}

/// How many of the sorted positions are read in one piece.
fn run_length(sorted: &[(Position, usize)]) -> usize {
    let Some((first, _)) = sorted.first() else {
        return 0;
    };
    let near = |pair: &[(Position, usize)]| {
        let (left, right) = (pair[0].0, pair[1].0);
        left.segment() == right.segment()
            && right.offset() - left.offset() <= MAX_GAP_BYTES
            && right.offset() + HINT_BYTES - first.offset() <= MAX_RUN_BYTES
    };
    1 + sorted.windows(2).take_while(|pair| near(pair)).count()
}

fn record<'b>(segment: &Segment, position: Position, bytes: &'b [u8]) -> Result<Record<'b>, Error> {
    let frame = frame::decode(segment.salt, bytes).filter(|frame| !frame.is(FILLER));
    let frame = frame.ok_or(Error::Corrupt { position })?;
    Ok(shown(position, &frame))
}

fn shown<'b>(position: Position, frame: &Frame<'b>) -> Record<'b> {
    Record {
        position,
        seq: frame.seq,
        kind: frame.kind,
        body: frame.body,
    }
}
