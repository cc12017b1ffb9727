//! A sorted table in a file, one for each section: entries in pieces of some kilobytes, and an index
//! of the pieces at the end.
//!
//! ```text
//! magic, version | piece piece piece … (sections mixed) | index | trailer
//! ```
//!
//! Every piece and the index have a CRC-32C. The trailer names the Parquet file by the checksum of
//! its footer, so that a rollup is never taken for that of another file.

use std::{
    io::{self, Write},
    ops::Range,
    path::Path,
    sync::Arc,
};

use cauce_log::files::{File, Files};

use super::Section;
use crate::{
    coding::{Bytes, put_bytes, put_number, put_signed},
    sink::read_exact,
};

const MAGIC: [u8; 8] = *b"cauceRUP";
/// The version of everything in the file. What other versions wrote is made anew.
const VERSION: u32 = 1;
/// Bytes at the end: where the index is, its length, its checksum, the footer's checksum.
const TRAILER: usize = 8 + 4 + 4 + 4;
/// A piece is written when it has so many bytes.
const PIECE: usize = 32 << 10;
const ZSTD_LEVEL: i32 = 3;

/// Why a rollup cannot be used. It is made again from the rows then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("it is not what was written")]
    Damaged,
    #[error("its version is {0}, not {VERSION}")]
    Version(u32),
    #[error("it belongs to another file")]
    Foreign,
}

/// Where an entry stands in its section.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) tenant: Vec<u8>,
    pub(crate) site: u128,
    pub(crate) bucket: i64,
}

/// Writes entries, of each section in the order of their keys.
pub(super) struct TableWriter<W> {
    out: W,
    written: u64,
    /// By section.
    open: Vec<Open>,
    index: Vec<Listed>,
    compressor: zstd::bulk::Compressor<'static>,
}

/// A piece that is not full.
#[derive(Default)]
struct Open {
    first: Option<Key>,
    last: Option<Key>,
    bytes: Vec<u8>,
}

/// A piece in the index.
#[derive(Debug)]
struct Listed {
    section: usize,
    first: Key,
    last: Key,
    offset: u64,
    length: u32,
    /// Its length before it was compressed; 0 where it was not.
    raw: u32,
    crc: u32,
}

impl<W: Write> TableWriter<W> {
    pub(super) fn new(mut out: W) -> io::Result<TableWriter<W>> {
        out.write_all(&MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        Ok(TableWriter {
            out,
            written: (MAGIC.len() + 4) as u64,
            open: Section::all().iter().map(|_| Open::default()).collect(),
            index: Vec::new(),
            compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL)?,
        })
    }

    pub(super) fn put(&mut self, section: Section, key: &Key, value: &[u8]) -> io::Result<()> {
        let section = number_of(section);
        let open = &mut self.open[section];
        put_key(open.last.as_ref(), key, &mut open.bytes);
        put_bytes(value, &mut open.bytes);
        open.first.get_or_insert_with(|| key.clone());
        open.last = Some(key.clone());
        if open.bytes.len() >= PIECE {
            self.close(section)?;
        }
        Ok(())
    }

    fn close(&mut self, section: usize) -> io::Result<()> {
        let open = std::mem::take(&mut self.open[section]);
        let (Some(first), Some(last)) = (open.first, open.last) else {
            return Ok(());
        };
        let packed = self.compressor.compress(&open.bytes)?;
        // Hashes do not get smaller.
        let gain = packed.len() + packed.len() / 16 < open.bytes.len();
        let (stored, raw) = if gain {
            (&packed, open.bytes.len())
        } else {
            (&open.bytes, 0)
        };
        self.out.write_all(stored)?;
        self.index.push(Listed {
            section,
            first,
            last,
            offset: self.written,
            length: length_of(stored.len())?,
            raw: length_of(raw)?,
            crc: crc32c::crc32c(stored),
        });
        self.written += stored.len() as u64;
        Ok(())
    }

