//! Workbooks, made for tests and for fuzzing.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The parts that a reader reads.
pub(crate) const PARTS: [&str; 6] = [
    "_rels/.rels",
    "xl/_rels/workbook.xml.rels",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
    "xl/worksheets/sheet1.xml",
];

/// A good workbook, but for one part.
pub(crate) fn with(part: &str, bytes: &[u8]) -> Vec<u8> {
    let row = "<row><c t=\"s\"><v>0</v></c><c s=\"1\"><v>45943</v></c></row>";
    let mut parts = parts(&[("A", row)], "<sst><si><t>a</t></si></sst>");
    parts.retain(|(name, _)| name != part);
    let mut parts: Vec<(&str, &[u8])> = parts.iter().map(as_bytes).collect();
    parts.push((part, bytes));
    stored(&parts, CompressionMethod::Stored)
}

/// A workbook of these parts, by their paths.
#[cfg(test)]
pub(crate) fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    stored(parts, CompressionMethod::Deflated)
}

fn stored(parts: &[(&str, &[u8])], how: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(how);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let started = zip.start_file(*name, options);
        started.expect("the names are short, and no two are alike");
        zip.write_all(bytes).expect("memory takes all");
    }
    let packed = zip.finish().expect("memory takes all");
    packed.into_inner()
}

const RELS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// A workbook with these sheets, hidden ones with a `-` in front, and these texts.
#[cfg(test)]
pub(crate) fn book(sheets: &[(&str, &str)], texts: &str) -> Vec<u8> {
    let parts = parts(sheets, texts);
    packed(&parts.iter().map(as_bytes).collect::<Vec<_>>())
}

fn as_bytes((name, text): &(String, String)) -> (&str, &[u8]) {
    (name, text.as_bytes())
}

fn parts(sheets: &[(&str, &str)], texts: &str) -> Vec<(String, String)> {
    let mut list = String::new();
    let mut rels = String::new();
    let mut parts = Vec::new();
    for (place, (name, rows)) in (1..).zip(sheets) {
        let (state, name) = match name.strip_prefix('-') {
            Some(name) => ("hidden", name),
            None => ("visible", *name),
        };
        list.push_str(&format!(
            "<sheet name=\"{name}\" sheetId=\"{place}\" state=\"{state}\" r:id=\"rId{place}\"/>"
        ));
        rels.push_str(&format!(
            "<Relationship Id=\"rId{place}\" Type=\"{RELS}/worksheet\" Target=\"worksheets/sheet{place}.xml\"/>"
        ));
        let sheet =
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
        parts.push((format!("xl/worksheets/sheet{place}.xml"), sheet));
    }
    let root = format!(
        "<Relationships><Relationship Id=\"rId1\" Type=\"{RELS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let workbook = format!(
        "<?xml version=\"1.0\"?><workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELS}\"><sheets>{list}</sheets></workbook>"
    );
    // The second format is that of a date.
    let styles =
        "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";
    parts.extend([
        ("_rels/.rels".to_owned(), root),
        ("xl/workbook.xml".to_owned(), workbook),
        ("xl/styles.xml".to_owned(), styles.to_owned()),
        ("xl/sharedStrings.xml".to_owned(), texts.to_owned()),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!("<Relationships>{rels}</Relationships>"),
        ),
    ]);
    parts
}
