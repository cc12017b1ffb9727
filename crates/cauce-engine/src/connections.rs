//! Looks after accounts that are not connected to their platform: asks again, after pauses that grow,
//! until one is, and takes its line up again. A platform that tells of it by itself is faster.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cauce_flow::id::AccountName;
use tokio::{
    sync::{Mutex, mpsc},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{lines::Lines, tokens::Tokens};

/// The pause before the first question, which doubles after each.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What the questions are asked with.
#[derive(Clone)]
pub(crate) struct Asking {
    pub(crate) tokens: Tokens,
    pub(crate) lines: Lines,
    /// Accounts whose lines have lost their connection. The loop that runs has it.
    pub(crate) lost: Arc<Mutex<mpsc::UnboundedReceiver<AccountName>>>,
}

/// When an account is asked next, and after which pause.
#[derive(Clone, Copy)]
struct Turn {
    at: Instant,
    pause: Duration,
}

/// Asks until it is told to stop.
pub(crate) async fn run(asking: Asking, stop: CancellationToken) {
    let mut lost = asking.lost.lock().await;
    let mut turns: BTreeMap<AccountName, Turn> = BTreeMap::new();
    loop {
        let next = turns.values().map(|turn| turn.at).min();
        tokio::select! {
            () = stop.cancelled() => return,
            account = lost.recv() => {
                let Some(account) = account else { return };
                turns.entry(account).or_insert_with(Turn::first);
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                ask_due(&asking, &mut turns).await;
            }
        }
    }
}

async fn ask_due(asking: &Asking, turns: &mut BTreeMap<AccountName, Turn>) {
    let now = Instant::now();
    let due: Vec<_> = turns.extract_if(.., |_, turn| turn.at <= now).collect();
    for (name, turn) in due {
        let known = asking.lines.accounts();
        // One that is configured no more has no line either.
        let Some(account) = known.iter().find(|account| account.name == name) else {
            continue;
        };
        let found = asking.tokens.check(account).await;
        if !asking.tokens.tell(&asking.lines, account, &found) {
            turns.insert(name, turn.next());
        }
    }
}

impl Turn {
    fn first() -> Turn {
        Turn {
            at: Instant::now() + FIRST_PAUSE,
            pause: FIRST_PAUSE,
        }
    }

    fn next(self) -> Turn {
        let pause = (self.pause * 2).min(LONGEST_PAUSE);
        Turn {
            at: Instant::now() + pause,
            pause,
        }
    }
}
