//! The promises of the event store as tests that every backend passes unchanged.
//!
//! A backend says how a store of its own is opened; each case opens one, works with it, and asks
//! after each step whether every event is accounted for. Time is a parameter, so no case waits for a
//! clock.
//!
//! ```text
//! for case in conformance::cases() {
//!     case.run(opener, reopens).await;   // panics where a promise is broken
//! }
//! ```

mod erasing;
mod keeping;
mod reading;
mod scene;
mod taking;

use std::{pin::Pin, sync::Arc};

use scene::Scene;

use crate::store::EventStore;

/// Opens the store of one case: an empty one the first time, later the same one again. The store
/// before has been dropped then.
pub type Opener =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Arc<dyn EventStore>> + Send>> + Send + Sync>;

type Run = fn(Scene) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise.
#[derive(Clone, Copy)]
pub struct Case {
    /// What is promised.
    pub name: &'static str,
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
        let scene = Scene::new(opener).await;
        (self.run)(scene).await;
    }
}

/// All cases.
pub fn cases() -> Vec<Case> {
    [
        taking::cases(),
        reading::cases(),
        keeping::cases(),
        erasing::cases(),
    ]
    .concat()
}

/// Makes cases of functions; those that open the store again say so.
macro_rules! promises {
    ($($name:ident $(, $restarts:ident)?;)*) => {
        pub(super) fn cases() -> Vec<super::Case> {
            vec![$(super::Case {
                name: stringify!($name),
                restarts: false $(|| stringify!($restarts) == "restarts")?,
                run: |scene| Box::pin($name(scene)),
            },)*]
        }
    };
}
use promises;
