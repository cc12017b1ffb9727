//! Pages as a file.

use std::io::Write;

use cauce_observe::report::Report;
use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Date, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};

use super::{
    canvas::{HEIGHT, WIDTH},
    flow::{Mark, Pages},
    font::Font,
};

const CATALOG: Ref = Ref::new(1);
const TREE: Ref = Ref::new(2);
const PLAIN: Ref = Ref::new(3);
const BOLD: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
const OUTLINE: Ref = Ref::new(6);
/// Where pages begin: each has its own number and that of its content.
const FIRST_PAGE: usize = 10;

fn page_ref(at: usize) -> Ref {
    Ref::new((FIRST_PAGE + 2 * at) as i32)
}

fn content_ref(at: usize) -> Ref {
    Ref::new((FIRST_PAGE + 2 * at + 1) as i32)
}

/// The pages with what a reader shows beside them: title, language, an outline.
pub(super) fn write(report: &Report, pages: Pages) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let count = pages.pages.len();
    let mut catalog = pdf.catalog(CATALOG);
    catalog.pages(TREE).outlines(OUTLINE);
    catalog.lang(TextStr(report.language.as_str()));
    catalog.viewer_preferences().display_doc_title(true);
    catalog.finish();
    info(&mut pdf, report);
    for (id, font) in [(PLAIN, Font::Plain), (BOLD, Font::Bold)] {
        let mut written = pdf.type1_font(id);
        written.base_font(Name(font.base()));
        written.encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    let kids = (0..count).map(page_ref);
    pdf.pages(TREE).kids(kids).count(count as i32);
    for (at, content) in pages.pages.iter().enumerate() {
        page(&mut pdf, at, content);
    }
    outline(&mut pdf, &pages.marks, count);
    pdf.finish()
}

fn info(pdf: &mut Pdf, report: &Report) {
    let title = format!("{} · {} · {}", report.title, report.tenant, report.period);
    let at = &report.made_at;
    let date = Date::new(u16::try_from(at.year()).unwrap_or(0))
        .month(at.month().unsigned_abs())
        .day(at.day().unsigned_abs())
        .hour(at.hour().unsigned_abs())
        .minute(at.minute().unsigned_abs());
    let mut info = pdf.document_info(INFO);
    info.title(TextStr(&title));
    info.creator(TextStr("Cauce"));
    info.creation_date(date);
}

fn page(pdf: &mut Pdf, at: usize, content: &[u8]) {
    let mut page = pdf.page(page_ref(at));
    page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT));
    page.parent(TREE).contents(content_ref(at));
    let mut resources = page.resources();
    let mut fonts = resources.fonts();
    fonts.pair(Name(Font::Plain.name()), PLAIN);
    fonts.pair(Name(Font::Bold.name()), BOLD);
    fonts.finish();
    resources.finish();
    page.finish();
    let packed = pack(content);
    pdf.stream(content_ref(at), &packed)
        .filter(Filter::FlateDecode);
}

fn pack(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory takes all bytes");
    encoder.finish().expect("memory takes all bytes")
}

/// The headings, each a link to its place.
fn outline(pdf: &mut Pdf, marks: &[Mark], pages: usize) {
    let id = |at: usize| Ref::new((FIRST_PAGE + 2 * pages + at) as i32);
    let mut outline = pdf.outline(OUTLINE);
    if let Some(last) = marks.len().checked_sub(1) {
        outline
            .first(id(0))
            .last(id(last))
            .count(marks.len() as i32);
    }
    outline.finish();
    for (at, mark) in marks.iter().enumerate() {
        let mut item = pdf.outline_item(id(at));
        item.title(TextStr(&mark.title)).parent(OUTLINE);
        if at > 0 {
            item.prev(id(at - 1));
        }
        if at + 1 < marks.len() {
            item.next(id(at + 1));
        }
        item.dest()
            .page(page_ref(mark.page))
            .xyz(0.0, HEIGHT - mark.y, None);
    }
}
