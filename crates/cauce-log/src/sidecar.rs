//! The sidecar index of a sealed segment: what its owner wants to see of each record at start.
//!
//! ```text
//! header  magic 8 | version u16 | digest version u16 | segment u32 | log id u64 | end u64
//!         | first seq u64 | last seq u64 | records u64 | entry bytes u64
//!         | crc of the entries u32 | crc of the header u32
//! entry   bytes since the last entry's offset, varint | kind u8 | body bytes, varint
//!         | digest bytes, varint | digest
//! ```
//!
//! A sidecar is only ever a shortcut: when it is missing, damaged or made by other digests, the
//! segment itself is read and the sidecar is made anew. A damaged segment gets none, so that every
//! start tells of the damage.

#[cfg(test)]
mod tests;

use std::{io, path::Path, sync::Arc};

use crate::{
    error::{Doing, Error},
    files::{File, Files, read_full, write_full},
    frame::{FILLER, Frame, u16_at, u32_at, u64_at},
    options::{Digest, Replay, Replayed},
    segment::index_path,
    survey::Source,
    walk::Step,
};

const VERSION: u16 = 1;
const HEAD_BYTES: usize = 72;
const MAGIC: [u8; 8] = *b"CAUCEIDX";

/// The identity of a sidecar: one that differs in any of these is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) segment: u32,
    pub(crate) log_id: u64,
    pub(crate) digest_version: u16,
}

/// A verified sidecar.
#[derive(Debug)]
pub(crate) struct Sidecar {
    /// Where the records of the segment end.
    pub(crate) end: u64,
    pub(crate) first_seq: u64,
    pub(crate) last_seq: u64,
    /// All records of the segment, also those that are not replayed.
    pub(crate) records: u64,
    bytes: Vec<u8>,
}

impl Sidecar {
    /// Shows every entry with its offset.
    pub(crate) fn replay(&self, show: &mut dyn FnMut(u64, Replayed<'_>)) {
        let mut rest = &self.bytes[HEAD_BYTES..];
        let mut offset = 0;
        while let Some((step, replayed)) = take_entry(&mut rest) {
            offset = u64::wrapping_add(offset, step);
            show(offset, replayed);
        }
    }
}

/// Makes the sidecar of a sealed segment in memory; `None` if the segment is damaged or empty.
pub(crate) fn build(
    identity: Identity,
    source: Source<'_>,
    digest: &dyn Digest,
) -> io::Result<Option<Sidecar>> {
    let mut walk = source.walk();
    let mut sidecar = Sidecar {
        end: 0,
        first_seq: 0,
        last_seq: 0,
        records: 0,
        bytes: vec![0; HEAD_BYTES],
    };
    let (mut scratch, mut last) = (Vec::new(), 0);
    loop {
        match walk.step()? {
            Step::Frame(offset, frame) => {
                sidecar.note(frame.seq, frame.is(FILLER));
                if let Some(replayed) = digested(digest, &frame, &mut scratch) {
                    put_entry(&mut sidecar.bytes, offset - last, &replayed);
                    last = offset;
                }
            }
            Step::Damage { .. } => return Ok(None),
            Step::End { offset, dirty_end } => {
                sidecar.end = offset;
                sidecar.set_head(identity);
                return Ok((offset == dirty_end && sidecar.first_seq > 0).then_some(sidecar));
            }
        }
    }
}

/// A record as its owner sees it at start, if at all.
fn digested<'s>(
    digest: &dyn Digest,
    frame: &Frame<'_>,
    scratch: &'s mut Vec<u8>,
) -> Option<Replayed<'s>> {
    scratch.clear();
    if frame.is(FILLER) || digest.digest(frame.kind, frame.body, scratch) == Replay::Skip {
        return None;
    }
    Some(Replayed {
        kind: frame.kind,
        body_bytes: frame.body.len() as u32,
        digest: scratch,
    })
}

/// Shows the digests of the records themselves, around whatever is damaged.
pub(crate) fn replay_records(
    source: Source<'_>,
    digest: &dyn Digest,
    show: &mut dyn FnMut(u64, Replayed<'_>),
) -> io::Result<()> {
    let mut walk = source.walk();
    let mut scratch = Vec::new();
    loop {
        match walk.step()? {
            Step::Frame(offset, frame) => {
                if let Some(replayed) = digested(digest, &frame, &mut scratch) {
                    show(offset, replayed);
                }
            }
            Step::Damage { .. } => {}
            Step::End { .. } => return Ok(()),
        }
    }
}

/// Puts a sidecar into its place: written aside, synced, renamed.
pub(crate) fn store(
    files: &dyn Files,
    dir: &Path,
    number: u32,
    sidecar: &Sidecar,
) -> Result<(), Error> {
    let path = index_path(dir, number);
    let aside = path.with_extension("idx.tmp");
    let file = files.create(&aside).doing("create", &aside)?;
    write_full(&*file, &sidecar.bytes, 0).doing("write", &aside)?;
    file.sync_data().doing("sync", &aside)?;
    files.rename(&aside, &path).doing("put into place", &path)?;
    files.sync_dir(dir).doing("sync", dir)
}

/// The sidecar of a segment, if it is there, whole, and of this identity.
pub(crate) fn load(
    files: &dyn Files,
    dir: &Path,
    identity: Identity,
) -> Result<Option<Sidecar>, Error> {
    let path = index_path(dir, identity.segment);
    let file: Arc<dyn File> = match files.open_read(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(Error::Io {
                doing: "open",
                path,
                source,
            });
        }
    };
    let size = file.size().doing("measure", &path)?;
    let mut bytes = vec![0; size as usize];
    let read = read_full(&*file, &mut bytes, 0).doing("read", &path)?;
    bytes.truncate(read);
    if let Some(found) = newer_version(&bytes) {
        return Err(Error::Newer {
            path,
            found,
            known: VERSION,
        });
    }
    Ok(parse(bytes)
        .filter(|(found, _)| *found == identity)
        .map(|(_, sidecar)| sidecar))
}

