//! The configuration as a tree in which every key and value knows where it was written.
//!
//! Layers become trees, trees are laid over each other, and what is read from the result can still
//! be pointed at: this file, this line. That is why the tree is ours and not a serde value.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    place::{Place, Source},
    problem::Problem,
};

/// A table of settings.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) key: Place,
    pub(crate) place: Place,
}

/// What a setting holds.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    /// A text whose writer could not choose a type: from the environment, or put together by
    /// `${…}`. It stands for a number or a truth value where one is asked for.
    Loose(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A TOML date or time; no setting takes one.
    Moment,
    /// An integer that does not fit 64 bits.
    Huge,
    /// Reported already; every reader passes over it in silence.
    Faulty,
}

impl Value {
    /// The kind of value, as an error names it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) | Value::Loose(_) => "a text",
            Value::Integer(_) | Value::Huge => "a whole number",
            Value::Float(_) => "a number with a fraction",
            Value::Boolean(_) => "a truth value",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Moment => "a date",
            Value::Faulty => "nothing",
        }
    }
}

/// Most lines of one file that are reported as not being TOML; past them, little else is likely.
const MAX_FAULTY_LINES: usize = 20;

/// Reads a TOML text. A faulty line is reported and blanked, and the text read again, so that one
/// run shows every problem and each keeps its place.
pub(crate) fn parse(source: &Arc<Source>, text: &str, problems: &mut Vec<Problem>) -> Table {
    let mut text = text.to_owned();
    for _ in 0..MAX_FAULTY_LINES {
        let error = match DeTable::parse(&text) {
            Ok(table) => return grow(source, table.into_inner()),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let what = format!(
            "this is not TOML: {}",
            error.message().trim().replace('\n', "; ")
        );
        let write = "`name = value` or `[section]`, with texts in quotes";
        problems.push(Problem::at(&Place::new(source, span.clone()), what).write(write));
        if !blank_line(&mut text, span.start) {
            break;
        }
    }
    Table::new()
}

/// Blanks the line around `at`. Answers whether there was anything to blank.
fn blank_line(text: &mut String, at: usize) -> bool {
    let bytes = text.as_bytes();
    let at = at.min(bytes.len());
    let start = bytes[..at]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let end = bytes[at..]
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |n| at + n);
    if bytes[start..end].iter().all(|byte| *byte == b' ') {
        return false;
    }
    text.replace_range(start..end, &" ".repeat(end - start));
    true
}

/// Reads one value in TOML's notation, for a variable or a flag that holds a list or a table.
pub(crate) fn parse_value(source: &Arc<Source>, text: &str) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut node = graft(source, 0..0, value);
    node.point_at(&Place::whole(source));
    Some(node)
}

fn grow(source: &Arc<Source>, table: DeTable<'_>) -> Table {
    table
        .into_iter()
        .map(|(key, value)| {
            let span = key.span();
            (key.into_inner().into_owned(), graft(source, span, value))
        })
        .collect()
}

fn graft(source: &Arc<Source>, key: Range<usize>, value: Spanned<DeValue<'_>>) -> Node {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => whole(number.as_str(), number.radix()),
        DeValue::Float(number) => number.as_str().parse().map_or(Value::Huge, Value::Float),
        DeValue::Boolean(yes) => Value::Boolean(yes),
        DeValue::Datetime(_) => Value::Moment,
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|item| {
                    let span = item.span();
                    graft(source, span, item)
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(grow(source, table)),
    };
    Node {
        value,
        key: Place::new(source, key),
        place: Place::new(source, span),
    }
}

fn whole(digits: &str, radix: u32) -> Value {
    i64::from_str_radix(digits, radix).map_or(Value::Huge, Value::Integer)
}

impl Node {
    /// A text that was written at one place, key and value alike.
    pub(crate) fn loose(text: String, place: Place) -> Node {
        Node {
            value: Value::Loose(text),
            key: place.clone(),
            place,
        }
    }

    fn empty_table(&self) -> Node {
        Node {
            value: Value::Table(Table::new()),
            key: self.key.clone(),
            place: self.place.clone(),
        }
    }

    fn point_at(&mut self, place: &Place) {
        self.key = place.clone();
        self.place = place.clone();
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.point_at(place)),
            Value::Table(table) => table.values_mut().for_each(|node| node.point_at(place)),
            Value::Text(_)
            | Value::Loose(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Moment
            | Value::Huge
            | Value::Faulty => {}
        }
    }
}

/// Lays `upper` over `base`: tables are merged key by key, everything else is replaced.
pub(crate) fn lay_over(base: &mut Table, upper: Table) {
    for (name, node) in upper {
        let Some(below) = base.get_mut(&name) else {
            base.insert(name, node);
            continue;
        };
        match (&mut below.value, node.value) {
            (Value::Table(under), Value::Table(over)) => {
                lay_over(under, over);
                below.key = node.key;
                below.place = node.place;
            }
            (_, value) => {
                *below = Node {
                    value,
                    key: node.key,
                    place: node.place,
                }
            }
        }
    }
}

/// Puts a value at `path`, making the tables on the way.
pub(crate) fn plant(table: &mut Table, path: &[String], node: Node) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        table.insert(first.clone(), node);
        return;
    }
    let below = table
        .entry(first.clone())
        .or_insert_with(|| node.empty_table());
    if !matches!(below.value, Value::Table(_)) {
        // Both a section and a value of its name were given; the section shows the mistake.
        *below = node.empty_table();
    }
    if let Value::Table(under) = &mut below.value {
        plant(under, rest, node);
    }
}
