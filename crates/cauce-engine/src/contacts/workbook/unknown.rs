//! Errors of formulas that the reader of workbooks does not know.
//!
//! A spreadsheet shows `#SPILL!`, `#CALC!` and what its next version will call its errors; the
//! reader knows the seven oldest ones and ends at any other. So a workbook in which it has met one
//! is packed anew, with a text in the place of each such error: [`MARK`] and what it says.

use std::io::{BufRead, BufReader, Cursor, Error, Write};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::BookFault;

/// Stands before what an error says. Unicode keeps it for what no text holds.
pub(super) const MARK: char = '\u{fdd0}';
/// The errors that the reader knows.
const KNOWN: [&[u8]; 7] = [
    b"#DIV/0!", b"#N/A", b"#NAME?", b"#NULL!", b"#NUM!", b"#REF!", b"#VALUE!",
];

/// The same workbook, which has been looked at, with texts in the place of the other errors.
pub(super) fn as_texts(bytes: &[u8]) -> Result<Vec<u8>, BookFault> {
    let damaged = |error: &dyn std::fmt::Display| BookFault::Damaged(error.to_string());
    let archive = ZipArchive::new(Cursor::new(bytes));
    let mut archive = archive.map_err(|error| damaged(&error))?;
    let mut packed = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for place in 0..archive.len() {
        let file = archive.by_index(place);
        let file = file.map_err(|error| damaged(&error))?;
        let name = file.name().map_err(|error| damaged(&error))?.into_owned();
        let lower = name.to_ascii_lowercase();
        if !(lower.contains("/worksheets/") && lower.ends_with(".xml")) {
            let copied = packed.raw_copy_file(file);
            copied.map_err(|error| damaged(&error))?;
            continue;
        }
        let started = packed.start_file(name, options);
        started.map_err(|error| damaged(&error))?;
        rewrite(&mut BufReader::new(file), &mut packed).map_err(|error| damaged(&error))?;
    }
    let packed = packed.finish().map_err(|error| damaged(&error))?;
    Ok(packed.into_inner())
}

/// Copies a sheet. A cell with an error is held back until its value has come.
fn rewrite(sheet: &mut impl BufRead, to: &mut impl Write) -> Result<(), Error> {
    let (mut piece, mut held) = (Vec::new(), Vec::new());
    loop {
        piece.clear();
        if sheet.read_until(b'>', &mut piece)? == 0 {
            return to.write_all(&held);
        }
        // A text, where there is one, and the tag behind it.
        let tag = piece.iter().rposition(|byte| *byte == b'<').unwrap_or(0);
        match local(&piece[tag..]) {
            (false, b"c") if opens_error(&piece[tag..]) => held.append(&mut piece),
            (true, b"v") if !held.is_empty() => {
                write_error(&held, &piece[..tag], to)?;
                to.write_all(&piece[tag..])?;
                held.clear();
            }
            (true, b"c") => {
                to.write_all(&held)?;
                to.write_all(&piece)?;
                held.clear();
            }
            _ if held.is_empty() => to.write_all(&piece)?,
            _ => held.append(&mut piece),
        }
    }
}

/// Writes a cell up to its value, as one with a text where its error is not known.
fn write_error(cell: &[u8], error: &[u8], to: &mut impl Write) -> Result<(), Error> {
    if KNOWN.contains(&error) {
        to.write_all(cell)?;
        return to.write_all(error);
    }
    let quoted = TYPE.iter().find_map(|of| Some((find(cell, of)?, of.len())));
    let (at, length) = quoted.unwrap_or((0, 0));
    to.write_all(&cell[..at])?;
    to.write_all(b" t=\"str\"")?;
    to.write_all(&cell[at + length..])?;
    write!(to, "{MARK}")?;
    to.write_all(error)
}

/// What says that a cell holds an error.
const TYPE: [&[u8]; 2] = [b" t=\"e\"", b" t='e'"];

/// Whether a cell with an error begins, and does not end with this tag.
fn opens_error(tag: &[u8]) -> bool {
    !tag.ends_with(b"/>") && TYPE.iter().any(|of| find(tag, of).is_some())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Whether a tag closes, and its name without what stands before a colon.
fn local(tag: &[u8]) -> (bool, &[u8]) {
    let tag = tag.strip_prefix(b"<").unwrap_or(tag);
    let closes = tag.starts_with(b"/");
    let tag = &tag[usize::from(closes)..];
    let ends = tag.iter().position(|byte| b" \t\r\n/>".contains(byte));
    let name = &tag[..ends.unwrap_or(tag.len())];
    let name = name.rsplit(|byte| *byte == b':').next();
    (closes, name.unwrap_or_default())
}
