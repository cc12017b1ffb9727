//! Looks at all of a workbook before it is read: how much it unpacks to, and that its XML is of the
//! kind that spreadsheets write. What passes cannot make its reader hold much at once: no piece of
//! markup and no cell is large, and no text is promised that is not there.

use std::io::{Cursor, Read};

use zip::{ZipArchive, result::ZipError};

use super::{BookFault, scan::Scan};

/// Most parts of a workbook.
const MAX_PARTS: usize = 10_000;
/// Most bytes of a sheet, unpacked. It is read piece by piece.
const MAX_SHEET: u64 = 2 << 30;
/// Most bytes of the texts, unpacked, and how many. They are held all at once.
const MAX_TEXTS: u64 = 128 << 20;
const MAX_TEXT_COUNT: u64 = 4_000_000;
/// Most bytes of any other part, unpacked.
const MAX_PART: u64 = 16 << 20;

/// How much of a file is unpacked in one go.
const CHUNK: usize = 64 << 10;

pub(super) fn check(bytes: &[u8]) -> Result<(), BookFault> {
    // Each part has an entry in the archive's list, which is read at once.
    let entries = bytes.windows(4).filter(|window| *window == b"PK\x01\x02");
    if entries.take(MAX_PARTS + 1).count() > MAX_PARTS {
        return Err(odd("the list of parts", "is too long"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| BookFault::NoBook)?;
    let mut is_book = false;
    for place in 0..archive.len() {
        let file = archive.by_index(place);
        let mut file = file.map_err(damaged)?;
        let name = file.name().map_err(damaged)?.to_ascii_lowercase();
        is_book |= name.ends_with("workbook.xml");
        part(&name, &mut file)?;
    }
    match is_book {
        true => Ok(()),
        false => Err(BookFault::NoBook),
    }
}

fn part(name: &str, file: &mut impl Read) -> Result<(), BookFault> {
    let most = match name.ends_with(".xml") {
        true if name.ends_with("sharedstrings.xml") => MAX_TEXTS,
        true if name.contains("/worksheets/") => MAX_SHEET,
        _ => MAX_PART,
    };
    let mut scan = Scan::default();
    let (mut chunk, mut seen) = (vec![0; CHUNK], 0);
    loop {
        let read = file.read(&mut chunk);
        let read = read.map_err(|error| BookFault::Damaged(format!("{}: {error}", shown(name))))?;
        if read == 0 {
            break;
        }
        seen += read as u64;
        if seen > most {
            return Err(BookFault::TooMuch {
                part: shown(name),
                most,
            });
        }
        // What is small cannot do harm, and is not always as it should be.
        if most > MAX_PART {
            scan.take(&chunk[..read])
                .map_err(|what| odd(&shown(name), what))?;
        }
    }
    match scan.promised > MAX_TEXT_COUNT || scan.texts > MAX_TEXT_COUNT {
        true => Err(odd(&shown(name), "holds more than 4,000,000 texts")),
        false => Ok(()),
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
