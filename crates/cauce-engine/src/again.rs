//! Starts again what has panicked: after a pause that grows each time, until it runs for a while.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);
/// What has run for so long is given the first pause again.
const RAN_WELL: Duration = Duration::from_secs(300);

/// The pauses between panics.
pub(crate) struct Pauses {
    next: Duration,
    began: Instant,
}

impl Pauses {
    pub(crate) fn new() -> Pauses {
        Pauses {
            next: FIRST,
            began: Instant::now(),
        }
    }

    /// It starts.
    pub(crate) fn begin(&mut self) {
        self.began = Instant::now();
    }

    /// It has panicked. Answers how long to wait.
    pub(crate) fn end(&mut self) -> Duration {
        if self.began.elapsed() >= RAN_WELL {
            self.next = FIRST;
        }
        let pause = self.next;
        self.next = (2 * pause).min(LONGEST);
        pause
    }
}

/// Runs a loop until it ends by itself.
pub(crate) async fn keep<F: Future<Output = ()>>(
    what: &'static str,
    stop: CancellationToken,
    mut run: impl FnMut() -> F,
) {
    let mut pauses = Pauses::new();
    loop {
        pauses.begin();
        // Each loop shares only what stands behind locks and channels, and is made anew.
        if AssertUnwindSafe(run()).catch_unwind().await.is_ok() {
            return;
        }
        let pause = pauses.end();
        tracing::error!(
            what,
            ?pause,
            "a loop panicked, as told above, and starts again"
        );
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn loop_that_panics_starts_again_after_pauses_that_grow() {
        let (runs, begun) = (Cell::new(0), Instant::now());
        let run = || async {
            runs.set(runs.get() + 1);
            assert!(runs.get() > 3, "a fault in the code");
        };
        keep("test", CancellationToken::new(), run).await;
        assert_eq!(runs.get(), 4);
        assert_eq!(begun.elapsed().as_millis(), 100 + 200 + 400);
    }

    #[tokio::test(start_paused = true)]
    async fn loop_that_panics_is_left_when_all_has_to_stop() {
        let stop = CancellationToken::new();
        stop.cancel();
        keep("test", stop, || async { panic!("a fault in the code") }).await;
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_a_minute_and_begin_anew_after_a_good_run() {
        let mut pauses = Pauses::new();
        for _ in 0..20 {
            assert!(pauses.end() <= LONGEST);
        }
        assert_eq!(pauses.end(), LONGEST);
        pauses.begin();
        sleep(RAN_WELL).await;
        assert_eq!(pauses.end(), FIRST);
    }
}
