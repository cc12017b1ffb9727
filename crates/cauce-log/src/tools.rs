//! What can be done with a log that no process works on: look at it, mend it, copy it.

mod backup;
mod check;
mod repair;

use std::fmt;

pub use backup::backup;
pub use check::check;
pub use repair::repair;

use crate::recovery::Corruption;

/// What a log holds, segment by segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Oldest first.
    pub segments: Vec<SegmentReport>,
}

/// What one segment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its number.
    pub number: u32,
    /// Bytes up to the end of its last record.
    pub bytes: u64,
    /// Records, its base among them.
    pub records: u64,
    /// The sequences of its first and its last record; `None` without any.
    pub sequences: Option<(u64, u64)>,
    /// Whether a copy of its header is readable.
    pub header: bool,
    /// Whether it has a whole sidecar index; one that is missing is made at the next start.
    pub sidecar: bool,
    /// Damaged places.
    pub corrupt: Vec<Corruption>,
    /// Bytes at its end that an interrupted write left.
    pub torn_bytes: u64,
}

impl Report {
    /// Records in all segments.
    pub fn records(&self) -> u64 {
        self.segments.iter().map(|segment| segment.records).sum()
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// Damaged places in all segments.
    pub fn corrupt(&self) -> impl Iterator<Item = &Corruption> {
        self.segments.iter().flat_map(|segment| &segment.corrupt)
    }

    /// Whether there is nothing to mend.
    pub fn is_clean(&self) -> bool {
        self.segments.iter().all(SegmentReport::is_clean)
    }
}

impl SegmentReport {
    fn is_clean(&self) -> bool {
        self.header && self.corrupt.is_empty() && self.torn_bytes == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            writeln!(f, "{segment}")?;
        }
        let state = if self.is_clean() { "clean" } else { "damaged" };
        let (segments, records) = (self.segments.len(), self.records());
        write!(
            f,
            "{segments} segments, {records} records, {} bytes: {state}",
            self.bytes()
        )
    }
}

impl fmt::Display for SegmentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SegmentReport {
            number,
            records,
            bytes,
            ..
        } = self;
        write!(f, "{number:08}: {records} records, {bytes} bytes")?;
        if !self.header {
            write!(f, "; header damaged")?;
        }
        if self.torn_bytes > 0 {
            write!(f, "; {} bytes of an interrupted write", self.torn_bytes)?;
        }
        for Corruption {
            position,
            bytes,
            records,
            set_aside,
            ..
        } in &self.corrupt
        {
            let offset = position.offset();
            write!(f, "; damaged at {offset}: {bytes} bytes, {records} records")?;
            if let Some(path) = set_aside {
                write!(f, ", set aside in {}", path.display())?;
            }
        }
        Ok(())
    }
}
