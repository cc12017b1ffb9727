use super::{
    packing::{book, packed},
    *,
};

#[derive(Default)]
struct Told {
    sheet: String,
    rows: Vec<(u64, Vec<String>)>,
}

impl Rows for Told {
    type Stop = BookFault;
    fn begin(&mut self, sheet: &str) {
        sheet.clone_into(&mut self.sheet);
    }
    fn row(&mut self, number: u64, cells: &[Cell<'_>]) -> Result<(), BookFault> {
        let shown = |cell: &Cell<'_>| match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => text.clone().into_owned(),
            Cell::Error(error) => format!("!{error}"),
        };
        self.rows.push((number, cells.iter().map(shown).collect()));
        Ok(())
    }
}

fn told(bytes: &[u8], name: Option<&str>) -> Result<Told, BookFault> {
    let mut told = Told::default();
    read(bytes, name, &mut told).map(|()| told)
}

/// The rows that were told, each with its number.
fn rows_of(told: &Told) -> Vec<(u64, Vec<&str>)> {
    let rows = told.rows.iter();
    rows.map(|(number, row)| (*number, row.iter().map(String::as_str).collect()))
        .collect()
}

const TEXTS: &str =
    "<sst uniqueCount=\"2\"><si><t>Teléfono</t></si><si><r><t>An</t></r><r><t>a</t></r></si></sst>";

#[test]
fn cells_are_read_as_people_see_them() {
    let rows = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"inlineStr\"><is><t>Alta</t></is></c></row>\
        <row r=\"4\"><c r=\"A4\"><v>34600111222</v></c><c r=\"B4\" t=\"s\"><v>1</v></c><c r=\"C4\" s=\"1\"><v>45943</v></c></row>\
        <row r=\"5\"><c r=\"A5\"><v>1.5</v></c><c r=\"B5\" t=\"e\"><v>#N/A</v></c><c r=\"C5\" s=\"1\"><v>45943.541</v></c></row>\
        <row r=\"6\"><c r=\"A6\" t=\"b\"><v>1</v></c><c r=\"B6\" t=\"str\"><f>A1&amp;\"x\"</f><v>Teléfonox</v></c></row>";
    let told = told(&book(&[("Hoja 1", rows)], TEXTS), None).unwrap();
    assert_eq!(told.sheet, "Hoja 1");
    let expected = [
        (1, vec!["Teléfono", "", "Alta"]),
        (4, vec!["34600111222", "Ana", "2025-10-13"]),
        (5, vec!["1.5", "!#N/A", "2025-10-13 12:59:02"]),
        (6, vec!["true", "Teléfonox"]),
    ];
    assert_eq!(rows_of(&told), expected);
}

#[test]
fn errors_that_the_reader_does_not_know_are_told_as_they_are() {
    let text = "<c r=\"B1\" t=\"str\"><v>#SPILL!</v></c>";
    let odd = "<c r=\"A2\" t='e' s=\"0\"><f>SORT(A1:A9)&gt;1</f><v>#SPILL!</v></c>";
    let last = "<c r=\"C2\" t=\"e\"><v>#N/A</v></c><c r=\"D2\" t=\"e\"><v>#CALC!</v></c>";
    let rows = format!(
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c>{text}</row>\
         <row r=\"2\">{odd}<c r=\"B2\"><v>2</v></c>{last}</row>\
         <row r=\"4\"><c r=\"A4\" t=\"e\"><v>#BUSY!</v></c></row>\
         <row r=\"5\"><c r=\"A5\"><v>3</v></c></row>"
    );
    let told = told(&book(&[("A", &rows), ("B", &rows)], TEXTS), Some("B")).unwrap();
    let expected = [
        (1, vec!["1", "#SPILL!"]),
        (2, vec!["!#SPILL!", "2", "!#N/A", "!#CALC!"]),
        (4, vec!["!#BUSY!"]),
        (5, vec!["3"]),
    ];
    assert_eq!(rows_of(&told), expected);
}

#[test]
fn the_sheet_is_the_one_that_is_named_or_the_first_to_be_seen() {
    let row = |text: &str| format!("<row><c t=\"inlineStr\"><is><t>{text}</t></is></c></row>");
    let (one, two) = (row("one"), row("two"));
    let book = book(&[("-Notes", &one), ("People", &two)], TEXTS);
    assert_eq!(told(&book, None).unwrap().rows[0].1, ["two"]);
    assert_eq!(told(&book, Some("Notes")).unwrap().rows[0].1, ["one"]);
    let fault = told(&book, Some("Gente")).err().unwrap();
    let text = fault.to_string();
    assert!(
        text.contains("no sheet \"Gente\"; it has \"Notes\", \"People\""),
        "{text}"
    );
}

