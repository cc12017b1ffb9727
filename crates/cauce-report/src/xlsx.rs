//! A report as a workbook: what stands out on the first sheet, then a sheet for each table.
//!
//! Numbers, dates and durations are such for the spreadsheet, too, with a format; the head of a table
//! stays in view and can be filtered by. Charts are those of the spreadsheet and read its cells.

use std::collections::BTreeSet;

use cauce_observe::report::{
    Report,
    document::{Chart, Shape, Table, Value},
    words::Word,
};
use jiff::civil::DateTime;
use rust_xlsxwriter::{
    Chart as Drawing, ChartLegendPosition, ChartType, DocProperties, ExcelDateTime, Format,
    FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use crate::Error;

/// The dark blue of headings.
const INK: u32 = 0x1B_3A_4B;
/// The colours of series, in order.
const COLOURS: [u32; 3] = [0x0F_76_6E, 0xD9_77_06, 0xB9_1C_1C];
/// The longest name that a sheet can have, in characters.
const MAX_NAME: usize = 31;
/// The widest that a column becomes, in characters.
const MAX_WIDTH: usize = 48;
const MS_PER_DAY: f64 = 86_400_000.0;

pub(crate) fn write(report: &Report) -> Result<Vec<u8>, Error> {
    let mut book = Workbook::new();
    let made_at = moment(report.made_at.datetime())?;
    let properties = DocProperties::new()
        .set_title(&report.title)
        .set_subject(format!("{} · {}", report.tenant, report.period))
        .set_creation_datetime(&made_at);
    book.set_properties(&properties);
    let mut names = BTreeSet::new();
    summary(
        report,
        book.add_worksheet()
            .set_name(name(&report.language.say(Word::Summary), &mut names))?,
    )?;
    for table in report.tables() {
        let name = name(&table.title, &mut names);
        let sheet = book.add_worksheet().set_name(&name)?;
        write_table(report, table, &name, sheet)?;
    }
    Ok(book.save_to_buffer()?)
}

/// A name that a sheet can have and none has yet.
fn name(title: &str, taken: &mut BTreeSet<String>) -> String {
    let fits = |letter: &char| !"[]:*?/\\'".contains(*letter);
    let base: String = title.chars().filter(fits).take(MAX_NAME).collect();
    let numbered = (2..).map(|number| {
        let room = MAX_NAME - 4;
        let base: String = base.chars().take(room).collect();
        format!("{base} {number}")
    });
    let mut candidates = std::iter::once(base.clone()).chain(numbered);
    let free = candidates.find(|name| taken.insert(name.to_lowercase()));
    free.expect("there are more numbers than sheets")
}

fn summary(report: &Report, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let language = report.language;
    let title = Format::new()
        .set_bold()
        .set_font_size(18)
        .set_font_color(INK);
    let quiet = Format::new().set_font_color(0x5B_6B_75);
    sheet.write_with_format(0, 0, report.title.as_str(), &title)?;
    let made_at = language.moment(report.made_at.datetime());
    for (row, line) in [
        format!("{} · {}", report.tenant, report.period),
        language.fill(Word::ComparedWith, &[&report.compared_with]),
        language.fill(Word::MadeAt, &[&made_at, &report.zone]),
    ]
    .iter()
    .enumerate()
    {
        sheet.write_with_format(row as u32 + 1, 0, plain(line), &quiet)?;
    }
    let heads = [
        Word::Figure,
        Word::ThisPeriod,
        Word::PeriodBefore,
        Word::Change,
    ];
    for (column, word) in heads.into_iter().enumerate() {
        sheet.write_with_format(5, column as u16, language.say(word), &head())?;
    }
    for (row, tile) in report.tiles.iter().enumerate() {
        let row = row as u32 + 6;
        sheet.write(row, 0, tile.name.as_str())?;
        for (column, value) in [&tile.now, &tile.before, &tile.change]
            .into_iter()
            .enumerate()
        {
            write_value(sheet, (row, column as u16 + 1), value)?;
        }
    }
    let notes = report
        .notes
        .iter()
        .chain(report.sections.iter().flat_map(|own| &own.notes));
    let first = report.tiles.len() as u32 + 8;
    sheet.write_with_format(first - 1, 0, language.say(Word::Notes), &head())?;
    for (row, note) in notes.enumerate() {
        sheet.write_with_format(first + row as u32, 0, plain(note), &quiet)?;
    }
    sheet.set_column_width(0, 36)?;
    sheet.set_column_range_width(1, 3, 20)?;
    sheet.set_screen_gridlines(false);
    Ok(())
}

fn head() -> Format {
    Format::new()
        .set_bold()
        .set_font_color(INK)
        .set_background_color(0xE6_EE_F0)
        .set_border_bottom(FormatBorder::Thin)
        .set_align(FormatAlign::Top)
        .set_text_wrap()
}

fn write_table(
    report: &Report,
    table: &Table,
    name: &str,
    sheet: &mut Worksheet,
) -> Result<(), XlsxError> {
    for (at, column) in table.columns.iter().enumerate() {
        let align = match column.kind.is_words() {
            true => FormatAlign::Left,
            false => FormatAlign::Right,
        };
        let format = head().set_align(align);
        sheet.write_with_format(0, at as u16, column.name.as_str(), &format)?;
        sheet.set_column_width(at as u16, width(report, table, at) as f64)?;
    }
    for (row, values) in table.rows.iter().enumerate() {
        for (at, value) in values.iter().enumerate() {
            write_value(sheet, (row as u32 + 1, at as u16), value)?;
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    let (last_row, last_column) = (table.rows.len() as u32, table.columns.len() as u16 - 1);
    sheet.autofilter(0, 0, last_row.max(1), last_column)?;
    sheet
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_repeat_rows(0, 0)?;
    match &table.chart {
        Some(chart) if last_row > 0 => {
            let drawing = draw(table, chart, name);
            sheet.insert_chart(1, last_column + 2, &drawing).map(drop)
        }
        _ => Ok(()),
    }
}

/// As wide as its longest text, and the button of the filter.
fn width(report: &Report, table: &Table, column: usize) -> usize {
    let of_value = |row: &Vec<Value>| report.language.write(&row[column]).chars().count();
    let rows = table.rows.iter().map(of_value);
    let head = table.columns[column].name.chars().count() + 3;
    (rows.max().unwrap_or(0).max(head) + 2).min(MAX_WIDTH)
}

fn write_value(sheet: &mut Worksheet, at: (u32, u16), value: &Value) -> Result<(), XlsxError> {
    let (row, column) = at;
    let format = |text: &str| Format::new().set_num_format(text);
    let number = |sheet: &mut Worksheet, number: f64, text: &str| {
        sheet
            .write_number_with_format(row, column, number, &format(text))
            .map(drop)
    };
    match value {
        Value::None => Ok(()),
        Value::Text(text) => sheet.write_string(row, column, text.as_str()).map(drop),
        Value::Day(date) => {
            let date = moment(date.at(0, 0, 0, 0))?;
            let format = format("yyyy-mm-dd").set_align(FormatAlign::Left);
            sheet
                .write_datetime_with_format(row, column, &date, &format)
                .map(drop)
        }
        Value::Moment(at) => {
            let format = format("yyyy-mm-dd hh:mm").set_align(FormatAlign::Left);
            sheet
                .write_datetime_with_format(row, column, moment(at.datetime())?, &format)
                .map(drop)
        }
        Value::Count(count) => number(sheet, *count as f64, "#,##0"),
        Value::Number(value) => number(sheet, *value, "#,##0.0"),
        Value::Share(share) => number(sheet, *share, "0.0%"),
        Value::Change(change) => number(sheet, *change, "+0.0%;-0.0%;0.0%"),
        Value::Points(points) => {
            number(sheet, points * 100.0, "+0.0\" pp\";-0.0\" pp\";0.0\" pp\"")
        }
        Value::Money(money) => {
            let decimals = money.currency.decimals();
            let part = match decimals {
                0 => String::new(),
                _ => format!(".{}", "0".repeat(decimals as usize)),
            };
            let amount = money.units as f64 / 10f64.powi(decimals as i32);
            number(
                sheet,
                amount,
                &format!("#,##0{part}\" {}\"", money.currency),
            )
        }
        Value::Duration(ms) if *ms < 60_000.0 => number(sheet, ms / MS_PER_DAY, "[h]:mm:ss.000"),
        Value::Duration(ms) => number(sheet, ms / MS_PER_DAY, "[h]:mm:ss"),
    }
}

fn moment(at: DateTime) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(at.year()).unwrap_or(1900);
    let [month, day, hour, minute, second] =
        [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(|part| part.unsigned_abs());
    ExcelDateTime::from_ymd(year, month, day)?.and_hms(u16::from(hour), minute, f64::from(second))
}

fn draw(table: &Table, chart: &Chart, sheet: &str) -> Drawing {
    let shape = match chart.shape {
        Shape::Lines => ChartType::Line,
        Shape::Bars => ChartType::Column,
        Shape::Funnel => ChartType::Bar,
    };
    let mut drawing = Drawing::new(shape);
    let last = table.rows.len() as u32;
    for (at, column) in chart.series.iter().enumerate() {
        let (column, labels) = (*column as u16, chart.labels as u16);
        drawing
            .add_series()
            .set_name((sheet, 0, column))
            .set_categories((sheet, 1, labels, last, labels))
            .set_values((sheet, 1, column, last, column))
            .set_format(&mut colour(chart.shape, COLOURS[at % COLOURS.len()]));
    }
    drawing.title().set_name(table.title.as_str());
    drawing.legend().set_position(ChartLegendPosition::Bottom);
    if chart.series.len() == 1 {
        drawing.legend().set_hidden();
    }
    if chart.shape == Shape::Funnel {
        drawing.y_axis().set_reverse();
    }
    drawing.set_width(720).set_height(360);
    drawing
}

fn colour(shape: Shape, colour: u32) -> rust_xlsxwriter::ChartFormat {
    let mut format = rust_xlsxwriter::ChartFormat::new();
    match shape {
        Shape::Lines => {
            let mut line = rust_xlsxwriter::ChartLine::new();
            format.set_line(line.set_color(colour).set_width(2.0));
        }
        Shape::Bars | Shape::Funnel => {
            let mut fill = rust_xlsxwriter::ChartSolidFill::new();
            format.set_solid_fill(fill.set_color(colour));
        }
    }
    format
}

/// Spaces that do not break mean nothing in a cell.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}
