//! `cauce top`: what flows through the queues of a running server, as it flows.
//!
//! ```text
//! keys ------+
//! answers ---+--> state (pure) --> view (pure) --> terminal
//! resizing --+        |
//!                     +--> commands: look again, pause, resume, leave
//! ```
//!
//! It asks the API as every other command does, so it shows what the key may see, and one that may
//! not pause is told so. A server that goes away leaves its last figures on the screen and is asked
//! again until it is back. Keys are heard all the while: nothing waits for an answer but what follows
//! from it.

mod asking;
mod format;
mod keys;
mod queue;
mod screen;
mod state;
mod view;

use std::{io::IsTerminal, time::Duration};

use cauce_flow::time::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use self::{
    asking::{Answer, Asked, Asking, Wish},
    keys::Command,
    queue::Look,
    screen::{Input, Screen, Terminal},
    state::State,
};
use crate::{
    api::{Api, escape},
    cli::TopArgs,
    failure::Failure,
    global::Global,
    output,
};

/// Between the two looks of one frame: rates are the difference between them.
const ONCE: Duration = Duration::from_secs(1);

/// Those that fire now.
const ALERTS: &str = "/api/alerts?state=firing&limit=500";

/// Runs the command.
pub(crate) async fn run(args: TopArgs, global: &Global) -> Result<(), Failure> {
    let api = Api::connect(&args.remote, global)?;
    if args.once || global.json {
        return once(&api, args.filter, global).await;
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "standard input and output are no terminal; hint: `cauce top --once` prints one frame",
        ));
    }
    let every = Duration::from_secs(args.interval);
    let mut state = State::new(api.base(), every, colours());
    state.filter = args.filter.unwrap_or_default();
    let mut screen = Screen::open().map_err(|error| Failure::caused(&error))?;
    let ask = |wish| -> Asked<'_> { Box::pin(ask(&api, wish)) };
    watch(Asking::new(ask), state, every, &mut screen).await
}

/// Colours are for terminals, and never where `NO_COLOR` is set (<https://no-color.org>).
fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints one frame, or its figures as JSON.
async fn once(api: &Api, filter: Option<String>, global: &Global) -> Result<(), Failure> {
    let mut state = State::new(api.base(), ONCE, false);
    state.is_alone = true;
    state.filter = filter.unwrap_or_default();
    state.take(look(api).await?, now());
    tokio::time::sleep(ONCE).await;
    state.take(look(api).await?, now());
    if global.json {
        output::json(&state.to_json());
    } else {
        output::line(&screen::plain(&state));
    }
    Ok(())
}

/// Shows, until somebody leaves.
async fn watch<'a>(
    mut asking: Asking<'a, impl Fn(Wish) -> Asked<'a>>,
    mut state: State,
    every: Duration,
    screen: &mut impl Terminal,
) -> Result<(), Failure> {
    let mut ticks = interval_at(Instant::now(), every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        screen
            .draw(&state)
            .map_err(|error| Failure::caused(&error))?;
        let command = tokio::select! {
            input = screen.next() => match input {
                Input::Key(key) => keys::on_key(&mut state, key),
                Input::Resized => None,
                Input::Closed => Some(Command::Leave),
            },
            answer = asking.answered() => {
                take(&mut state, answer);
                None
            }
            _ = ticks.tick() => Some(Command::Look),
        };
        match command {
            None => {}
            Some(Command::Leave) => {
                asking.finish().await;
                return Ok(());
            }
            Some(Command::Look) => asking.look(),
            Some(Command::Set { queue, verb }) => asking.set(queue, verb),
        }
    }
}

/// Asks the server.
async fn ask(api: &Api, wish: Wish) -> Answer {
    let done = match wish {
        Wish::Look => None,
        Wish::Set { queue, verb } => {
            let path = format!("/api/queues/{}/{}", escape(&queue), verb.as_str());
            let failure = api.post(&path, &json!({})).await.err();
            Some((queue, verb, failure))
        }
    };
    Answer {
        done,
        look: look(api).await,
    }
}

fn take(state: &mut State, answer: Answer) {
    if let Some((queue, verb, failure)) = answer.done {
        state.told(&queue, verb, failure);
    }
    match answer.look {
        Ok(look) => state.take(look, now()),
        Err(failure) => state.lost(failure.message().unwrap_or_default()),
    }
}

/// What the server says now. A key that may see queues and not alerts, or an older server, leaves the
/// alerts out and nothing else.
async fn look(api: &Api) -> Result<Look, Failure> {
    let queues = api.get("/api/queues").await?;
    let (status, alerts) = api.ask(ALERTS).await?;
    let alerts = if status == 200 { alerts } else { Value::Null };
    Ok(Look::read(&queues, &alerts))
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::EPOCH + since.unwrap_or_default()
}

#[cfg(test)]
mod tests;
