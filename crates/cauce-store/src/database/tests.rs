use std::{
    pin::pin,
    sync::mpsc::channel,
    time::{Duration, Instant},
};

use super::*;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

const STEPS: &[&str] = &[
    "CREATE TABLE taken (piece INTEGER NOT NULL) STRICT",
    "CREATE TABLE large (piece BLOB NOT NULL) STRICT",
];
/// Bytes of a large piece, and how many are written: more than the log takes before it is copied.
const LARGE: i64 = 1 << 20;
const LARGE_PIECES: u64 = 24;

fn database(dir: &tempfile::TempDir) -> Database {
    open(&dir.path().join("some.db"))
}

fn open(path: &Path) -> Database {
    let opened = Database::open(path, STEPS, |_| Ok::<(), Error>(()));
    opened.unwrap().0
}

/// Writes pieces, and answers each with itself; a piece below zero fails.
fn take(tx: &Transaction<'_>, pieces: &[i64]) -> Result<Vec<i64>, Error> {
    for piece in pieces {
        tx.execute("INSERT INTO taken VALUES (?1)", [piece])?;
        if *piece < 0 {
            return Err(rusqlite::Error::InvalidQuery.into());
        }
    }
    Ok(pieces.to_vec())
}

async fn taken(database: &Database) -> Vec<i64> {
    let read = |connection: &Connection| {
        let mut rows = connection.prepare("SELECT piece FROM taken ORDER BY piece")?;
        let rows = rows.query_map([], |row| row.get(0))?;
        Ok::<_, Error>(rows.collect::<rusqlite::Result<_>>()?)
    };
    database.read(read).await.unwrap()
}

#[tokio::test]
async fn what_is_refused_is_never_written() {
    let dir = tempfile::TempDir::new().unwrap();
    let database = database(&dir);
    let (go, wait) = channel::<()>();
    let held = database.write(move |_| {
        let _ = wait.recv();
        Ok::<_, Error>(())
    });
    let mut held = pin!(held);
    assert!(is_pending(held.as_mut()));
    // The channel fills up behind what is held.
    let mut behind = Vec::new();
    let refused = loop {
        let mut write = Box::pin(database.write(|_| Ok::<_, Error>(())));
        match is_pending(write.as_mut()) {
            true => behind.push(write),
            false => break write,
        }
    };
    drop(refused);
    let shared = Shared::default();
    let refused = shared.write(&database, 1, take).await;
    assert!(
        matches!(refused, Err(Error::Failure(Failure::Busy))),
        "{refused:?}"
    );
    go.send(()).unwrap();
    for write in behind {
        write.await.unwrap();
    }
    assert_eq!(shared.write(&database, 2, take).await.unwrap(), 2);
    assert_eq!(taken(&database).await, [2]);
}

/// Whether a future waits, once it was looked at.
fn is_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    future.poll(&mut context).is_pending()
}

#[tokio::test]
async fn pieces_that_share_a_commit_are_answered_each_or_fail_together() {
    let dir = tempfile::TempDir::new().unwrap();
    let database = database(&dir);
    let shared = Shared::default();
    let (one, two, three) = tokio::join!(
        shared.write(&database, 1, take),
        shared.write(&database, 2, take),
        shared.write(&database, 3, take),
    );
    assert_eq!([one.unwrap(), two.unwrap(), three.unwrap()], [1, 2, 3]);
    let (good, bad) = tokio::join!(
        shared.write(&database, 4, take),
        shared.write(&database, -1, take),
    );
    assert!(good.is_ok() || bad.is_err());
    let all = taken(&database).await;
    assert_eq!(all.contains(&4), good.is_ok(), "{all:?}");
    assert!(bad.is_err() && !all.contains(&-1), "{all:?}");
}

#[tokio::test]
async fn a_panic_harms_only_the_work_that_panics() {
    let dir = tempfile::TempDir::new().unwrap();
    let database = database(&dir);
    let failed = database.write(|tx| -> Result<(), Error> {
        tx.execute("INSERT INTO taken VALUES (1)", [])?;
        panic!("as a bug would");
    });
    assert!(failed.await.is_err());
    let good = database.write(|tx| Ok::<_, Error>(tx.execute("INSERT INTO taken VALUES (2)", [])?));
    assert_eq!(good.await.unwrap(), 1);
    assert_eq!(taken(&database).await, [2]);
}

/// Whether a transaction waits for the disk: what SQLite calls 2 does, 1 does not.
fn haste(tx: &Transaction<'_>) -> Result<i64, Error> {
    Ok(tx.pragma_query_value(None, "synchronous", |row| row.get(0))?)
}

#[tokio::test]
async fn only_what_may_come_later_does_not_wait_for_the_disk() {
    let dir = tempfile::TempDir::new().unwrap();
    let database = database(&dir);
    assert_eq!(database.write(haste).await.unwrap(), 2);
    assert_eq!(database.write_soon(haste).await.unwrap(), 1);
    assert_eq!(database.write(haste).await.unwrap(), 2);
    let failed = database.write_soon(|tx| take(tx, &[-1])).await;
    failed.unwrap_err();
    assert_eq!(database.write(haste).await.unwrap(), 2);
    let panicked = database.write_soon(|_| -> Result<(), Error> { panic!("on purpose") });
    panicked.await.unwrap_err();
    assert_eq!(database.write(haste).await.unwrap(), 2);
}

async fn write_large(database: &Database) {
    let work = |tx: &Transaction<'_>| -> Result<(), Error> {
        tx.execute("INSERT INTO large (piece) VALUES (zeroblob(?1))", [LARGE])?;
        Ok(())
    };
    database.write(work).await.unwrap();
}

async fn count_large(database: &Database) -> u64 {
    let work = |connection: &Connection| -> Result<i64, Error> {
        let count = connection.query_row("SELECT count(*) FROM large", [], |row| row.get(0));
        Ok(count?)
    };
    database.read(work).await.unwrap().unsigned_abs()
}

#[tokio::test]
async fn what_is_committed_is_copied_out_of_the_log_beside_the_commits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.db");
    let database = open(&path);
    for _ in 0..LARGE_PIECES {
        write_large(&database).await;
    }
    let begun = Instant::now();
    while std::fs::metadata(&path).unwrap().len() < LARGE.unsigned_abs() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing is copied"
        );
        std::thread::yield_now();
    }
    assert_eq!(count_large(&database).await, LARGE_PIECES);
    // It goes on, with the file as it is and with one that is opened again.
    write_large(&database).await;
    database.close().await;
    let database = open(&path);
    assert_eq!(count_large(&database).await, LARGE_PIECES + 1);
    database.close().await;
}