/// Whether a whole sidecar of this segment is there, whoever's digests it holds.
pub(crate) fn is_whole(files: &dyn Files, dir: &Path, segment: u32, log_id: u64) -> bool {
    let Ok(file) = files.open_read(&index_path(dir, segment)) else {
        return false;
    };
    let mut bytes = vec![0; file.size().unwrap_or(0) as usize];
    let read = read_full(&*file, &mut bytes, 0).unwrap_or(0);
    bytes.truncate(read);
    parse(bytes).is_some_and(|(found, _)| (found.segment, found.log_id) == (segment, log_id))
}

/// The version of a sidecar that this program does not know yet. Every version to come has a head
/// of this length with its CRC at the end, so that a newer one is told from a damaged one.
fn newer_version(bytes: &[u8]) -> Option<u16> {
    let version = u16_at(bytes, 8)?;
    (bytes[..8] == MAGIC && version > VERSION && head_holds(bytes)).then_some(version)
}

fn head_holds(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD_BYTES - 4);
    head.is_some_and(|head| u32_at(bytes, HEAD_BYTES - 4) == Some(crc32c::crc32c(head)))
}

fn parse(bytes: Vec<u8>) -> Option<(Identity, Sidecar)> {
    let known = bytes.get(..8)? == MAGIC && u16_at(&bytes, 8)? == VERSION && head_holds(&bytes);
    let found = Identity {
        segment: u32_at(&bytes, 12)?,
        log_id: u64_at(&bytes, 16)?,
        digest_version: u16_at(&bytes, 10)?,
    };
    let entries = bytes.get(HEAD_BYTES..)?;
    let whole = u64_at(&bytes, 56)? == entries.len() as u64
        && u32_at(&bytes, 64)? == crc32c::crc32c(entries);
    if !known || !whole {
        return None;
    }
    let sidecar = Sidecar {
        end: u64_at(&bytes, 24)?,
        first_seq: u64_at(&bytes, 32)?,
        last_seq: u64_at(&bytes, 40)?,
        records: u64_at(&bytes, 48)?,
        bytes,
    };
    Some((found, sidecar))
}

impl Sidecar {
    fn note(&mut self, seq: u64, filler: bool) {
        if self.first_seq == 0 {
            self.first_seq = seq;
        }
        self.last_seq = seq;
        self.records += u64::from(!filler);
    }

    fn set_head(&mut self, identity: Identity) {
        let (head, entries) = self.bytes.split_at_mut(HEAD_BYTES);
        head[..8].copy_from_slice(&MAGIC);
        head[8..10].copy_from_slice(&VERSION.to_le_bytes());
        head[10..12].copy_from_slice(&identity.digest_version.to_le_bytes());
        head[12..16].copy_from_slice(&identity.segment.to_le_bytes());
        head[16..24].copy_from_slice(&identity.log_id.to_le_bytes());
        head[24..32].copy_from_slice(&self.end.to_le_bytes());
        head[32..40].copy_from_slice(&self.first_seq.to_le_bytes());
        head[40..48].copy_from_slice(&self.last_seq.to_le_bytes());
        head[48..56].copy_from_slice(&self.records.to_le_bytes());
        head[56..64].copy_from_slice(&(entries.len() as u64).to_le_bytes());
        head[64..68].copy_from_slice(&crc32c::crc32c(entries).to_le_bytes());
        let crc = crc32c::crc32c(&head[..HEAD_BYTES - 4]);
        head[HEAD_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
    }
}

fn put_entry(out: &mut Vec<u8>, step: u64, replayed: &Replayed<'_>) {
    put_varint(out, step);
    out.push(replayed.kind);
    put_varint(out, u64::from(replayed.body_bytes));
    put_varint(out, replayed.digest.len() as u64);
    out.extend_from_slice(replayed.digest);
}

fn take_entry<'a>(rest: &mut &'a [u8]) -> Option<(u64, Replayed<'a>)> {
    let step = take_varint(rest)?;
    let (kind, after) = rest.split_first()?;
    *rest = after;
    let body_bytes = u32::try_from(take_varint(rest)?).ok()?;
    let length = usize::try_from(take_varint(rest)?).ok()?;
    let (digest, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some((
        step,
        Replayed {
            kind: *kind,
            body_bytes,
            digest,
        },
    ))
}

/// LEB128: seven bits a byte, the lowest first, the top bit on all but the last.
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Reads bytes as a sidecar, as they are and as entries under a head that holds.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(data: &[u8]) {
    let _ = newer_version(data);
    if let Some((_, sidecar)) = parse(data.to_vec()) {
        sidecar.replay(&mut |_, _| {});
    }
    let identity = Identity {
        segment: 1,
        log_id: 2,
        digest_version: 3,
    };
    let mut bytes = vec![0; HEAD_BYTES];
    bytes.extend_from_slice(data);
    let mut sidecar = Sidecar {
        end: 0,
        first_seq: 1,
        last_seq: 2,
        records: 3,
        bytes,
    };
    sidecar.set_head(identity);
    let (found, sidecar) = parse(sidecar.bytes).expect("what is written is read");
    assert_eq!(found, identity);
    let mut shown = 0;
    sidecar.replay(&mut |_, replayed| shown += replayed.digest.len());
    assert!(shown <= data.len());
}