    /// Writes what is left, the index and the trailer.
    pub(super) fn finish(mut self, footer_crc: u32) -> io::Result<W> {
        for section in 0..self.open.len() {
            self.close(section)?;
        }
        self.index
            .sort_by(|a, b| (a.section, &a.first).cmp(&(b.section, &b.first)));
        let mut raw = Vec::new();
        for listed in &self.index {
            listed.write(&mut raw);
        }
        let mut index = length_of(raw.len())?.to_le_bytes().to_vec();
        index.extend(self.compressor.compress(&raw)?);
        self.out.write_all(&index)?;
        self.out.write_all(&self.written.to_le_bytes())?;
        self.out.write_all(&length_of(index.len())?.to_le_bytes())?;
        self.out.write_all(&crc32c::crc32c(&index).to_le_bytes())?;
        self.out.write_all(&footer_crc.to_le_bytes())?;
        Ok(self.out)
    }
}

fn number_of(section: Section) -> usize {
    let place = Section::all().iter().position(|known| *known == section);
    place.expect("every section is listed")
}

fn length_of(length: usize) -> io::Result<u32> {
    let fault = |_| io::Error::other("a piece of a rollup has more than 4 GB");
    u32::try_from(length).map_err(fault)
}

/// The tenant and the site stand there only where they are others than before.
fn put_key(before: Option<&Key>, key: &Key, out: &mut Vec<u8>) {
    match before {
        Some(before) if (&before.tenant, before.site) == (&key.tenant, key.site) => {
            out.push(SAME_SITE);
            put_signed(key.bucket.wrapping_sub(before.bucket), out);
        }
        _ => {
            out.push(OTHER_SITE);
            put_bytes(&key.tenant, out);
            out.extend_from_slice(&key.site.to_le_bytes());
            put_signed(key.bucket, out);
        }
    }
}

const SAME_SITE: u8 = 0;
const OTHER_SITE: u8 = 1;

impl Listed {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.section as u8);
        put_key(None, &self.first, out);
        put_key(Some(&self.first), &self.last, out);
        put_number(self.offset, out);
        for number in [self.length, self.raw, self.crc] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn read(bytes: &mut Bytes<'_>) -> Option<Listed> {
        let section = usize::from(bytes.byte()?);
        let mut key = None;
        advance(&mut key, bytes)?;
        let first = key.clone()?;
        advance(&mut key, bytes)?;
        let last = key?;
        Some(Listed {
            section,
            first,
            last,
            offset: bytes.number()?,
            length: bytes.u32()?,
            raw: bytes.u32()?,
            crc: bytes.u32()?,
        })
    }

    /// Whether it can hold an entry that is asked for.
    fn may_hold(&self, wanted: &Wanted<'_>) -> bool {
        let tenant = wanted.tenant;
        let (first, last) = (&self.first, &self.last);
        if first.tenant.as_slice() > tenant || last.tenant.as_slice() < tenant {
            return false;
        }
        let starts_here = first.tenant.as_slice() == tenant;
        let ends_here = last.tenant.as_slice() == tenant;
        if let Some(site) = wanted.site
            && ((starts_here && first.site > site) || (ends_here && last.site < site))
        {
            return false;
        }
        let one_site = starts_here && ends_here && first.site == last.site;
        !one_site || wanted.any(first.bucket, last.bucket)
    }
}

/// Which entries of a section.
pub(crate) struct Wanted<'a> {
    pub(crate) tenant: &'a [u8],
    pub(crate) site: Option<u128>,
    /// In order, and apart from each other.
    pub(crate) buckets: &'a [Range<i64>],
}

impl Wanted<'_> {
    /// Whether any of the buckets from `first` to `last` is wanted.
    fn any(&self, first: i64, last: i64) -> bool {
        let place = self.buckets.partition_point(|range| range.end <= first);
        self.buckets
            .get(place)
            .is_some_and(|range| range.start <= last)
    }
}

/// A rollup that is open for reading.
pub(crate) struct Rollup {
    file: Arc<dyn File>,
    index: Vec<Listed>,
}

