//! Looks over a segment before any of its records is served: how far it reaches, what is damaged,
//! and, in the last segment, where an interrupted write has to be cut off.
//!
//! Three things end the last segment early:
//! - bytes at the end that are no frame: a write that did not complete;
//! - a group whose last record is missing: it was never acknowledged, so none of it counts;
//! - a hole in the last flush. Loss of power drops whole sectors of a write that was not synced,
//!   in any order, and a sector that was dropped reads as zeros. What follows the hole was not
//!   acknowledged either. Damage of any other look, or damage that a later flush follows, was
//!   durable once: there, everything around it is served.

use std::io;

use crate::{
    files::File,
    frame::{FILLER, FIRST, HEADER_BYTES, MORE, Salt},
    walk::{Step, Walk},
};

/// The smallest piece that a disk writes as a whole.
const SECTOR_BYTES: u64 = 512;

/// Bytes in a segment that are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    /// How many sequences are missing there; at least one at the end of a segment.
    pub(crate) records: u64,
    /// The sequence of the record behind it.
    pub(crate) next_seq: u64,
}

/// What a segment holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// Up to here records are served.
    pub(crate) end: u64,
    /// Up to here the file holds something.
    pub(crate) dirty_end: u64,
    pub(crate) records: u64,
    /// The sequence of the first record; `None` without any.
    pub(crate) first_seq: Option<u64>,
    pub(crate) last_seq: Option<u64>,
    /// Where the last flush begins.
    pub(crate) last_flush: u64,
    pub(crate) damages: Vec<Damage>,
}

/// Which segment is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// One that others follow: everything in it was durable when the next one began.
    Sealed,
    /// The last one, to which records are appended.
    Last,
}

/// A segment file, as a survey or a replay reads it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a dyn File,
    pub(crate) salt: Salt,
    /// The sequence before the first frame, where the header is readable.
    pub(crate) before: Option<u64>,
    /// The size of the file, or a place up to which it counts.
    pub(crate) end: u64,
}

impl<'a> Source<'a> {
    pub(crate) fn walk(&self) -> Walk<'a> {
        Walk::new(self.file, self.salt, HEADER_BYTES as u64, self.end).after(self.before)
    }

    /// Looks the segment over.
    pub(crate) fn survey(&self, place: Place) -> io::Result<Survey> {
        let (mut survey, cut) = self.pass(place)?;
        let Some(mut cut) = cut else {
            return Ok(survey);
        };
        // What is cut off no longer counts: look again at what stays. Damage that comes to stand
        // at the very end is part of the cut, too.
        let dirty_end = survey.dirty_end;
        loop {
            let kept = Source { end: cut, ..*self };
            (survey, _) = kept.pass(Place::Sealed)?;
            match survey
                .damages
                .pop_if(|damage| damage.offset + damage.bytes >= cut)
            {
                Some(damage) => cut = damage.offset,
                None => break,
            }
        }
        survey.dirty_end = dirty_end;
        Ok(survey)
    }

    fn pass(&self, place: Place) -> io::Result<(Survey, Option<u64>)> {
        let mut walk = self.walk();
        let mut survey = Survey {
            last_flush: HEADER_BYTES as u64,
            ..Survey::default()
        };
        let mut last_seq = self.before;
        let mut group = None;
        let mut hole = None;
        loop {
            match walk.step()? {
                Step::Frame(offset, frame) => {
                    if frame.is(FIRST) {
                        (group, hole) = (None, None);
                        survey.last_flush = offset;
                    }
                    group = if frame.is(MORE) {
                        group.or(Some(offset))
                    } else {
                        None
                    };
                    survey.note(offset, frame.seq, frame.is(FILLER), last_seq);
                    last_seq = Some(frame.seq);
                }
                Step::Damage { offset, next } => {
                    let bytes = next - offset;
                    survey.damages.push(Damage {
                        offset,
                        bytes,
                        records: 0,
                        next_seq: 0,
                    });
                    if hole.is_none() && lacks_a_sector(&mut walk, offset, next)? {
                        hole = Some(group.unwrap_or(offset));
                    }
                }
                Step::End { offset, dirty_end } => {
                    survey.end = offset;
                    survey.dirty_end = dirty_end;
                    break;
                }
            }
        }
        if place == Place::Last {
            return Ok((survey, hole.into_iter().chain(group).min()));
        }
        if survey.dirty_end > survey.end {
            let bytes = survey.dirty_end - survey.end;
            survey.damages.push(Damage {
                offset: survey.end,
                bytes,
                records: 1,
                next_seq: last_seq.map_or(2, |last| last.saturating_add(2)),
            });
        }
        Ok((survey, None))
    }
}

impl Survey {
    fn note(&mut self, offset: u64, seq: u64, filler: bool, last_seq: Option<u64>) {
        let skipped = last_seq.map_or(0, |last| seq.saturating_sub(last.saturating_add(1)));
        if let Some(damage) = self.damages.last_mut()
            && damage.offset + damage.bytes == offset
        {
            damage.records = skipped;
            damage.next_seq = seq;
        }
        self.last_seq = Some(seq);
        if !filler {
            self.records += 1;
        }
        self.first_seq = self.first_seq.or(Some(seq));
    }
}

/// Whether a whole sector of `from..to`, counted from `from` on, was never written.
fn lacks_a_sector(walk: &mut Walk<'_>, from: u64, to: u64) -> io::Result<bool> {
    let mut start = from;
    loop {
        let end = (start / SECTOR_BYTES + 1) * SECTOR_BYTES;
        if end > to {
            return Ok(false);
        }
        if walk.window().is_zero(start, end)? {
            return Ok(true);
        }
        start = end;
    }
}
