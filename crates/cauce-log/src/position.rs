//! Where a record stands in the log.

#[cfg(test)]
mod tests;

use std::fmt;

const OFFSET_BITS: u32 = 36;
const MAX_OFFSET: u64 = (1 << OFFSET_BITS) - 1;
const MAX_SEGMENT: u32 = (1 << (64 - OFFSET_BITS)) - 1;

/// The place of a record: its segment and the offset of its frame in that segment.
///
/// Positions are ordered as the records were appended. A position packs into a `u64` (28 bits of
/// segment number, 36 bits of offset), so that an index in memory pays eight bytes for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// The place `offset` bytes into segment `segment`.
    ///
    /// # Panics
    /// If the segment number needs more than 28 bits or the offset more than 36: 268 million
    /// segments, 64 GiB in one of them.
    pub fn new(segment: u32, offset: u64) -> Position {
        assert!(
            segment <= MAX_SEGMENT,
            "segment number {segment} does not fit 28 bits"
        );
        assert!(offset <= MAX_OFFSET, "offset {offset} does not fit 36 bits");
        Position(u64::from(segment) << OFFSET_BITS | offset)
    }

    /// The position that [`as_u64`](Position::as_u64) packed.
    pub const fn from_u64(packed: u64) -> Position {
        Position(packed)
    }

    /// The position in eight bytes; keeps the order.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The number of the segment.
    pub const fn segment(self) -> u32 {
        (self.0 >> OFFSET_BITS) as u32
    }

    /// The offset of the frame in its segment.
    pub const fn offset(self) -> u64 {
        self.0 & MAX_OFFSET
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}+{}", self.segment(), self.offset())
    }
}
