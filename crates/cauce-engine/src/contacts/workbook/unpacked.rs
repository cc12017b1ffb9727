//! Looks at all of a workbook before it is read: how much it unpacks to, and that its XML is of the
//! kind that spreadsheets write. What passes cannot make its reader hold much at once: no piece of
//! markup and no cell is large, no text is promised that is not there, and what is kept of a sheet or
//! a format of cells, times how many there are, is bounded.
//!
//! | part | at most | looked at |
//! |---|---|---|
//! | `…/worksheets/….xml` | 2 GiB | tag by tag; nothing in it that belongs elsewhere |
//! | `…sharedStrings.xml` | 128 MiB | tag by tag; texts counted |
//! | `…styles.xml`, `….rels` | 16 MiB | tag by tag; formats, and bytes of tags |
//! | any other | 16 MiB | sheets that it may name, because any part may be the workbook |

use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use super::{
    BookFault,
    scan::{Kind, Scan},
};

/// Most parts of a workbook.
const MAX_PARTS: usize = 10_000;
/// Most bytes of the archive's list of parts. The reader holds it several times.
const MAX_LIST: usize = 8 << 20;
/// Most bytes of all parts together, unpacked.
const MAX_UNPACKED: u64 = 2 << 30;
/// Most bytes of a sheet, unpacked. It is read piece by piece.
const MAX_SHEET: u64 = 2 << 30;
/// Most bytes of the texts, unpacked, and how many. They are held all at once.
const MAX_TEXTS: u64 = 128 << 20;
const MAX_TEXT_COUNT: u64 = 4_000_000;
/// Most bytes of any other part, unpacked.
const MAX_PART: u64 = 16 << 20;
/// Most sheets. The reader holds the path of each, which may have the bytes of two tags.
const MAX_SHEETS: u64 = 1_000;
/// Most bytes of all formats of cells. The reader holds each with the names of its font and its
/// number format, and some 500 bytes beside them.
const MAX_FORMATS: u64 = 128 << 20;
const FORMAT_BYTES: u64 = 512;

/// How much of a file is unpacked in one go.
const CHUNK: usize = 64 << 10;

pub(super) fn check(bytes: &[u8]) -> Result<(), BookFault> {
    check_within(bytes, MAX_UNPACKED)
}

/// With so many bytes of all parts together.
pub(super) fn check_within(bytes: &[u8], most: u64) -> Result<(), BookFault> {
    check_list(bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| BookFault::NoBook)?;
    let (mut is_book, mut left) = (false, most);
    for place in 0..archive.len() {
        let file = archive.by_index(place);
        let mut file = file.map_err(damaged)?;
        let name = file.name().map_err(damaged)?.to_ascii_lowercase();
        is_book |= name.ends_with("workbook.xml");
        left = match part(&name, &mut file, left)? {
            Some(bytes) => left - bytes,
            None => {
                let part = "all".to_owned();
                return Err(BookFault::TooMuch { part, most });
            }
        };
    }
    match is_book {
        true => Ok(()),
        false => Err(BookFault::NoBook),
    }
}

/// The list of parts is read at once: each has an entry in it, with its name and what may stand
/// beside it.
fn check_list(bytes: &[u8]) -> Result<(), BookFault> {
    const ENTRY: &[u8] = b"PK\x01\x02";
    /// Bytes of an entry without its three texts, and where the length of the first one stands.
    const FIXED: usize = 46;
    const LENGTHS: usize = 28;
    let length = |at: usize| match bytes.get(at..at + 2) {
        Some(two) => usize::from(u16::from_le_bytes([two[0], two[1]])),
        None => 0,
    };
    let starts = bytes.windows(ENTRY.len()).enumerate();
    let starts = starts.filter(|(_, window)| *window == ENTRY);
    let (mut parts, mut held) = (0, 0);
    for (at, _) in starts {
        let texts = (0..3).map(|text| length(at + LENGTHS + 2 * text));
        parts += 1;
        held += FIXED + texts.sum::<usize>();
        if parts > MAX_PARTS || held > MAX_LIST {
            return Err(odd("the list of parts", "is too long"));
        }
    }
    Ok(())
}

