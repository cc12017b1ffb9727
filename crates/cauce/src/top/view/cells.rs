//! The columns of the table, and what stands in each.

use cauce_flow::time::Timestamp;
use ratatui::{
    layout::{Alignment, Constraint},
    style::{Color, Modifier, Style},
    text::Text,
    widgets::Cell,
};

use super::style;
use crate::top::{
    format,
    queue::{Line, Queue, Window},
    state::{Rates, Row, State},
};

/// A column, and from which width of the screen on it is there.
pub(super) struct Column {
    name: &'static str,
    pub(super) constraint: Constraint,
    pub(super) from_width: u16,
    alignment: Alignment,
    show: fn(&State, &Row<'_>, Timestamp) -> (String, Tone),
}

/// What a figure means; its colour only repeats it.
#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Quiet,
    Strong,
    Warn,
    Bad,
}

/// All columns, the first always.
pub(super) const COLUMNS: [Column; 11] = [
    column("queue / account", 16, 0, Alignment::Left, name),
    column("waiting", 9, 0, Alignment::Right, waiting),
    column("active", 6, 40, Alignment::Right, active),
    column("in/s", 7, 104, Alignment::Right, into),
    column("out/s", 7, 50, Alignment::Right, out),
    column("failed/s", 8, 60, Alignment::Right, failed),
    column("oldest", 10, 72, Alignment::Right, oldest),
    column("dead", 7, 112, Alignment::Right, dead),
    column("breaker", 9, 74, Alignment::Left, breaker),
    column("quota", 18, 130, Alignment::Left, quota),
    column("next slot", 20, 94, Alignment::Left, next_slot),
];

const fn column(
    name: &'static str,
    width: u16,
    from_width: u16,
    alignment: Alignment,
    show: fn(&State, &Row<'_>, Timestamp) -> (String, Tone),
) -> Column {
    let constraint = match from_width {
        0 if width > 9 => Constraint::Min(width),
        _ => Constraint::Length(width),
    };
    Column {
        name,
        constraint,
        from_width,
        alignment,
        show,
    }
}

impl Column {
    /// Its heading.
    pub(super) fn heading(&self) -> Text<'static> {
        Text::from(self.name).alignment(self.alignment)
    }

    /// What stands in it, where it is so wide.
    pub(super) fn cell(
        &self,
        state: &State,
        row: &Row<'_>,
        now: Timestamp,
        width: u16,
    ) -> Cell<'static> {
        let (text, tone) = (self.show)(state, row, now);
        let text = format::cut(&text, usize::from(width));
        Cell::new(Text::from(text).alignment(self.alignment)).style(style(state, tone.style()))
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Quiet => Style::new().fg(Color::DarkGray),
            Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
            Tone::Warn => Style::new().fg(Color::Yellow),
            Tone::Bad => Style::new().fg(Color::Red),
        }
    }
}

fn name(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    match row {
        Row::Queue(queue) if queue.gate == "open" => (queue.name.clone(), Tone::Strong),
        Row::Queue(queue) => (format!("{} ({})", queue.name, queue.gate), Tone::Warn),
        Row::Line(line) => (format!("  {} ({})", line.account, line.tenant), Tone::Plain),
    }
}

fn waiting(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    of_queue(row, |queue| (format::count(queue.waiting), Tone::Plain))
}

fn active(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    match row {
        Row::Queue(queue) => (format::count(queue.active), Tone::Plain),
        Row::Line(line) => (format::count(line.in_flight), Tone::Quiet),
    }
}

fn into(state: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    rate(state, row, |rates| rates.into, Tone::Plain)
}

fn out(state: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    rate(state, row, |rates| rates.out, Tone::Plain)
}

fn failed(state: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    rate(state, row, |rates| rates.failed, Tone::Bad)
}

fn rate(state: &State, row: &Row<'_>, of: fn(Rates) -> f64, tone: Tone) -> (String, Tone) {
    of_queue(row, |queue| {
        let rate = state.rates_of(&queue.name).map(of);
        let tone = if rate.is_some_and(|rate| rate > 0.0) {
            tone
        } else {
            Tone::Quiet
        };
        (format::rate(rate), tone)
    })
}

fn oldest(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    /// From here on somebody may want to look.
    const OLD_SECONDS: f64 = 300.0;
    of_queue(row, |queue| match queue.oldest_seconds {
        None => ("-".to_owned(), Tone::Quiet),
        Some(age) if age >= OLD_SECONDS => (format::seconds(age), Tone::Warn),
        Some(age) => (format::seconds(age), Tone::Plain),
    })
}

fn dead(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    of_queue(row, |queue| match queue.dead {
        0 => ("0".to_owned(), Tone::Quiet),
        dead => (format::count(dead), Tone::Bad),
    })
}

/// A figure that only queues have.
fn of_queue(row: &Row<'_>, show: impl Fn(&Queue) -> (String, Tone)) -> (String, Tone) {
    match row {
        Row::Queue(queue) => show(queue),
        Row::Line(_) => (String::new(), Tone::Plain),
    }
}

/// A figure that only lines have.
fn of_line(row: &Row<'_>, show: impl Fn(&Line) -> (String, Tone)) -> (String, Tone) {
    match row {
        Row::Queue(_) => (String::new(), Tone::Plain),
        Row::Line(line) => show(line),
    }
}

fn breaker(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    of_line(row, |line| {
        let tone = match line.breaker.as_str() {
            "closed" => Tone::Quiet,
            "open" => Tone::Bad,
            _ => Tone::Warn,
        };
        (line.breaker.clone(), tone)
    })
}

fn quota(_: &State, row: &Row<'_>, _: Timestamp) -> (String, Tone) {
    of_line(row, |line| match line.tightest() {
        None => ("none".to_owned(), Tone::Quiet),
        Some(Window { used, max, per_ms }) => {
            let tone = if used >= max { Tone::Warn } else { Tone::Plain };
            let text = format!("{used}/{max} per {}", format::window(per_ms));
            (text, tone)
        }
    })
}

/// When the line may start its next request, and what it waits for.
fn next_slot(_: &State, row: &Row<'_>, now: Timestamp) -> (String, Tone) {
    of_line(row, |line| {
        // All of them have to be open: those that nobody knows the end of, then the last.
        let forever = line.gates.iter().find(|gate| gate.opens_at.is_none());
        let last = line.gates.iter().max_by_key(|gate| gate.opens_at);
        let Some(gate) = forever.or(last) else {
            return ("now".to_owned(), Tone::Quiet);
        };
        match gate.opens_at {
            None => (gate.name.clone(), Tone::Warn),
            Some(at) => {
                let wait = format::seconds(at.until(now).as_secs_f64());
                (format!("in {wait}, {}", gate.name), Tone::Plain)
            }
        }
    })
}
