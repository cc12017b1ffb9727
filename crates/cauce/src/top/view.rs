//! One frame: a function of the state, and of the size of the terminal.
//!
//! Every column says from which width on it is shown, so that a narrow terminal keeps what matters
//! most and nothing is cut in the middle.

mod alerts;
mod cells;
mod overlay;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line as Text, Span},
    widgets::{Paragraph, Row as TableRow, Table, TableState},
};

use super::{
    format,
    state::{Mode, State},
};
use cells::COLUMNS;

/// Lines of a frame beside the rows of the table: head, sums, a gap, headings, and the foot.
const AROUND: usize = 6;
/// Between two columns.
const GAP: u16 = 1;
/// The lowest frame that `--once` prints.
const MIN_HEIGHT: usize = 8;

/// Draws the frame.
pub(super) fn render(frame: &mut Frame<'_>, state: &State) {
    let problem = u16::from(!state.problem.is_empty());
    let alerts = alerts::lines(state);
    let [head, sums, lost, firing, table, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(problem * 2),
        Constraint::Length(u16::try_from(alerts.len()).unwrap_or(u16::MAX)),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(heading(state, head.width), head);
    frame.render_widget(Paragraph::new(in_all(state)), sums);
    frame.render_widget(Paragraph::new(why_lost(state)), lost);
    frame.render_widget(Paragraph::new(alerts), firing);
    rows(frame, state, table);
    frame.render_widget(Paragraph::new(footer(state)), foot);
    match &state.mode {
        Mode::Help => overlay::help(frame, state),
        Mode::Confirm { queue, verb } => overlay::question(frame, state, queue, *verb),
        Mode::Watch | Mode::Filter => {}
    }
}

/// How high a frame has to be to show everything.
pub(super) fn height(state: &State) -> u16 {
    let rows = (state.rows().len() + alerts::lines(state).len() + AROUND).max(MIN_HEIGHT);
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// A style that is left out where there are no colours.
fn style(state: &State, style: Style) -> Style {
    if state.colours {
        style
    } else {
        Style::new().add_modifier(style.add_modifier)
    }
}

fn heading(state: &State, width: u16) -> Paragraph<'static> {
    let name = Span::styled("cauce top", Style::new().add_modifier(Modifier::BOLD));
    let at = state.at.map(|at| at.to_string());
    let clock = at.as_deref().and_then(|at| at.get(11..19)).unwrap_or("-");
    let right = format!("{clock} UTC, {}", pace(state));
    let room = usize::from(width).saturating_sub(right.chars().count() + 14);
    let url = format::cut(&state.url, room);
    let gap = " ".repeat(room.saturating_sub(url.chars().count()) + 2);
    Paragraph::new(Text::from(vec![
        name,
        Span::raw(format!("  {url}{gap}")),
        Span::raw(right),
    ]))
}

/// How often it is looked; of a frame that stays alone, what its rates are the mean of.
fn pace(state: &State) -> String {
    let seconds = state.every.as_secs();
    match state.is_alone {
        true => format!("over {seconds} s"),
        false => format!("every {seconds} s"),
    }
}

fn in_all(state: &State) -> Text<'static> {
    let sum = |of: fn(&super::queue::Queue) -> u64| state.queues.iter().map(of).sum::<u64>();
    let rates = state.rates_in_all();
    let facts = [
        ("waiting", format::count(sum(|queue| queue.waiting))),
        ("active", format::count(sum(|queue| queue.active))),
        ("in/s", format::rate(rates.map(|rates| rates.into))),
        ("out/s", format::rate(rates.map(|rates| rates.out))),
        ("failed/s", format::rate(rates.map(|rates| rates.failed))),
        ("dead letters", format::count(sum(|queue| queue.dead))),
    ];
    let mut spans = Vec::new();
    for (name, value) in facts {
        let quiet = style(state, Style::new().fg(Color::DarkGray));
        spans.push(Span::styled(format!("{name} "), quiet));
        spans.push(Span::raw(format!("{value}   ")));
    }
    Text::from(spans)
}

fn why_lost(state: &State) -> Vec<Text<'static>> {
    let red = style(
        state,
        Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    );
    let old = if state.at.is_some() {
        "the figures below are those of before; it is asked again"
    } else {
        "it is asked again"
    };
    // What an error says on further lines belongs to single fields, and none was sent.
    let why = state.problem.lines().next().unwrap_or_default().to_owned();
    vec![
        Text::from(Span::styled(why, red)),
        Text::from(old.to_owned()),
    ]
}

fn rows(frame: &mut Frame<'_>, state: &State, area: Rect) {
    let rows = state.rows();
    if rows.is_empty() {
        frame.render_widget(Paragraph::new(nothing(state)), area);
        return;
    }
    let shown: Vec<_> = (COLUMNS.iter())
        .filter(|column| area.width >= column.from_width)
        .collect();
    let widths = shown.iter().map(|column| column.constraint);
    let headings = TableRow::new(shown.iter().map(|column| column.heading()))
        .style(Style::new().add_modifier(Modifier::BOLD))
        .top_margin(1);
    let now = state.at.unwrap_or_default();
    // As the table divides its room, so that it can be seen where something is cut.
    let columns = Layout::horizontal(widths.clone()).spacing(GAP).split(area);
    let body = rows.iter().map(|row| {
        let cells = (shown.iter().zip(columns.iter()))
            .map(|(column, area)| column.cell(state, row, now, area.width));
        TableRow::new(cells)
    });
    let marked = match state.mode {
        _ if state.at.is_none() => Style::new(),
        _ => Style::new().add_modifier(Modifier::REVERSED),
    };
    let table = Table::new(body, widths)
        .column_spacing(GAP)
        .header(headings)
        .row_highlight_style(marked);
    let mut at = TableState::new().with_selected(state.selected);
    frame.render_stateful_widget(table, area, &mut at);
}

fn nothing(state: &State) -> Vec<Text<'static>> {
    let words = match (state.at, state.filter.is_empty()) {
        (None, _) if state.problem.is_empty() => "asking the server …".to_owned(),
        (None, _) => String::new(),
        (Some(_), true) => "no queue holds or held a job".to_owned(),
        (Some(_), false) => format!("no queue or account has `{}` in its name", state.filter),
    };
    vec![Text::from(""), Text::from(words)]
}

fn footer(state: &State) -> Text<'static> {
    if let Some(note) = &state.note {
        let colour = if note.bad { Color::Red } else { Color::Green };
        let line = note.text.lines().collect::<Vec<_>>().join("; ");
        return Text::from(Span::styled(line, style(state, Style::new().fg(colour))));
    }
    if state.mode == Mode::Filter {
        return Text::from(format!("/{}_   Enter keeps it, Esc drops it", state.filter));
    }
    let filter = match state.filter.as_str() {
        "" => String::new(),
        filter => format!("   only `{filter}`, Esc shows all"),
    };
    Text::from(format!(
        "q quit   p pause or resume   / filter   ? help{filter}"
    ))
}

#[cfg(test)]
mod tests;
