//! The promises of the queue as tests that every backend passes unchanged.
//!
//! A backend says how a store of its own is opened; each case opens one, works with it, and asks
//! after each step whether all counters agree. Time is a parameter, so no case waits for a clock.
//!
//! ```text
//! for case in conformance::cases() {
//!     case.run(opener, reopens).await;   // panics where a promise is broken
//! }
//! ```

mod coalescing;
mod gates;
mod groups;
mod history;
mod restart;
mod scene;
mod serving;
mod settling;
mod taking;

use std::{pin::Pin, sync::Arc, time::Duration};

use crate::jobs::JobStore;

use scene::Scene;

/// Opens the store of one case: an empty one the first time, later the same one again. The store
/// before has been dropped then.
pub type Opener =
    Arc<dyn Fn(Limits) -> Pin<Box<dyn Future<Output = Arc<dyn JobStore>> + Send>> + Send + Sync>;

/// The limits that a case needs.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pending jobs in one queue at most.
    pub max_jobs: u64,
    /// Pending bytes in one queue at most.
    pub max_bytes: u64,
    /// What a full queue still takes of tenants that did not fill it, as a share of both limits.
    pub tenant_reserve: f64,
    /// Completed jobs kept of each queue.
    pub completed: usize,
    /// Dead letters are kept for so long.
    pub dead_for: Duration,
    /// Expired and cancelled jobs are kept for so long.
    pub ended_for: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_jobs: 1_000_000,
            max_bytes: 1 << 40,
            tenant_reserve: 0.0,
            completed: 100,
            dead_for: Duration::from_secs(7 * 86_400),
            ended_for: Duration::from_secs(7 * 86_400),
        }
    }
}

type Run = fn(Scene) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
    limits: fn() -> Limits,
    /// Whether the store is opened again in it.
    restarts: bool,
    run: Run,
}

impl Case {
    /// Runs the case. Cases that need a restart are passed over where the backend has none.
    ///
    /// # Panics
    /// Where the promise is broken.
    pub async fn run(&self, opener: Opener, reopens: bool) {
        if self.restarts && !reopens {
            return;
        }
        let scene = Scene::new(opener, (self.limits)()).await;
        (self.run)(scene).await;
    }
}

/// All cases.
pub fn cases() -> Vec<Case> {
    [
        taking::cases(),
        serving::cases(),
        settling::cases(),
        coalescing::cases(),
        gates::cases(),
        groups::cases(),
        history::cases(),
        restart::cases(),
    ]
    .concat()
}

/// Makes cases of functions; what follows a name is what it needs.
macro_rules! promises {
    ($($name:ident $(with $limits:expr)? $(, $restarts:ident)?;)*) => {
        pub(super) fn cases() -> Vec<super::Case> {
            vec![$(super::Case {
                name: stringify!($name),
                limits: || {
                    #[allow(unused_mut, unused_assignments, reason = "some cases set limits")]
                    let mut limits = super::Limits::default();
                    $(limits = $limits;)?
                    limits
                },
                restarts: false $(|| stringify!($restarts) == "restarts")?,
                run: |scene| Box::pin($name(scene)),
            },)*]
        }
    };
}
use promises;
