//! What a key does: it changes the state, or is a command for the edge.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{Mode, State, Verb};

/// What the edge has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// End.
    Leave,
    /// Ask the server again.
    Look,
    /// Open or shut the gate of a queue.
    Set { queue: String, verb: Verb },
}

/// So many rows go by with a key for pages.
const PAGE: usize = 10;
/// The longest filter.
const MAX_FILTER_CHARS: usize = 100;

/// Takes a key.
pub(super) fn on_key(state: &mut State, key: KeyEvent) -> Option<Command> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Command::Leave);
    }
    match state.mode.clone() {
        Mode::Watch => watching(state, key.code),
        Mode::Filter => filtering(state, key.code),
        Mode::Help => {
            state.mode = Mode::Watch;
            None
        }
        Mode::Confirm { queue, verb } => asked(state, key.code, queue, verb),
    }
}

fn watching(state: &mut State, key: KeyCode) -> Option<Command> {
    state.note = None;
    let last = state.rows().len().saturating_sub(1);
    match key {
        KeyCode::Char('q') => return Some(Command::Leave),
        KeyCode::Char('r' | ' ') => return Some(Command::Look),
        KeyCode::Char('?' | 'h') => state.mode = Mode::Help,
        KeyCode::Char('/') => state.mode = Mode::Filter,
        KeyCode::Char('p') => ask(state),
        KeyCode::Esc => state.filter.clear(),
        KeyCode::Up | KeyCode::Char('k') => state.selected = state.selected.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => state.selected += 1,
        KeyCode::PageUp => state.selected = state.selected.saturating_sub(PAGE),
        KeyCode::PageDown => state.selected += PAGE,
        KeyCode::Home => state.selected = 0,
        KeyCode::End => state.selected = last,
        _ => {}
    }
    state.keep_selection();
    None
}

/// Asks before a queue is paused or let flow again.
fn ask(state: &mut State) {
    let Some(queue) = state.selected_queue() else {
        return;
    };
    let verb = if queue.gate == "open" {
        Verb::Pause
    } else {
        Verb::Resume
    };
    state.mode = Mode::Confirm {
        queue: queue.name.clone(),
        verb,
    };
}

fn filtering(state: &mut State, key: KeyCode) -> Option<Command> {
    match key {
        KeyCode::Enter => state.mode = Mode::Watch,
        KeyCode::Esc => {
            state.filter.clear();
            state.mode = Mode::Watch;
        }
        KeyCode::Backspace => {
            state.filter.pop();
        }
        KeyCode::Char(c) if state.filter.chars().count() < MAX_FILTER_CHARS => state.filter.push(c),
        _ => {}
    }
    state.keep_selection();
    None
}

fn asked(state: &mut State, key: KeyCode, queue: String, verb: Verb) -> Option<Command> {
    match key {
        KeyCode::Char('y' | 'Y') | KeyCode::Enter => {
            state.mode = Mode::Watch;
            Some(Command::Set { queue, verb })
        }
        KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => {
            state.mode = Mode::Watch;
            None
        }
        _ => None,
    }
}
