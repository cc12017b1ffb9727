use std::time::{Duration, Instant};

use super::*;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Failure(#[from] Failure),
}

const STEPS: &[&str] = &["CREATE TABLE pieces (number INTEGER PRIMARY KEY, piece BLOB) STRICT;"];
/// Bytes of a piece, and how many are written: more than the log takes before it is copied.
const PIECE: i64 = 1 << 20;
const PIECES: u64 = 24;

fn open(path: &Path) -> Database {
    let opened = Database::open(path, STEPS, |_| Ok::<(), Error>(()));
    opened.unwrap().0
}

async fn write(database: &Database) {
    let work = |tx: &Transaction<'_>| -> Result<(), Error> {
        tx.execute("INSERT INTO pieces (piece) VALUES (zeroblob(?1))", [PIECE])?;
        Ok(())
    };
    database.write(work).await.unwrap();
}

async fn count(database: &Database) -> u64 {
    let work = |connection: &Connection| -> Result<i64, Error> {
        let count = connection.query_row("SELECT count(*) FROM pieces", [], |row| row.get(0));
        Ok(count?)
    };
    database.read(work).await.unwrap().unsigned_abs()
}

#[tokio::test]
async fn what_is_committed_is_copied_out_of_the_log_beside_the_commits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file.db");
    let database = open(&path);
    for _ in 0..PIECES {
        write(&database).await;
    }
    let begun = Instant::now();
    while std::fs::metadata(&path).unwrap().len() < PIECE.unsigned_abs() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing is copied"
        );
        std::thread::yield_now();
    }
    assert_eq!(count(&database).await, PIECES);
    // It goes on, with the file as it is and with one that is opened again.
    write(&database).await;
    database.close().await;
    let database = open(&path);
    assert_eq!(count(&database).await, PIECES + 1);
    database.close().await;
}
