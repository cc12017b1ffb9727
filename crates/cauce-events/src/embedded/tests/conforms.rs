//! The embedded backend keeps every promise of the event store.

use std::{path::Path, sync::Arc};

use cauce_log::files::FaultyFiles;

use super::{super::EmbeddedEvents, options, runtime};
use crate::{
    conformance::{self, Opener},
    store::EventStore,
};

/// A store in memory that is opened again on the same files.
fn opener() -> Opener {
    let files = FaultyFiles::new(1);
    Arc::new(move || {
        let files = Arc::new(files.clone());
        Box::pin(async move {
            let store = EmbeddedEvents::open_on(options(Path::new("/events")), files);
            Arc::new(store.expect("the store opens")) as Arc<dyn EventStore>
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
