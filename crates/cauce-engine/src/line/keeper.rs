//! Keeps the loop of a line running: where it, or the code of its destination, has panicked, the
//! leases are ended as after a crash of the process, and the loop starts again after a pause.

use std::{collections::HashSet, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use cauce_flow::{id::JobId, time::Timestamp};
use cauce_store::jobs;
use futures_util::FutureExt;
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::sleep};

use super::{End, Order, Runner, Shown, Surroundings};
use crate::{again::Pauses, settings::Account, status::GateStatus};

/// A store that cannot end the leases is asked again after this.
const RESCUE_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// More jobs than this are not held apart.
const MAX_SUSPECTS: usize = 10_000;

/// Jobs that were in hand when a destination's code panicked. Each of them travels alone, so that
/// the next panic is the fault of one job and the others are delivered.
#[derive(Clone, Default)]
pub(super) struct Suspects(Arc<Mutex<HashSet<JobId>>>);

impl Suspects {
    pub(super) fn add(&self, jobs: impl IntoIterator<Item = JobId>) {
        let mut suspects = self.0.lock();
        suspects.extend(jobs);
        if suspects.len() > MAX_SUSPECTS {
            suspects.clear();
        }
    }

    /// A request with this job has ended well.
    pub(super) fn clear(&self, job: JobId) {
        self.0.lock().remove(&job);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    pub(super) fn holds(&self, job: JobId) -> bool {
        self.0.lock().contains(&job)
    }
}

/// Runs the loop of a line, again and again.
pub(super) struct Keeper {
    pub(super) account: Account,
    pub(super) around: Surroundings,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) shown: Arc<Mutex<Shown>>,
    pub(super) suspects: Suspects,
    pub(super) stopping: bool,
}

impl Keeper {
    pub(super) async fn run(mut self) {
        let mut pauses = Pauses::new();
        while !self.stopping {
            pauses.begin();
            let (account, around) = (self.account.clone(), self.around.clone());
            let mut runner = Runner::new(account, around, &self.shown, &self.suspects);
            // The dispatcher is not used again; the rest stands behind locks and channels.
            let run = AssertUnwindSafe(runner.run(&mut self.orders));
            let end = run.catch_unwind().await.unwrap_or(End::Failed);
            self.account = runner.account.clone();
            self.stopping = runner.stopping;
            if end == End::Stopped {
                return;
            }
            self.mend(runner, pauses.end()).await;
        }
    }

    /// Ends what the loop has left behind, and waits. Orders are obeyed meanwhile, the one to stop
    /// as soon as the leases are ended.
    async fn mend(&mut self, runner: Runner, pause: Duration) {
        self.tell(pause);
        let until = self.around.clock.now() + pause;
        let rescue = rescue(self.account.clone(), self.around.clone(), runner);
        let mut rescue = std::pin::pin!(rescue);
        let mut pause = std::pin::pin!(sleep(pause));
        let (mut rescued, mut rested) = (false, false);
        while !(rescued && (rested || self.stopping)) {
            tokio::select! {
                () = &mut rescue, if !rescued => rescued = true,
                () = &mut pause, if !rested => rested = true,
                order = self.orders.recv(), if !self.stopping => match order {
                    Some(order) => self.take(order, until),
                    None => self.stopping = true,
                },
            }
        }
    }

    fn tell(&self, pause: Duration) {
        let line = self.account.line();
        tracing::error!(
            %line,
            ?pause,
            "the loop of a line, or the code of its destination, panicked, as told above; its jobs are given back and it starts again"
        );
        let status = &mut self.shown.lock().status;
        status.restarts += 1;
        status.in_flight = 0;
        status.last_error = Some("panic: a fault in the code; see the log".to_owned());
    }

    fn take(&mut self, order: Order, until: Timestamp) {
        match order {
            // Nothing starts before the loop does, which looks at the gate itself.
            Order::Gate(done) | Order::Group(_, _, done) => drop(done.send(())),
            Order::Mended | Order::Connection(_) => {}
            Order::Follow(account) => self.account = *account,
            Order::Why(answer) => {
                let gate = GateStatus {
                    name: "failed",
                    opens_at: Some(until),
                    detail: "the line failed and starts again; see the log".to_owned(),
                };
                let _ = answer.send(vec![gate]);
            }
            Order::Stop => self.stopping = true,
        }
    }
}

/// Waits for what is still on its way, and ends the leases that are left.
async fn rescue(account: Account, around: Surroundings, runner: Runner) {
    runner.tasks.close();
    runner.tasks.wait().await;
    drop(runner);
    let line = account.line();
    let never_twice = account.holds_unknown();
    loop {
        let ended = around
            .store
            .rescue_line(line.clone(), never_twice, around.clock.now());
        match ended.await {
            Ok(rescued) => {
                tracing::warn!(
                    %line,
                    released = rescued.released,
                    unknown = rescued.unknown,
                    poison = rescued.poison,
                    "jobs were in hand when the line failed"
                );
                return;
            }
            Err(error @ (jobs::Error::Broken(_) | jobs::Error::Closed)) => {
                tracing::error!(%line, %error, "leases of a line that failed stay until the next start");
                return;
            }
            Err(error) => {
                tracing::warn!(%line, %error, "leases of a line that failed wait to be ended");
                sleep(RESCUE_AGAIN_AFTER).await;
            }
        }
    }
}
