//! The terminal: raw while it is watched, and as it was afterwards, also after a panic.

use std::{io, time::Duration};

use ratatui::{
    DefaultTerminal,
    backend::TestBackend,
    crossterm::{
        event::{self, Event, KeyEvent, KeyEventKind},
        terminal,
    },
};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::{state::State, view};
use crate::stops::Stops;

/// How often the thread that reads keys looks whether anybody still listens.
const PATIENCE: Duration = Duration::from_millis(250);
/// Keys that are pressed faster than they are taken wait here.
const MAX_WAITING: usize = 64;
/// How wide a frame is where there is no terminal.
const WIDTH: u16 = 120;

/// What comes from the terminal.
pub(super) enum Input {
    Key(KeyEvent),
    Resized,
    /// There is no terminal any more, or it is wanted back: the process is asked to end.
    Closed,
}

/// Where somebody looks and presses keys.
pub(super) trait Terminal {
    /// Shows the state.
    fn draw(&mut self, state: &State) -> io::Result<()>;

    /// Waits for what comes next. Nothing is lost where the wait is broken off.
    async fn next(&mut self) -> Input;
}

/// The terminal while it is watched.
pub(super) struct Screen {
    terminal: DefaultTerminal,
    inputs: Receiver<Input>,
    stops: Stops,
}

impl Screen {
    /// Takes the terminal over.
    pub(super) fn open() -> io::Result<Screen> {
        let stops = Stops::catch()?;
        let terminal = ratatui::try_init()?;
        let (sender, inputs) = mpsc::channel(MAX_WAITING);
        std::thread::spawn(move || read(&sender));
        Ok(Screen {
            terminal,
            inputs,
            stops,
        })
    }
}

impl Terminal for Screen {
    fn draw(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| view::render(frame, state))?;
        Ok(())
    }

    async fn next(&mut self) -> Input {
        next(&mut self.inputs, &mut self.stops).await
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// The next input. Who ends the process is not to find the terminal as it was watched.
async fn next(inputs: &mut Receiver<Input>, stops: &mut Stops) -> Input {
    tokio::select! {
        input = inputs.recv() => input.unwrap_or(Input::Closed),
        _ = stops.next() => Input::Closed,
    }
}

/// Reads until nobody listens or there is nothing to read from.
fn read(to: &Sender<Input>) {
    while !to.is_closed() {
        let input = match event::poll(PATIENCE) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let input = match input {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Input::Key(key),
            Ok(Event::Resize(..)) => Input::Resized,
            Ok(_) => continue,
            Err(_) => Input::Closed,
        };
        let ended = matches!(input, Input::Closed);
        if to.blocking_send(input).is_err() || ended {
            return;
        }
    }
}

/// One frame as text, as high as it has to be.
pub(super) fn plain(state: &State) -> String {
    let width = terminal::size().map_or(WIDTH, |(width, _)| width.max(40));
    frame(state, width, view::height(state))
}

/// One frame of a size as text, without what is empty at the ends of lines.
pub(super) fn frame(state: &State, width: u16, height: u16) -> String {
    let mut terminal = ratatui::Terminal::new(TestBackend::new(width, height))
        .expect("it is made of memory alone");
    terminal
        .draw(|frame| view::render(frame, state))
        .expect("memory takes every cell");
    let buffer = terminal.backend().buffer();
    let lines = buffer.content().chunks(usize::from(width.max(1)));
    let text = |line: &[ratatui::buffer::Cell]| {
        let line: String = line.iter().map(|cell| cell.symbol()).collect();
        line.trim_end().to_owned()
    };
    let lines: Vec<String> = lines.map(text).collect();
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn who_is_asked_to_end_leaves() {
        for signal in ["-TERM", "-INT"] {
            let mut stops = Stops::catch().unwrap();
            let (_keys, mut inputs) = mpsc::channel(1);
            let own = std::process::id().to_string();
            let sent = Command::new("kill").args([signal, &own]).status().unwrap();
            assert!(sent.success());
            let heard = next(&mut inputs, &mut stops).await;
            assert!(matches!(heard, Input::Closed), "{signal}");
        }
    }
}
