//! Copies what is committed from the log of a file to its places, beside the thread that writes:
//! where a commit did that itself, all that waits behind it would wait for the disk, too.
//!
//! ```text
//! commit --pages in the log--> a step more than before? --nudge--> this thread: copy what there is
//! ```
//!
//! The log begins anew once all of it is copied. Where commits follow each other without a pause that
//! is never so, and then a commit copies the little that is left.

use std::{
    io,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, OpenFlags, hooks::Wal};

/// Pages, of 4 KiB each, after which what is new is copied. A page that is written again and again
/// is so copied less often.
const STEP: i32 = 4_000;
/// Pages in the log with which a commit copies the rest.
const MAX_PAGES: i32 = 24_000;

/// The thread that copies. It ends with the connection that it was started for.
pub(super) struct Checkpointer(JoinHandle<()>);

impl Checkpointer {
    /// Starts it for the connection that writes a file.
    pub(super) fn start(connection: &mut Connection, path: &Path) -> io::Result<Checkpointer> {
        let (nudges, nudged) = sync_channel(1);
        let hook = connection.wal_hook(Some(hook(nudges)));
        hook.map_err(io::Error::other)?;
        let path = path.to_owned();
        let thread = thread::Builder::new().name("cauce-checkpoint".to_owned());
        let thread = thread.spawn(move || run(&path, &nudged))?;
        Ok(Checkpointer(thread))
    }

    /// Waits for its end.
    pub(super) fn join(self) {
        // What it might have panicked about is no concern of those who write.
        let _ = self.0.join();
    }
}

fn hook(
    nudges: SyncSender<()>,
) -> impl FnMut(&mut Wal, i32) -> rusqlite::Result<()> + Send + 'static {
    let mut seen = 0;
    move |wal, pages| {
        if pages < seen {
            seen = 0;
        }
        if pages >= seen + STEP {
            seen = pages;
            // One nudge that waits is enough.
            let _ = nudges.try_send(());
        }
        if pages >= MAX_PAGES {
            // Where it cannot be done now, the next commit tries it again.
            let _ = wal.checkpoint();
        }
        Ok(())
    }
}

fn run(path: &Path, nudged: &Receiver<()>) {
    let mut connection = None;
    while nudged.recv().is_ok() {
        if let Err(error) = copy(path, &mut connection) {
            // A commit does it sooner or later.
            tracing::debug!(%error, path = %path.display(), "a log could not be copied");
            connection = None;
        }
    }
}

fn copy(path: &Path, connection: &mut Option<Connection>) -> rusqlite::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?),
    };
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}
