//! What the demo shows while it runs: one line for each queue, redrawn on a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use cauce_engine::{Engine, status::QueueStatus};
use cauce_flow::job::State;
use cauce_store::jobs::Scope;
use tokio_util::sync::CancellationToken;

use super::statuses;

const ON_A_TERMINAL: Duration = Duration::from_millis(250);
const ELSEWHERE: Duration = Duration::from_secs(5);
const BAR: usize = 24;

/// Shows the queues until told to stop.
pub(super) async fn show(engine: Engine, scope: Scope, stop: CancellationToken, quiet: bool) {
    if quiet {
        return;
    }
    let began = Instant::now();
    let terminal = io::stdout().is_terminal();
    let every = if terminal { ON_A_TERMINAL } else { ELSEWHERE };
    let mut drawn = 0;
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(every) => false,
        };
        let queues = statuses(&engine, &scope);
        let mut text = String::new();
        if terminal && drawn > 0 {
            text.push_str(&format!("\u{1b}[{drawn}A"));
        }
        drawn = queues.len();
        for queue in &queues {
            let clear = if terminal { "\u{1b}[2K" } else { "" };
            text.push_str(&format!("{clear}{}\n", line(queue, began.elapsed())));
        }
        if !terminal {
            text.push('\n');
        }
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if last {
            return;
        }
    }
}

fn line(queue: &QueueStatus, since: Duration) -> String {
    let counts = &queue.counts;
    let done = counts.state(State::Completed);
    let of = counts.accepted.max(1);
    let filled = usize::try_from(done * BAR as u64 / of).unwrap_or(BAR);
    let bar = "#".repeat(filled) + &".".repeat(BAR - filled.min(BAR));
    let breaker = queue.lines.first().map_or("", |line| line.breaker);
    let held = queue
        .lines
        .first()
        .and_then(|line| line.last_error.as_deref())
        .unwrap_or("");
    let held: String = held.chars().take(40).collect();
    format!(
        "{:>4.0} s  {:<8} [{bar}] {done:>6}/{:<6} waiting {:>5}  delayed {:>4}  dead {:>3}  breaker {breaker:<9} {held}",
        since.as_secs_f64(),
        queue.name.as_str(),
        counts.accepted,
        counts.state(State::Waiting),
        counts.delayed,
        counts.state(State::Dead),
    )
}
