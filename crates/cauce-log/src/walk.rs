//! Walks over the frames of a segment, around whatever is damaged.
//!
//! Where no valid frame stands, the walk looks at every following byte for the next one: its CRC
//! must hold and its sequence must be greater than the last and possible at that distance. Space
//! that was never written reads as zeros, so the walk ends where only zeros are left.

use std::io;

use crate::{
    files::{File, read_full},
    frame::{self, FRAME_BYTES, Frame, Salt},
};

const CHUNK_BYTES: usize = 1 << 20;

/// A buffer that moves over a file.
pub(crate) struct Window<'a> {
    file: &'a dyn File,
    end: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(file: &'a dyn File, end: u64) -> Window<'a> {
        Window {
            file,
            end,
            start: 0,
            buffer: Vec::new(),
        }
    }

    /// The `bytes` bytes at `offset`, or as many as stand before the end.
    fn at(&mut self, offset: u64, bytes: u64) -> io::Result<&[u8]> {
        let wanted = bytes.min(self.end.saturating_sub(offset));
        let held = self.start..self.start + self.buffer.len() as u64;
        if offset < held.start || offset + wanted > held.end {
            self.load(offset, wanted)?;
        }
        let from = (offset - self.start) as usize;
        let to = self.buffer.len().min(from + wanted as usize);
        Ok(&self.buffer[from..to])
    }

    fn load(&mut self, offset: u64, wanted: u64) -> io::Result<()> {
        let ahead = (CHUNK_BYTES as u64).min(self.end.saturating_sub(offset));
        self.buffer.resize(wanted.max(ahead) as usize, 0);
        self.start = offset;
        let read = read_full(self.file, &mut self.buffer, offset)?;
        self.buffer.truncate(read);
        Ok(())
    }

    /// Everything from `offset` that is in the buffer, which is read on if that is nothing.
    fn some(&mut self, offset: u64) -> io::Result<&[u8]> {
        self.at(offset, 1)?;
        Ok(&self.buffer[(offset - self.start) as usize..])
    }

    /// The first byte from `from` on that is not zero.
    pub(crate) fn find_nonzero(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut offset = from;
        while offset < self.end {
            let bytes = self.some(offset)?;
            if bytes.is_empty() {
                break;
            }
            if let Some(found) = first_nonzero(bytes) {
                return Ok(Some(offset + found as u64));
            }
            offset += bytes.len() as u64;
        }
        Ok(None)
    }

    /// One past the last byte from `from` on that is not zero.
    fn end_of_nonzero(&mut self, from: u64) -> io::Result<u64> {
        let (mut end, mut offset) = (from, from);
        while offset < self.end {
            let bytes = self.some(offset)?;
            if bytes.is_empty() {
                break;
            }
            if let Some(last) = last_nonzero(bytes) {
                end = offset + last as u64 + 1;
            }
            offset += bytes.len() as u64;
        }
        Ok(end)
    }

    /// Whether all of `from..to` is zero.
    pub(crate) fn is_zero(&mut self, from: u64, to: u64) -> io::Result<bool> {
        Ok(self.find_nonzero(from)?.is_none_or(|found| found >= to))
    }

    /// The length of the frame at `offset`, if it is whole and its CRC holds.
    fn verified(&mut self, salt: Salt, offset: u64) -> io::Result<Option<u64>> {
        let head = self.at(offset, FRAME_BYTES as u64)?;
        let total = frame::claimed(head).map(|(total, _)| total);
        let Some(total) = total.filter(|total| *total <= self.end.saturating_sub(offset)) else {
            return Ok(None);
        };
        let whole = frame::decode(salt, self.at(offset, total)?).is_some();
        Ok(whole.then_some(total))
    }
}

fn first_nonzero(bytes: &[u8]) -> Option<usize> {
    // Whole blocks first: the compiler turns this comparison into wide instructions.
    const BLOCK: usize = 4096;
    let zeros = bytes
        .chunks(BLOCK)
        .take_while(|block| **block == [0; BLOCK][..block.len()]);
    let skipped = zeros.map(<[u8]>::len).sum::<usize>();
    bytes[skipped..]
        .iter()
        .position(|byte| *byte != 0)
        .map(|at| skipped + at)
}