/// Looks at a part. Answers how many bytes it has; none where those are more than are left.
fn part(name: &str, file: &mut impl Read, left: u64) -> Result<Option<u64>, BookFault> {
    let (most, mut look) = Look::of(name);
    let (mut chunk, mut seen) = (vec![0; CHUNK], 0);
    loop {
        let read = file.read(&mut chunk);
        let read = read.map_err(|error| BookFault::Damaged(format!("{}: {error}", shown(name))))?;
        if read == 0 {
            break;
        }
        seen += read as u64;
        if seen > most {
            let part = shown(name);
            return Err(BookFault::TooMuch { part, most });
        }
        if seen > left {
            return Ok(None);
        }
        let looked = look.take(&chunk[..read]);
        looked.map_err(|what| odd(&shown(name), what))?;
    }
    look.finish().map_err(|what| odd(&shown(name), what))?;
    Ok(Some(seen))
}

/// How a part is looked at.
enum Look {
    Tags(Box<Scan>),
    Names(Names),
}

impl Look {
    /// With the most bytes that a part of this name may have.
    fn of(name: &str) -> (u64, Look) {
        let by_tag = |kind| Look::Tags(Box::new(Scan::of(kind)));
        match name {
            _ if name.ends_with("sharedstrings.xml") => (MAX_TEXTS, by_tag(Kind::Texts)),
            _ if name.ends_with("styles.xml") || name.ends_with(".rels") => {
                (MAX_PART, by_tag(Kind::Small))
            }
            _ if name.contains("/worksheets/") && name.ends_with(".xml") => {
                (MAX_SHEET, by_tag(Kind::Sheet))
            }
            _ => (MAX_PART, Look::Names(Names::default())),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        match self {
            Look::Tags(scan) => scan.take(bytes),
            Look::Names(names) => {
                bytes.iter().for_each(|byte| names.byte(*byte));
                Ok(())
            }
        }
    }

    fn finish(&self) -> Result<(), &'static str> {
        match self {
            Look::Tags(scan) => {
                // Two names of a format stand in two tags.
                let format = 2 * scan.longest as u64 + FORMAT_BYTES;
                match () {
                    () if scan.promised.max(scan.texts) > MAX_TEXT_COUNT => {
                        Err("holds more than 4,000,000 texts")
                    }
                    () if scan.formats.saturating_mul(format) > MAX_FORMATS => {
                        Err("holds too many formats of cells")
                    }
                    () => Ok(()),
                }
            }
            Look::Names(names) if names.sheets > MAX_SHEETS => Err("names more than 1,000 sheets"),
            Look::Names(_) => Ok(()),
        }
    }
}

/// Finds `<sheet `, with or without a prefix, whatever stands around it. What is no text has no such
/// thing but by chance.
#[derive(Default)]
struct Names {
    /// The last eight bytes; those of UTF-16 that are nothing are passed over.
    last: u64,
    sheets: u64,
}

impl Names {
    fn byte(&mut self, byte: u8) {
        const NAME: u64 = u64::from_be_bytes(*b"\0\0\0sheet");
        const NAME_MASK: u64 = 0xff_ffff_ffff;
        if byte == 0 {
            return;
        }
        let (name, before) = (self.last & NAME_MASK, (self.last >> 40) & 0xff);
        let begins = before == u64::from(b'<') || before == u64::from(b':');
        let ends = byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
        self.sheets += u64::from(name == NAME && begins && ends);
        self.last = self.last << 8 | u64::from(byte);
    }
}

fn damaged(error: ZipError) -> BookFault {
    BookFault::Damaged(error.to_string())
}

fn odd(part: &str, what: &'static str) -> BookFault {
    BookFault::Odd {
        part: part.to_owned(),
        what,
    }
}

fn shown(name: &str) -> String {
    const MOST: usize = 100;
    name.chars()
        .filter(|c| !c.is_control())
        .take(MOST)
        .collect()
}
