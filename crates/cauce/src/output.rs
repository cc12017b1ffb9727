//! What commands print: tables and sentences for people, JSON for programs.
//!
//! Results go to standard output, everything else to standard error. Colour only on a terminal,
//! and never where `NO_COLOR` is set (<https://no-color.org>).

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use serde_json::Value;

/// Prints a line of the result. A closed pipe is nobody's fault: `cauce jobs list | head`.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Tells something beside the result.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells why a command failed.
pub(crate) fn error(text: &str) {
    let head = if colour(&io::stderr()) {
        "\u{1b}[1;31merror:\u{1b}[0m "
    } else {
        "error: "
    };
    let head = if text.starts_with("error: ") {
        ""
    } else {
        head
    };
    note(&format!("{head}{text}"));
}

/// Prints a result as JSON.
pub(crate) fn json(value: &Value) {
    line(&format!("{value:#}"));
}

/// A line below the headings and nothing else, so that a row can be picked out by other programs.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Prints rows under headings, or a sentence where there are none.
pub(crate) fn table(headings: &[&str], rows: Vec<Vec<String>>, none: &str) {
    if rows.is_empty() {
        line(none);
        return;
    }
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(headings)
        .add_rows(rows);
    line(&table.to_string());
}

/// A mark for good and bad, in words where there is no colour.
pub(crate) fn mark(good: bool) -> String {
    match (good, colour(&io::stdout())) {
        (true, true) => "\u{1b}[32mok\u{1b}[0m".to_owned(),
        (false, true) => "\u{1b}[31mwrong\u{1b}[0m".to_owned(),
        (true, false) => "ok".to_owned(),
        (false, false) => "wrong".to_owned(),
    }
}

fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// One field of an API answer as a table shows it: a pointer into the object, `-` for nothing.
pub(crate) fn field(object: &Value, pointer: &str) -> String {
    match object.pointer(pointer) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let items: Vec<_> = items.iter().map(|item| field(item, "")).collect();
            items.join(", ")
        }
        Some(other) => other.to_string(),
    }
}

/// Rows of a list: one for each object, one column for each pointer.
pub(crate) fn rows(items: &Value, pointers: &[&str]) -> Vec<Vec<String>> {
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| {
            pointers
                .iter()
                .map(|pointer| field(item, pointer))
                .collect()
        })
        .collect()
}
