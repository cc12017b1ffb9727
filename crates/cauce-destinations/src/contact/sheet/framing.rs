//! Where each record of a table begins and ends.
//!
//! ```text
//!          "            "              delimiter
//!  Begin ----> Quoted <----> Closed ---------------> Begin
//!    |                          \ space -> After (only a delimiter or an end may follow)
//!    |                          \ else -> Stray
//!    \ else -> Plain
//! ```
//!
//! A quote that is never closed would swallow the rest of the file. So a quoted field ends within
//! [`MAX_LINES`] lines and [`MAX_RECORD`] bytes, and nothing but a delimiter follows its end: where
//! that fails, the fault is of the line in which the quote opened, and reading goes on with the next
//! line as if that one had not been there.

use std::mem;

/// Most bytes of one record.
pub(super) const MAX_RECORD: usize = 64 << 10;
/// Most lines of one record.
pub(super) const MAX_LINES: u64 = 100;

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A quote opens and is not closed.
    Unclosed,
    /// Text follows a quote that is closed.
    Stray,
    /// It has too many bytes.
    TooLong,
}

/// A record, or a line that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line it begins in, from 1.
    pub(super) line: u64,
    /// It as it came, without its end.
    pub(super) text: String,
    /// What is wrong with it.
    pub(super) broken: Option<Broken>,
}

#[derive(Clone, Copy, PartialEq)]
enum At {
    Begin,
    Plain,
    Quoted,
    Closed,
    After,
    /// Text follows a closed quote: the rest of the line is passed over.
    Stray,
}

/// Parts a text into records.
pub(super) struct Framer {
    delimiter: u8,
    text: String,
    /// Where the record begins that is being read.
    start: usize,
    /// How far it has been read.
    seen: usize,
    at: At,
    line: u64,
    /// Line ends within the record.
    lines: u64,
    /// Where its first line ends.
    first_end: Option<usize>,
    /// The line before has ended with a carriage return, so that a line feed belongs to it.
    after_return: bool,
    /// The rest of a line that is too long is passed over.
    skipping: bool,
}

impl Framer {
    pub(super) fn new(delimiter: u8, line: u64, text: String) -> Framer {
        Framer {
            delimiter,
            text,
            start: 0,
            seen: 0,
            at: At::Begin,
            line,
            lines: 0,
            first_end: None,
            after_return: false,
            skipping: false,
        }
    }

    /// Where more text is put.
    pub(super) fn text(&mut self) -> &mut String {
        // What was read is dropped now and then, not at each record.
        if self.start > MAX_RECORD {
            self.text.drain(..self.start);
            self.seen -= self.start;
            self.first_end = self.first_end.map(|end| end - self.start);
            self.start = 0;
        }
        &mut self.text
    }

    /// The next record; none where more text is needed, or, with `last`, at the end.
    pub(super) fn next(&mut self, last: bool) -> Option<Record> {
        loop {
            let record = self.advance(last)?;
            if record.broken.is_some() || !record.text.trim().is_empty() {
                return Some(record);
            }
        }
    }

    fn advance(&mut self, last: bool) -> Option<Record> {
        self.skip();
        while let Some(byte) = self.text.as_bytes().get(self.seen).copied() {
            if self.seen == self.start && mem::take(&mut self.after_return) && byte == b'\n' {
                self.start += 1;
                self.seen += 1;
                continue;
            }
            let is_end = matches!(byte, b'\n' | b'\r');
            match (self.at, byte) {
                (At::Quoted, b'"') => self.at = At::Closed,
                (At::Quoted, _) if is_end => self.on_line_within(byte),
                (At::Quoted, _) => {}
                (At::Stray, _) if is_end => {
                    return Some(self.take(self.seen, Some(Broken::Stray)));
                }
                (At::Stray, _) => {}
                (_, _) if is_end => return Some(self.take(self.seen, None)),
                (_, byte) if byte == self.delimiter => self.at = At::Begin,
                (At::Begin | At::Closed, b'"') => self.at = At::Quoted,
                (At::Begin, _) => self.at = At::Plain,
                (At::Closed | At::After, b' ' | b'\t') => self.at = At::After,
                (At::Closed | At::After, _) if self.first_end.is_some() => {
                    return Some(self.broken(Broken::Stray));
                }
                (At::Closed | At::After, _) => self.at = At::Stray,
                (At::Plain, _) => {}
            }
            self.seen += 1;
            if self.lines > MAX_LINES || self.seen - self.start > MAX_RECORD {
                let why = match self.at {
                    At::Quoted => Broken::Unclosed,
                    At::Stray => Broken::Stray,
                    _ => Broken::TooLong,
                };
                return Some(self.broken(why));
            }
        }
        if !last || self.seen == self.start {
            return None;
        }
        Some(match self.at {
            At::Quoted => self.broken(Broken::Unclosed),
            At::Stray => self.take(self.seen, Some(Broken::Stray)),
            _ => self.take(self.seen, None),
        })
    }

    fn on_line_within(&mut self, byte: u8) {
        let begun = self.text.as_bytes().get(self.seen.wrapping_sub(1)) == Some(&b'\r');
        if byte == b'\n' && begun && self.seen > self.start {
            return;
        }
        self.first_end.get_or_insert(self.seen);
        self.lines += 1;
    }

    /// Gives up on the record: its first line is the fault, and the next line is read anew.
    fn broken(&mut self, why: Broken) -> Record {
        let text = self.text.as_bytes();
        let end = self.first_end.or_else(|| {
            let rest = text[self.seen..].iter();
            let to_end = rest.take_while(|byte| !matches!(byte, b'\n' | b'\r'));
            let end = self.seen + to_end.count();
            (end < text.len()).then_some(end)
        });
        let Some(end) = end else {
            // Its end has not come yet.
            let record = self.take(self.text.len(), Some(why));
            self.skipping = true;
            self.line -= 1;
            return record;
        };
        self.take(end, Some(why))
    }

    /// Ends the record here, before the end of its line.
    fn take(&mut self, end: usize, broken: Option<Broken>) -> Record {
        let lines = if broken.is_some() { 0 } else { self.lines };
        let record = Record {
            line: self.line,
            text: self.text[self.start..end].to_owned(),
            broken,
        };
        let ended_by = self.text.as_bytes().get(end);
        self.after_return = ended_by == Some(&b'\r');
        self.line += lines + 1;
        self.start = end + usize::from(ended_by.is_some());
        self.seen = self.start;
        (self.at, self.lines, self.first_end) = (At::Begin, 0, None);
        record
    }

    /// Passes over the rest of a line that was given up.
    fn skip(&mut self) {
        while self.skipping {
            let Some(byte) = self.text.as_bytes().get(self.start).copied() else {
                return;
            };
            self.start += 1;
            self.seen = self.start;
            if matches!(byte, b'\n' | b'\r') {
                self.skipping = false;
                self.after_return = byte == b'\r';
                self.line += 1;
            }
        }
    }
}