impl Rollup {
    /// Opens a rollup that has to be the one of a part.
    pub(crate) fn open(
        files: &dyn Files,
        path: &Path,
        footer_crc: u32,
    ) -> Result<Rollup, Unusable> {
        let file = files.open_read(path)?;
        let size = file.size()?;
        let trailer_at = size.checked_sub(TRAILER as u64).ok_or(Unusable::Damaged)?;
        let head = read_exact(&*file, MAGIC.len() + 4, 0)?;
        let trailer = read_exact(&*file, TRAILER, trailer_at)?;
        let version = head
            .strip_prefix(&MAGIC)
            .map(|version| Bytes(version).u32());
        match version.flatten() {
            Some(VERSION) => {}
            Some(other) => return Err(Unusable::Version(other)),
            None => return Err(Unusable::Damaged),
        }
        let mut trailer = Bytes(&trailer);
        let mut trailing = || {
            Some((
                trailer.u64()?,
                trailer.u32()?,
                trailer.u32()?,
                trailer.u32()?,
            ))
        };
        let (at, length, crc, footer) = trailing().ok_or(Unusable::Damaged)?;
        if footer != footer_crc {
            return Err(Unusable::Foreign);
        }
        if at.checked_add(u64::from(length)) != Some(trailer_at) {
            return Err(Unusable::Damaged);
        }
        let index = read_checked(&*file, at, length, crc)?;
        let index = read_index(&index).ok_or(Unusable::Damaged)?;
        Ok(Rollup { file, index })
    }

    /// Bytes that it takes in memory, about.
    pub(super) fn weight(&self) -> usize {
        self.index.len() * 256 + 1024
    }

    /// The pieces that can hold what is wanted, in order.
    pub(super) fn pieces(&self, section: Section, wanted: &Wanted<'_>) -> Vec<usize> {
        let section = number_of(section);
        let from = self
            .index
            .partition_point(|listed| listed.section < section);
        let pieces = self.index[from..]
            .iter()
            .take_while(|listed| listed.section == section);
        let places = pieces
            .enumerate()
            .filter(|(_, listed)| listed.may_hold(wanted));
        places.map(|(place, _)| from + place).collect()
    }

    /// Reads a piece, as it was before it was compressed.
    pub(super) fn load(&self, piece: usize) -> Result<Arc<[u8]>, Unusable> {
        let listed = &self.index[piece];
        let stored = read_checked(&*self.file, listed.offset, listed.length, listed.crc)?;
        if listed.raw == 0 {
            return Ok(stored.into());
        }
        let raw = zstd::bulk::decompress(&stored, listed.raw as usize)?;
        Ok(raw.into())
    }
}

fn read_checked(file: &dyn File, at: u64, length: u32, crc: u32) -> Result<Vec<u8>, Unusable> {
    let bytes = read_exact(file, length as usize, at)?;
    if crc32c::crc32c(&bytes) == crc {
        Ok(bytes)
    } else {
        Err(Unusable::Damaged)
    }
}

fn read_index(bytes: &[u8]) -> Option<Vec<Listed>> {
    let (raw, packed) = bytes.split_first_chunk()?;
    let raw = zstd::bulk::decompress(packed, u32::from_le_bytes(*raw) as usize).ok()?;
    let (mut bytes, mut index) = (Bytes(&raw), Vec::new());
    while !bytes.is_empty() {
        index.push(Listed::read(&mut bytes)?);
    }
    Some(index)
}

/// Shows the wanted entries of a piece.
pub(super) fn entries<'a>(
    piece: &'a [u8],
    wanted: &Wanted<'_>,
    visit: &mut dyn FnMut(&Key, Bytes<'a>) -> Option<()>,
) -> Option<()> {
    let mut bytes = Bytes(piece);
    let mut key: Option<Key> = None;
    while !bytes.is_empty() {
        advance(&mut key, &mut bytes)?;
        let value = bytes.bytes()?;
        let asked = key.as_ref().filter(|key| {
            key.tenant == wanted.tenant
                && wanted.site.is_none_or(|site| site == key.site)
                && wanted.any(key.bucket, key.bucket)
        });
        if let Some(key) = asked {
            visit(key, Bytes(value))?;
        }
    }
    Some(())
}

/// Reads the next key into the place of the one before.
fn advance(key: &mut Option<Key>, bytes: &mut Bytes<'_>) -> Option<()> {
    match (bytes.byte()?, key.as_mut()) {
        (SAME_SITE, Some(key)) => key.bucket = key.bucket.wrapping_add(bytes.signed()?),
        (OTHER_SITE, _) => {
            *key = Some(Key {
                tenant: bytes.bytes()?.to_vec(),
                site: bytes.u128()?,
                bucket: bytes.signed()?,
            });
        }
        _ => return None,
    }
    Some(())
}
