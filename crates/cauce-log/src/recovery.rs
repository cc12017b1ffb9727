//! What was found while a log was opened.

use std::path::PathBuf;

use crate::position::Position;

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
    /// Whether an earlier start has set it aside, and told of it.
    pub known: bool,
}

/// Sequences that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last one before.
    pub after: u64,
    /// The first one behind.
    pub next: u64,
}
