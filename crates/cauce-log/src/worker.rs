//! What is done beside the writer: sidecar indexes, giving back the unused end of sealed segments,
//! and the reserve segment.
//!
//! The reserve is a preallocated file that the next segment is made of. It exists so that a full
//! disk still takes what frees it again: the settlements of jobs that are delivered. None of this
//! work is needed for what the log promises, so a failure here is logged and tried again later.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use parking_lot::Mutex;

use crate::{
    error::{Doing, Error, is_full},
    files::{File, Files},
    options::{Digest, Options},
    segment::{RESERVE, Segment},
    sidecar::{self, Identity},
    survey::Source,
};

/// What writer and worker share.
pub(crate) struct Shared {
    pub(crate) dir: Arc<Path>,
    pub(crate) files: Arc<dyn Files>,
    pub(crate) options: Options,
    pub(crate) digest: Arc<dyn Digest>,
    pub(crate) log_id: u64,
    /// Held from taking the reserve until it has its name as a segment: there is one name for
    /// reserves.
    pub(crate) reserve: Mutex<Option<Arc<dyn File>>>,
}

/// Something to do beside the writer.
enum Task {
    /// A segment is complete.
    Seal(Arc<Segment>),
    /// The reserve has been used, or there is room for one again.
    Reserve,
}

impl Shared {
    pub(crate) fn new(
        dir: Arc<Path>,
        files: Arc<dyn Files>,
        options: Options,
        digest: Arc<dyn Digest>,
        log_id: u64,
    ) -> Shared {
        Shared {
            dir,
            files,
            options,
            digest,
            log_id,
            reserve: Mutex::new(None),
        }
    }

    /// The reserve, at least `bytes` large, or a new file in its place.
    pub(crate) fn take_reserve(
        &self,
        reserve: &mut Option<Arc<dyn File>>,
        bytes: u64,
    ) -> Result<Arc<dyn File>, Error> {
        let file = match reserve.take() {
            Some(file) => file,
            None => self.make_reserve()?,
        };
        let wanted = bytes.max(self.options.allocation());
        if let Err(error) = self.allocate(&*file, wanted) {
            *reserve = Some(file);
            return Err(error);
        }
        Ok(file)
    }

    /// Reserves space, and tells a full disk from a failing one.
    pub(crate) fn allocate(&self, file: &dyn File, bytes: u64) -> Result<(), Error> {
        match file.allocate(bytes) {
            Err(error) if is_full(&error) => Err(Error::DiskFull {
                dir: self.dir.to_path_buf(),
                wanted: bytes,
                free: self.files.free_bytes(&self.dir).unwrap_or(0),
            }),
            done => done.doing("allocate space in", &self.dir),
        }
    }

    fn make_reserve(&self) -> Result<Arc<dyn File>, Error> {
        let path = self.dir.join(RESERVE);
        let file = self.files.create(&path).doing("create", &path)?;
        if let Err(error) = self.allocate(&*file, self.options.allocation()) {
            // Whatever was allocated goes back at once: others need it more.
            let _ = self.files.remove(&path);
            return Err(error);
        }
        Ok(file)
    }

    fn refill_reserve(&self) {
        let mut reserve = self.reserve.lock();
        if reserve.is_some() {
            return;
        }
        match self.make_reserve() {
            Ok(file) => *reserve = Some(file),
            Err(error) => tracing::warn!(%error, "no reserve segment"),
        }
    }

    fn seal(&self, segment: &Segment) {
        if let Err(error) = self.try_seal(segment) {
            tracing::warn!(segment = segment.number, %error, "no sidecar index");
        }
    }

    fn try_seal(&self, segment: &Segment) -> Result<(), Error> {
        let end = segment.end();
        segment.file.set_len(end).doing("cut", &self.dir)?;
        if !self.options.sidecars {
            return Ok(());
        }
        let Segment { number, salt, .. } = *segment;
        let source = Source {
            file: &*segment.file,
            salt,
            before: None,
            end,
        };
        let built = sidecar::build(self.identity(number), source, &*self.digest);
        match built.doing("read", &self.dir)? {
            Some(sidecar) => sidecar::store(&*self.files, &self.dir, number, &sidecar),
            None => Ok(()),
        }
    }

    pub(crate) fn identity(&self, segment: u32) -> Identity {
        Identity {
            segment,
            log_id: self.log_id,
            digest_version: self.digest.version(),
        }
    }

    fn run(&self, task: Task) {
        match task {
            Task::Seal(segment) => self.seal(&segment),
            Task::Reserve => self.refill_reserve(),
        }
    }
}

/// The hands that do it: a thread, or the caller's own.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    /// `None` if the caller does the work itself.
    thread: Option<(mpsc::Sender<Task>, thread::JoinHandle<()>)>,
}

impl Worker {
    pub(crate) fn start(shared: Arc<Shared>) -> Result<Worker, Error> {
        let thread = if shared.options.background {
            Some(spawn(&shared)?)
        } else {
            None
        };
        Ok(Worker { shared, thread })
    }

    pub(crate) fn seal(&self, segment: Arc<Segment>) {
        self.hand_over(Task::Seal(segment));
    }

    pub(crate) fn reserve(&self) {
        self.hand_over(Task::Reserve);
    }

    fn hand_over(&self, task: Task) {
        match &self.thread {
            // At most two tasks for each segment wait here. The thread only ends with the worker.
            Some((tasks, _)) => drop(tasks.send(task)),
            None => self.shared.run(task),
        }
    }
}

fn spawn(shared: &Arc<Shared>) -> Result<(mpsc::Sender<Task>, thread::JoinHandle<()>), Error> {
    let (sender, tasks) = mpsc::channel();
    let work = Arc::clone(shared);
    let thread = thread::Builder::new()
        .name("cauce-log-worker".to_owned())
        .spawn(move || tasks.into_iter().for_each(|task| work.run(task)))
        .doing("start the worker of", &shared.dir)?;
    Ok((sender, thread))
}

impl Drop for Worker {
    /// Waits until what was handed over is done.
    fn drop(&mut self) {
        if let Some((tasks, thread)) = self.thread.take() {
            drop(tasks);
            // A panic in there has been printed, and costs a sidecar only.
            let _ = thread.join();
        }
    }
}
