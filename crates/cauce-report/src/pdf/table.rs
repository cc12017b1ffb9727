//! Tables, which go on over pages and begin each with their head.

use cauce_observe::report::{
    document::{Kind, Table, Value},
    words::Word,
};

use super::{
    canvas::{Area, Colour, Style},
    flow::{Flow, INNER, MARGIN},
};

const ROW: f32 = 16.0;
const HEAD_LINE: f32 = 9.5;
/// Left and right of what is in a column.
const PAD: f32 = 5.0;
/// The narrowest that a column of numbers becomes.
const MIN_COLUMN: f32 = 48.0;
/// Where words have less than this, numbers give way, too.
const MIN_WORDS: f32 = 80.0;
/// A table of so few rows stays on one page.
const KEPT_WHOLE: usize = 12;

const TITLE: Style = Style::bold(10.0, Colour::INK);
const HEAD: Style = Style::bold(7.5, Colour::QUIET);
const CELL: Style = Style::plain(8.5, Colour::TEXT);

/// A table, with its title where that is wanted.
pub(super) fn draw(flow: &mut Flow<'_>, table: &Table, has_title: bool) {
    flow.need(beginning(flow, table));
    let widths = widths(flow, table);
    let heads = heads(table, &widths);
    if has_title {
        title(flow, &table.title);
    }
    draw_head(flow, table, &widths, &heads);
    for row in &table.rows {
        let page = flow.count();
        flow.need(ROW);
        if flow.count() > page {
            let continued = flow.report.language.fill(Word::Continued, &[&table.title]);
            title(flow, &continued);
            draw_head(flow, table, &widths, &heads);
        }
        draw_row(flow, table, &widths, row);
    }
    flow.y += 12.0;
}

/// How high the part of a table is that stays on one page: all of a short one, else its first rows.
pub(super) fn beginning(flow: &Flow<'_>, table: &Table) -> f32 {
    let heads = heads(table, &widths(flow, table));
    let rows = match table.rows.len() {
        rows @ 0..=KEPT_WHOLE => rows,
        _ => 2,
    };
    22.0 + head_height(&heads) + rows as f32 * ROW
}

/// The title of a table or a chart.
pub(super) fn title(flow: &mut Flow<'_>, title: &str) {
    let y = flow.y + 10.0;
    let fitting = TITLE.font.fit(title, TITLE.size, INNER);
    flow.page().text(MARGIN, y, &fitting, TITLE);
    flow.y = y + 8.0;
}

/// That a table says nothing.
pub(super) fn nothing(flow: &mut Flow<'_>, table: &Table, has_title: bool) {
    flow.need(40.0);
    if has_title {
        title(flow, &table.title);
    }
    let said = flow.report.language.say(Word::NothingHere);
    let y = flow.y + 9.0;
    flow.page()
        .text(MARGIN, y, &said, Style::plain(8.5, Colour::QUIET));
    flow.y = y + 14.0;
}

/// Numbers are as wide as they are; words share what is left, or give way: the widest first.
fn widths(flow: &Flow<'_>, table: &Table) -> Vec<f32> {
    let count = table.columns.len();
    let natural: Vec<f32> = (0..count).map(|at| natural(flow, table, at)).collect();
    let is_words = |at: usize| table.columns[at].kind == Kind::Text;
    let sum = |of: &dyn Fn(usize) -> f32| (0..count).map(of).sum::<f32>();
    let of_words = sum(&|at| if is_words(at) { natural[at] } else { 0.0 });
    let room = INNER - (sum(&|at| natural[at]) - of_words);
    if of_words == 0.0 || room < MIN_WORDS {
        let factor = INNER / (INNER - room + of_words);
        return natural.into_iter().map(|width| width * factor).collect();
    }
    let factor = (room / of_words).max(1.0);
    let level = level(
        room,
        (0..count).filter(|at| is_words(*at)).map(|at| natural[at]),
    );
    let width = |at: usize| match is_words(at) {
        true => natural[at].min(level) * factor,
        false => natural[at],
    };
    (0..count).map(width).collect()
}

/// The width of the longest value, and of the longest word of the head.
fn natural(flow: &Flow<'_>, table: &Table, at: usize) -> f32 {
    let language = flow.report.language;
    let rows = table.rows.iter();
    let rows = rows.map(|row| CELL.width(&language.write(&row[at])));
    let words = table.columns[at].name.split(' ');
    let words = words.map(|word| HEAD.width(word));
    let widest = rows.chain(words).fold(0.0, f32::max);
    // A little more than that: sums of fractions are not exact.
    (widest + 2.0 * PAD + 0.5).max(MIN_COLUMN)
}

/// The width to which columns are cut so that all fit: those that are narrower stay as they are.
fn level(room: f32, widths: impl Iterator<Item = f32>) -> f32 {
    let mut widths: Vec<f32> = widths.collect();
    widths.sort_by(f32::total_cmp);
    let (mut left, mut columns) = (room, widths.len() as f32);
    for width in widths {
        if width * columns > left {
            return left / columns;
        }
        left -= width;
        columns -= 1.0;
    }
    f32::MAX
}

fn heads(table: &Table, widths: &[f32]) -> Vec<Vec<String>> {
    let heads = table.columns.iter().zip(widths);
    heads
        .map(|(column, width)| HEAD.font.wrap(&column.name, HEAD.size, width - 2.0 * PAD))
        .collect()
}

fn head_height(heads: &[Vec<String>]) -> f32 {
    let lines = heads.iter().map(Vec::len).max().unwrap_or(1);
    lines as f32 * HEAD_LINE + 8.0
}

fn draw_head(flow: &mut Flow<'_>, table: &Table, widths: &[f32], heads: &[Vec<String>]) {
    let height = head_height(heads);
    let y = flow.y;
    let page = flow.page();
    page.fill(
        Area {
            x: MARGIN,
            y,
            width: INNER,
            height,
        },
        Colour::PALE,
    );
    let mut x = MARGIN;
    for ((column, width), lines) in table.columns.iter().zip(widths).zip(heads) {
        for (at, line) in lines.iter().enumerate() {
            let from_last = (lines.len() - 1 - at) as f32;
            let base = y + height - 6.0 - from_last * HEAD_LINE;
            match column.kind.is_words() {
                true => page.text(x + PAD, base, line, HEAD),
                false => page.text_to(x + width - PAD, base, line, HEAD),
            }
        }
        x += width;
    }
    flow.y += height;
}

fn draw_row(flow: &mut Flow<'_>, table: &Table, widths: &[f32], row: &[Value]) {
    let language = flow.report.language;
    let y = flow.y;
    let page = flow.page();
    let mut x = MARGIN;
    for ((column, width), value) in table.columns.iter().zip(widths).zip(row) {
        let said = language.write(value);
        let said = CELL.font.fit(&said, CELL.size, width - 2.0 * PAD);
        match column.kind.is_words() {
            true => page.text(x + PAD, y + 11.0, &said, CELL),
            false => page.text_to(x + width - PAD, y + 11.0, &said, CELL),
        }
        x += width;
    }
    page.line(
        (MARGIN, y + ROW),
        (MARGIN + INNER, y + ROW),
        0.5,
        Colour::LINE,
    );
    flow.y += ROW;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_give_way() {
        let cut = |room, widths: &[f32]| level(room, widths.iter().copied());
        assert_eq!(cut(100.0, &[30.0, 40.0]), f32::MAX);
        assert_eq!(cut(100.0, &[30.0, 90.0]), 70.0);
        assert_eq!(cut(100.0, &[300.0, 20.0, 400.0]), 40.0);
    }
}
