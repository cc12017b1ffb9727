//! Files that vanish between the look at the list and their opening, as replaced ones do.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use cauce_log::files::{FaultyFiles, File, Files, Lock};

use super::{super::EmbeddedEvents, NOW, all, event, intake, options, runtime, tenant};
use crate::store::{EventStore, Page, StatsQuery};

/// The next two openings of a file of events find nothing.
struct Vanishing {
    files: FaultyFiles,
    gone: AtomicU32,
}

impl Files for Vanishing {
    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let of_events = path.to_string_lossy().contains("/part-");
        let less = |gone: u32| gone.checked_sub(1);
        let (set, get) = (Ordering::SeqCst, Ordering::SeqCst);
        if of_events && self.gone.fetch_update(set, get, less).is_ok() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.files.open_read(path)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.files.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.files.list(dir)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.files.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.files.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        self.files.remove_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.files.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.files.free_bytes(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.files.lock(path)
    }
}

#[test]
fn a_question_is_asked_again_of_the_files_that_have_taken_their_place() {
    let files = Vanishing {
        files: FaultyFiles::new(1),
        gone: AtomicU32::new(0),
    };
    let files = Arc::new(files);
    runtime().block_on(async {
        let dir = Path::new("/events");
        let store = EmbeddedEvents::open_on(options(dir), Arc::clone(&files) as _).unwrap();
        let events = (0..50).map(|id| event(id, id, NOW)).collect();
        store.take(intake(events), NOW).await.unwrap();
        store.flush(NOW).await.unwrap();
        files.gone.store(2, Ordering::SeqCst);
        let page = Page {
            limit: 100,
            after: None,
        };
        let listed = store.list(all(), page).await.unwrap();
        assert_eq!(listed.rows.len(), 50);
        files.gone.store(2, Ordering::SeqCst);
        let query = StatsQuery {
            tenant: tenant(),
            site: None,
            from: NOW,
            to: NOW + Duration::from_secs(1),
            interval: None,
            max_top: 1,
        };
        assert_eq!(store.stats(query).await.unwrap().total_events, 50);
    });
}
