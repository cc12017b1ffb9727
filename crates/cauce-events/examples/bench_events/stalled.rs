//! A disk that takes the log and no files of events: the buffer fills, calls are refused, and the
//! memory stays as it is.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use cauce_events::{
    embedded::{EmbeddedEvents, Options},
    store::{Error, EventStore},
};
use cauce_log::files::{File, Files, Lock, RealFiles};

use super::{calls, clock, memory, now};

/// One caller alone fills it within the time.
const MAX_WAITING: usize = 50_000;
/// How long the disk stalls.
const FOR: Duration = Duration::from_secs(10);

pub(crate) async fn measure(dir: &Path) {
    let calls = calls(400_000);
    let stalled = Arc::new(AtomicBool::new(true));
    let files = Arc::new(Stalling(Arc::clone(&stalled)));
    let options = Options {
        max_waiting: MAX_WAITING,
        ..Options::at(dir)
    };
    let store = EmbeddedEvents::open_with_clock_on(options, files, clock()).unwrap();
    let (mut full, mut later, mut most, mut taken, mut refused) = (None, 0, 0, 0, 0);
    let began = Instant::now();
    for intake in calls.iter().cycle() {
        if began.elapsed() > FOR {
            break;
        }
        match store.take(intake.clone(), now()).await {
            Ok(answer) => taken += answer.stored + answer.merged,
            Err(Error::BufferFull { .. }) => {
                full.get_or_insert_with(memory);
                refused += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Err(error) => panic!("{error}"),
        }
        most = memory().max(most);
        if began.elapsed() < FOR / 2 {
            later = most;
        }
    }
    println!(
        "no files for {FOR:?}: {taken} events taken, {refused} calls refused; memory when the buffer was full {} MB, at most {} MB in the first half of the time and {} MB in all of it",
        full.unwrap_or(0) >> 20,
        later >> 20,
        most >> 20,
    );
    stalled.store(false, Ordering::SeqCst);
    store.flush(now()).await.unwrap();
    println!(
        "files are written again: {} rows in the buffer",
        store.health().buffer.current_size
    );
    assert_eq!(store.audit(), Vec::<String>::new());
}

/// The files of the machine, of which those of events cannot be made for a while.
struct Stalling(Arc<AtomicBool>);

impl Files for Stalling {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealFiles.create_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealFiles.list(dir)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        RealFiles.open(path)
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        RealFiles.open_read(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let of_events = path.to_string_lossy().contains("tracking_events_");
        while of_events && self.0.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        RealFiles.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFiles.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFiles.remove(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        RealFiles.remove_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealFiles.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealFiles.free_bytes(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        RealFiles.lock(path)
    }
}