#[test]
fn what_is_no_workbook_or_a_trap_is_refused_and_says_why() {
    let cell = |text: &str| format!("<row><c t=\"inlineStr\"><is><t>{text}</t></is></c></row>");
    let long = cell(&"a".repeat(1_100_000));
    let run = format!("<r><t>{}</t></r>", "a".repeat(1_000_000));
    let runs = format!(
        "<row><c t=\"inlineStr\"><is>{}</is></c></row>",
        run.repeat(5)
    );
    let nested =
        "<row><c><is><t>".to_owned() + &"aaa<c></c>".repeat(450_000) + "</t></is></c></row>";
    let hidden = "<row><c r=\"><><><>".to_owned() + &"<>".repeat(600_000) + "\"/></row>";
    let sheet = |rows: &str| book(&[("A", rows)], TEXTS);
    let texts = |texts: &str| book(&[("A", &cell("x"))], texts);
    let many_parts: Vec<u8> = b"PK\x01\x02".repeat(10_001);
    let long_parts = [b"PK\x01\x02", &[0; 24][..], &[0xff; 2], &[0; 16]].concat();
    let long_parts = long_parts.repeat(200);
    let styles = |styles: &str| packing::with("xl/styles.xml", styles.as_bytes());
    let code = "0".repeat(20_000);
    let formats = format!(
        "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"{code}\"/></numFmts><cellXfs>{}</cellXfs></styleSheet>",
        "<xf numFmtId=\"164\"/>".repeat(10_000)
    );
    let fonts = format!("<fonts>{}</fonts>", "<font/>".repeat(500_000));
    let sheets = format!("<sheets>{}</sheets>", "<x:sheet/>".repeat(1_001));
    let wide: String = sheets.chars().flat_map(|c| [c, '\0']).collect();
    let relations = format!("<Relationship Target=\"{}\"/>", "a".repeat(33_000));
    let mut broken = sheet(&cell("Ana"));
    let end = broken.len() - 40;
    broken.truncate(end);
    for (bytes, says) in [
        (b"PK\x03\x04 and so on".to_vec(), "no XLSX workbook"),
        (
            packed(&[("word/document.xml", b"<a/>")]),
            "no XLSX workbook",
        ),
        (many_parts, "the list of parts of the workbook is too long"),
        (long_parts, "the list of parts of the workbook is too long"),
        (styles(&formats), "holds too many formats of cells"),
        (styles(&fonts), "holds more than 500,000 tags"),
        (styles(&sheets), "holds what belongs into another part"),
        (sheet("<fonts/>"), "holds what belongs into another part"),
        (
            packing::with("xl/workbook.xml", sheets.as_bytes()),
            "names more than 1,000 sheets",
        ),
        (
            packing::with("xl/media/a.png", wide.as_bytes()),
            "names more than 1,000 sheets",
        ),
        (
            packing::with("xl/_rels/workbook.xml.rels", relations.as_bytes()),
            "holds a tag of more than 32 KiB",
        ),
        (
            texts("<?xml version=\"1.0\" encoding='windows-1252'?><sst/>"),
            "is not in UTF-8",
        ),
        (broken, "no XLSX workbook"),
        (
            sheet(&long),
            "sheet1.xml of the workbook holds a cell of more than a megabyte",
        ),
        (sheet(&runs), "holds a cell of more than a megabyte"),
        (sheet(&hidden), "holds a cell of more than a megabyte"),
        (sheet(&nested), "holds a cell of more than a megabyte"),
        (sheet("<row><c></row></c>"), "do not close each other"),
        (sheet(&"<a>".repeat(70)), "too many tags"),
        (sheet("<!-- a -->"), "comments"),
        (sheet("<row><c t=\"s\"><v>9</v></c></row>"), "damaged"),
        (
            texts("<!DOCTYPE a [<!ENTITY b \"c\">]><sst/>"),
            "declarations",
        ),
        (
            texts("<sst uniqueCount = '99999999999999'/>"),
            "more than 4,000,000 texts",
        ),
        (texts("<sst \u{0}/>"), "bytes that stand in no XML"),
        (
            packed(&[("xl/workbook.xml", &vec![b' '; 17 << 20])]),
            "xl/workbook.xml of the workbook unpacks to more than 16777216 bytes",
        ),
        (
            packed(&[
                ("xl/workbook.xml", b"<a/>"),
                ("xl/media/a.png", &vec![7; 17 << 20]),
            ]),
            "xl/media/a.png of the workbook unpacks to more than 16777216 bytes",
        ),
    ] {
        let Err(fault) = told(&bytes, None) else {
            panic!("it was read: {says}");
        };
        let text = fault.to_string();
        assert!(text.contains(says), "{text}: {says}");
    }
}

#[test]
fn utf_8_may_be_named_in_several_ways() {
    for name in ["UTF-8", "utf-8", "utf8"] {
        let texts = format!("<?xml version='1.0' encoding='{name}'?><sst><si><t>a</t></si></sst>");
        let book = packing::with("xl/sharedStrings.xml", texts.as_bytes());
        assert_eq!(told(&book, None).unwrap().rows[0].1[0], "a", "{name}");
    }
}

#[test]
fn parts_may_be_small_and_all_of_them_too_large() {
    let book = book(&[("A", "")], TEXTS);
    assert_eq!(unpacked::check(&book), Ok(()));
    let fault = unpacked::check_within(&book, 100).unwrap_err();
    let text = fault.to_string();
    assert!(
        text.starts_with("all of the workbook unpacks to more than 100 "),
        "{text}"
    );
}

#[test]
fn a_text_that_many_cells_show_is_held_once() {
    let text = "a".repeat(1_000_000);
    let texts = format!("<sst><si><t>{text}</t></si></sst>");
    let row = format!("<row>{}</row>", "<c t=\"s\"><v>0</v></c>".repeat(MAX_CELLS));
    let book = book(&[("A", &row.repeat(100))], &texts);
    let mut rows = Pointers::default();
    read(&book, None, &mut rows).unwrap();
    assert_eq!(rows.0.len(), 1, "each cell has a text of its own");
}

/// Where the texts of cells are.
#[derive(Default)]
struct Pointers(std::collections::BTreeSet<*const u8>);

impl Rows for Pointers {
    type Stop = BookFault;
    fn begin(&mut self, _: &str) {}
    fn row(&mut self, _: u64, cells: &[Cell<'_>]) -> Result<(), BookFault> {
        for cell in cells {
            let Cell::Text(text) = cell else {
                panic!("{cell:?}");
            };
            self.0.insert(text.as_ptr());
        }
        Ok(())
    }
}
