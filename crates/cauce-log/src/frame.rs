//! The bytes of a record and of a segment's header.
//!
//! ```text
//! frame    len u32 | crc u32 | seq u64 | kind u8 | flags u8 | body, len bytes
//! header   magic 8 | version u16 | content version u16 | segment u32 | log id u64 | first seq u64
//!          | content name 8 | zeros | crc u32                                      64 bytes, twice
//! ```
//!
//! All numbers are little-endian. The CRC is CRC-32C (Castagnoli) over the length and everything
//! behind the CRC, begun with a salt that follows from the log's random id and the segment's
//! number. So a frame that a caller has smuggled into a payload, or one that belongs to another
//! segment, is never taken for a record while the neighbourhood of a damage is searched.
//!
//! The sequence begins at 1: a frame of zeros, which is what preallocated space reads as, is none.

#[cfg(test)]
mod tests;

use crate::options::Content;

/// The newest format that is known here.
pub(crate) const VERSION: u16 = 1;
pub(crate) const FRAME_BYTES: usize = 18;
const HEADER_COPY_BYTES: usize = 64;
/// Where the first frame of a segment stands.
pub(crate) const HEADER_BYTES: usize = 2 * HEADER_COPY_BYTES;
const MAGIC: [u8; 8] = *b"CAUCELOG";

/// More records of the same group follow: without them this one does not count.
pub(crate) const MORE: u8 = 1;
/// The first record after a flush: everything before it was flushed when it was written.
pub(crate) const FIRST: u8 = 2;
/// Stands where `repair` has set damaged bytes aside; shown to nobody.
pub(crate) const FILLER: u8 = 4;

/// What the CRCs of one segment begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt(u32);

impl Salt {
    pub(crate) fn new(log_id: u64, segment: u32) -> Salt {
        Salt(crc32c::crc32c_append(segment, &log_id.to_le_bytes()))
    }

    fn checksum(self, len: [u8; 4], rest: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c_append(self.0, &len), rest)
    }
}

/// A frame whose CRC has been verified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) seq: u64,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) body: &'a [u8],
}

impl Frame<'_> {
    pub(crate) fn bytes(&self) -> u64 {
        (FRAME_BYTES + self.body.len()) as u64
    }

    pub(crate) fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The length of the whole frame and its sequence, as the bytes claim; unverified.
pub(crate) fn claimed(head: &[u8]) -> Option<(u64, u64)> {
    let len = u32_at(head, 0)?;
    let seq = u64_at(head, 8)?;
    (head.len() >= FRAME_BYTES && seq != 0).then_some((FRAME_BYTES as u64 + u64::from(len), seq))
}

/// The frame at the start of `bytes`, if it is whole and its CRC holds.
pub(crate) fn decode(salt: Salt, bytes: &[u8]) -> Option<Frame<'_>> {
    let (total, _) = claimed(bytes)?;
    let frame = bytes.get(..usize::try_from(total).ok()?)?;
    let (len, rest) = (frame.first_chunk::<4>()?, &frame[8..]);
    if salt.checksum(*len, rest) != u32_at(frame, 4)? {
        return None;
    }
    split(frame)
}

/// The frames that stand in `bytes` as far as the lengths in them tell; unverified.
pub(crate) fn claimed_frames(mut bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    std::iter::from_fn(move || {
        let (total, _) = claimed(bytes)?;
        let (frame, behind) = bytes.split_at_checked(usize::try_from(total).ok()?)?;
        bytes = behind;
        split(frame)
    })
}

/// The parts of a whole frame that has been verified.
pub(crate) fn split(frame: &[u8]) -> Option<Frame<'_>> {
    let (head, body) = frame.split_at_checked(FRAME_BYTES)?;
    Some(Frame {
        seq: u64_at(head, 8)?,
        kind: head[16],
        flags: head[17],
        body,
    })
}

/// Appends a frame to `out` whose CRC is still open: [`close`] sets it.
pub(crate) fn encode_open(out: &mut Vec<u8>, seq: u64, kind: u8, flags: u8, parts: &[&[u8]]) {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let len = u32::try_from(len).expect("the caller keeps records under max_record_bytes");
    let mut head = [0; FRAME_BYTES];
    head[..4].copy_from_slice(&len.to_le_bytes());
    head[8..16].copy_from_slice(&seq.to_le_bytes());
    head[16] = kind;
    head[17] = flags;
    out.extend_from_slice(&head);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Adds `flags` to the open frame that fills `frame`, and sets its CRC.
pub(crate) fn close(salt: Salt, frame: &mut [u8], flags: u8) {
    frame[17] |= flags;
    let len = *frame.first_chunk::<4>().expect("a frame has a head");
    let crc = salt.checksum(len, &frame[8..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

/// What the head of a segment says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) segment: u32,
    pub(crate) log_id: u64,
    pub(crate) first_seq: u64,
    pub(crate) content: Content,
}

/// What the first bytes of a file turn out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    Known(Header),
    Newer(u16),
    Damaged,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut copy = [0; HEADER_COPY_BYTES];
        copy[..8].copy_from_slice(&MAGIC);
        copy[8..10].copy_from_slice(&VERSION.to_le_bytes());
        copy[10..12].copy_from_slice(&self.content.version.to_le_bytes());
        copy[12..16].copy_from_slice(&self.segment.to_le_bytes());
        copy[16..24].copy_from_slice(&self.log_id.to_le_bytes());
        copy[24..32].copy_from_slice(&self.first_seq.to_le_bytes());
        copy[32..40].copy_from_slice(&self.content.name);
        let crc = crc32c::crc32c(&copy[..60]);
        copy[60..].copy_from_slice(&crc.to_le_bytes());
        let mut both = [0; HEADER_BYTES];
        both[..HEADER_COPY_BYTES].copy_from_slice(&copy);
        both[HEADER_COPY_BYTES..].copy_from_slice(&copy);
        both
    }

    /// Reads either copy. Magic and version stand where they are for every version to come, so
    /// that an older program can tell a newer file from a damaged one.
    pub(crate) fn decode(bytes: &[u8]) -> Head {
        let mut newer = None;
        for copy in bytes.chunks_exact(HEADER_COPY_BYTES).take(2) {
            match (Header::decode_copy(copy), newer_version(copy)) {
                (Some(header), _) => return Head::Known(header),
                (None, Some(version)) => newer = Some(version),
                (None, None) => {}
            }
        }
        newer.map_or(Head::Damaged, Head::Newer)
    }

    fn decode_copy(copy: &[u8]) -> Option<Header> {
        let known = copy[..8] == MAGIC && copy[8..10] == VERSION.to_le_bytes();
        if !known || u32_at(copy, 60)? != crc32c::crc32c(&copy[..60]) {
            return None;
        }
        Some(Header {
            segment: u32_at(copy, 12)?,
            log_id: u64_at(copy, 16)?,
            first_seq: u64_at(copy, 24)?,
            content: Content {
                name: *copy[32..].first_chunk()?,
                version: u16_at(copy, 10)?,
            },
        })
    }
}

fn newer_version(copy: &[u8]) -> Option<u16> {
    let version = u16_at(copy, 8)?;
    (copy[..8] == MAGIC && version > VERSION).then_some(version)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u16::from_le_bytes(*chunk))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u32::from_le_bytes(*chunk))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u64::from_le_bytes(*chunk))
}
