//! The embedded backend keeps every promise of the queue.

use std::{path::PathBuf, sync::Arc};

use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedStore, options, runtime};
use crate::{
    conformance::{self, Limits, Opener},
    jobs::JobStore,
};

/// A store in memory that is opened again on the same files.
fn opener() -> Opener {
    let files = FaultyFiles::new(1);
    Arc::new(move |limits: Limits| {
        let files = files.clone();
        Box::pin(async move {
            let mut options = options(PathBuf::from("/jobs"));
            options.max_jobs = limits.max_jobs;
            options.max_bytes = limits.max_bytes;
            options.tenant_reserve = limits.tenant_reserve;
            options.completed = limits.completed;
            options.dead_for = limits.dead_for;
            options.ended_for = limits.ended_for;
            let store = EmbeddedStore::open_on(options, Arc::new(files)).expect("the log opens");
            Arc::new(store) as Arc<dyn JobStore>
        })
    })
}

#[test]
fn the_embedded_store_keeps_every_promise() {
    let mut broken = Vec::new();
    for case in conformance::cases() {
        let run = || runtime().block_on(case.run(opener(), true));
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err() {
            broken.push(case.name);
        }
    }
    assert!(broken.is_empty(), "broken: {broken:#?}");
}