/// What stands next in a segment.
pub(crate) enum Step<'a> {
    /// A valid frame.
    Frame(u64, Frame<'a>),
    /// Bytes that are no frame, up to the next valid one.
    Damage { offset: u64, next: u64 },
    /// No valid frame follows. Between the two, something that is neither frame nor zero.
    End { offset: u64, dirty_end: u64 },
}

/// The walk.
pub(crate) struct Walk<'a> {
    window: Window<'a>,
    salt: Salt,
    offset: u64,
    /// Where the last valid frame ended.
    valid_end: u64,
    /// The sequence of the last valid frame; before the first one, what the header says.
    last_seq: Option<u64>,
}

impl<'a> Walk<'a> {
    /// From `offset`, where a frame begins, up to `end`.
    pub(crate) fn new(file: &'a dyn File, salt: Salt, offset: u64, end: u64) -> Walk<'a> {
        Walk {
            window: Window::new(file, end),
            salt,
            offset,
            valid_end: offset,
            last_seq: None,
        }
    }

    /// Says that the frames come after this sequence.
    pub(crate) fn after(mut self, last_seq: Option<u64>) -> Walk<'a> {
        self.last_seq = last_seq;
        self
    }

    pub(crate) fn window(&mut self) -> &mut Window<'a> {
        &mut self.window
    }

    /// The next frame, damage, or the end.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        let offset = self.offset;
        let Some(total) = self.stands_at(offset)? else {
            let Some(next) = self.find_frame(offset)? else {
                let dirty_end = self.window.end_of_nonzero(offset)?;
                return Ok(Step::End { offset, dirty_end });
            };
            self.offset = next;
            return Ok(Step::Damage { offset, next });
        };
        self.offset += total;
        self.valid_end = self.offset;
        let frame = frame::split(self.window.at(offset, total)?);
        let frame = frame.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.last_seq = Some(frame.seq);
        Ok(Step::Frame(offset, frame))
    }

    /// The length of the frame at `offset`, if there is one that can be the next.
    fn stands_at(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let lost = (offset - self.valid_end) / FRAME_BYTES as u64;
        let possible = match self.last_seq {
            Some(last) => last.saturating_add(1)..=last.saturating_add(1).saturating_add(lost),
            None => 1..=u64::MAX,
        };
        let head = self.window.at(offset, FRAME_BYTES as u64)?;
        let plausible = frame::claimed(head).is_some_and(|(_, seq)| {
            // A filler carries the last of the sequences that it stands for, however many.
            let filler = head[17] & frame::FILLER != 0;
            possible.contains(&seq) || (filler && seq.saturating_add(1) >= *possible.start())
        });
        if plausible {
            self.window.verified(self.salt, offset)
        } else {
            Ok(None)
        }
    }

    fn find_frame(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut offset = from + 1;
        loop {
            let Some(nonzero) = self.window.find_nonzero(offset)? else {
                return Ok(None);
            };
            // The first bytes of a frame, its length and its CRC, may be zeros themselves; the
            // sequence behind them is not.
            let last_start = nonzero;
            offset = offset.max(nonzero.saturating_sub(15));
            while offset <= last_start {
                if self.stands_at(offset)?.is_some() {
                    return Ok(Some(offset));
                }
                offset += 1;
            }
        }
    }
}

/// The place of the last byte that is not zero. Blocks are compared as a whole, so that the
/// preallocated rest of a segment delays a start by no more than it takes to read it.
fn last_nonzero(bytes: &[u8]) -> Option<usize> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let mut end = bytes.len();
    while end > 0 {
        let start = end.saturating_sub(ZEROS.len());
        let block = &bytes[start..end];
        if block != &ZEROS[..block.len()] {
            let place = block.iter().rposition(|byte| *byte != 0);
            return place.map(|place| start + place);
        }
        end = start;
    }
    None
}
