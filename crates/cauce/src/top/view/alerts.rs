//! The alerts that fire, above the table: the worst ones, and how many more there are.

use ratatui::{
    style::{Color, Modifier, Style},
    text::{Line as Text, Span},
};

use super::style;
use crate::top::{format, queue::Alert, state::State};

/// More of them would leave no room for the queues.
const MAX_SHOWN: usize = 4;

/// One line for each that is shown; none where nothing fires.
pub(super) fn lines(state: &State) -> Vec<Text<'static>> {
    let shown = state.alerts.iter().take(MAX_SHOWN);
    let mut lines: Vec<Text<'static>> = shown.map(|alert| line(state, alert)).collect();
    let more = state.alerts.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        lines.push(Text::from(format!(
            "and {more} more alerts: cauce alerts list"
        )));
    }
    lines
}

fn line(state: &State, alert: &Alert) -> Text<'static> {
    let colour = match alert.severity.as_str() {
        _ if alert.is_acknowledged => Color::DarkGray,
        "critical" => Color::Red,
        _ => Color::Yellow,
    };
    let mark = style(state, Style::new().fg(colour).add_modifier(Modifier::BOLD));
    let now = state.at.unwrap_or_default();
    let since = alert.since.map(|since| now.since(since).as_secs_f64());
    let lasts = since.map_or(String::new(), |since| {
        format!(", for {}", format::seconds(since))
    });
    let known = if alert.is_acknowledged {
        ", acknowledged"
    } else {
        ""
    };
    let whose = match alert.tenant.as_str() {
        "" | "*" => String::new(),
        tenant => format!(" ({tenant})"),
    };
    Text::from(vec![
        Span::styled(format!("{:<9}", alert.severity), mark),
        Span::raw(format!(
            "{}: {}{whose}{lasts}{known}",
            alert.kind, alert.subject
        )),
    ])
}
