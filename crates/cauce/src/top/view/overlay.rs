//! What is shown above the table: help, and a question before something is done.

use ratatui::{
    Frame,
    layout::{Constraint, Rect},
    style::{Modifier, Style},
    text::Line as Text,
    widgets::{Block, Clear, Paragraph, Wrap},
};

use crate::top::state::{State, Verb};

const KEYS: [(&str, &str); 9] = [
    ("q, Ctrl-C", "leave"),
    ("up, down, k, j", "choose a row"),
    ("PgUp, PgDn", "ten rows at once"),
    ("Home, End", "the first, the last"),
    ("p", "pause the queue, or let it flow again"),
    ("/", "show only what has a text in its name"),
    ("Esc", "show all again"),
    ("r, space", "ask the server at once"),
    ("?, h", "this help; any key closes it"),
];

/// Lists the keys and says what the figures mean.
pub(super) fn help(frame: &mut Frame<'_>, _: &State) {
    let mut lines: Vec<Text<'_>> = (KEYS.iter())
        .map(|(key, what)| Text::from(format!("{key:<16}{what}")))
        .collect();
    lines.push(Text::from(""));
    for line in [
        "oldest: how long the oldest waiting job has been due",
        "quota: the window that is used most",
        "next slot: when the next request may start, and what holds it",
    ] {
        lines.push(Text::from(line));
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX) + 2;
    boxed(frame, "Keys", lines, 66, height);
}

/// Asks before a queue is paused, or let flow again.
pub(super) fn question(frame: &mut Frame<'_>, _: &State, queue: &str, verb: Verb) {
    let (title, effect) = match verb {
        Verb::Pause => (
            "Pause",
            "No new attempt starts; what is on its way ends. Jobs are still taken.",
        ),
        Verb::Resume => ("Resume", "Jobs flow again, within every limit."),
    };
    let lines = vec![
        Text::from(format!("{title} {queue}?")).style(Style::new().add_modifier(Modifier::BOLD)),
        Text::from(effect),
        Text::from(""),
        Text::from("y yes   n no"),
    ];
    boxed(frame, title, lines, 54, 7);
}

fn boxed(
    frame: &mut Frame<'_>,
    title: &'static str,
    lines: Vec<Text<'_>>,
    width: u16,
    height: u16,
) {
    let area = middle(frame.area(), width, height);
    frame.render_widget(Clear, area);
    let text = Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .block(Block::bordered().title(title));
    frame.render_widget(text, area);
}

fn middle(area: Rect, width: u16, height: u16) -> Rect {
    area.centered(Constraint::Max(width), Constraint::Max(height))
}
