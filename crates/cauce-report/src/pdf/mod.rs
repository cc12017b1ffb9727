//! A report as a document of A4 pages.
//!
//! ```text
//! Report --flow--> pages (tiles, charts, tables, notes) --file--> bytes
//! ```
//!
//! The fonts are Helvetica and its bold, which every reader of PDF has; so no font is in the file,
//! and letters are those of WinAnsi ([ADR 12](../../../../docs/adr/0012-documents.md)).

mod canvas;
mod chart;
mod file;
mod flow;
mod font;
mod table;
mod tiles;

use cauce_observe::report::{
    Report,
    document::{Section, Table, Value},
    words::Word,
};

use flow::Flow;

/// The report as a document.
pub(crate) fn write(report: &Report) -> Vec<u8> {
    let mut flow = Flow::new(report);
    tiles::title(&mut flow);
    tiles::draw(&mut flow);
    for section in &report.sections {
        write_section(&mut flow, section);
    }
    write_detail(&mut flow);
    write_notes(&mut flow);
    file::write(report, flow.finish())
}

fn write_section(flow: &mut Flow<'_>, section: &Section) {
    let following = section.tables.first();
    let following = following.map_or(0.0, |own| table::beginning(flow, own));
    flow.heading(&section.title, following);
    let mut was_empty = false;
    for own in &section.tables {
        let has_title = own.title != section.title;
        match &own.chart {
            // Of many that say nothing, one is enough.
            _ if is_empty(own) && was_empty => {}
            _ if is_empty(own) => table::nothing(flow, own, has_title),
            Some(chart) => {
                chart::draw(flow, own, chart);
                if !own.is_detail {
                    table::draw(flow, own, false);
                }
            }
            None => table::draw(flow, own, has_title),
        }
        was_empty = is_empty(own);
    }
    flow.notes(&section.notes);
}

/// Whether a table says nothing: it has no rows, or nothing that can be drawn.
fn is_empty(table: &Table) -> bool {
    let drawn = table.chart.iter().flat_map(|chart| &chart.series);
    let mut sizes = drawn.flat_map(|at| table.rows.iter().map(|row| row[*at].size()));
    table.rows.is_empty() || table.chart.is_some() && sizes.all(|size| size == 0.0)
}

/// The rows of what was drawn.
fn write_detail(flow: &mut Flow<'_>) {
    let report = flow.report;
    let all: Vec<&Table> = report
        .tables()
        .filter(|own| own.is_detail && !is_empty(own))
        .collect();
    if all.is_empty() {
        return;
    }
    let following = all.first().map_or(0.0, |own| table::beginning(flow, own));
    flow.heading(&report.language.say(Word::Detail), following);
    for own in all {
        table::draw(flow, own, true);
    }
}

fn write_notes(flow: &mut Flow<'_>) {
    let language = flow.report.language;
    flow.heading(&language.say(Word::Notes), 40.0);
    flow.notes(&flow.report.notes);
    if lacks_letters(flow.report) {
        flow.notes(&[language.say(Word::NoteLetters)]);
    }
}

fn lacks_letters(report: &Report) -> bool {
    let cells = report
        .tables()
        .flat_map(|table| table.rows.iter().flatten());
    let texts = cells.filter_map(|value| match value {
        Value::Text(text) => Some(text),
        _ => None,
    });
    std::iter::once(&report.tenant)
        .chain(texts)
        .any(|text| !font::has_all(text))
}
