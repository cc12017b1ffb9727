//! How far something has come that goes by the figures.

use rusqlite::{Connection, params};

use super::{Analytics, Error, facts::find};

impl Analytics {
    /// The number that was kept under a name.
    pub async fn mark(&self, name: &str) -> Result<Option<i64>, Error> {
        let name = fact(name);
        let read = move |connection: &Connection| Ok::<_, Error>(find(connection, &name)?);
        self.database.read(read).await
    }

    /// Keeps a number under a name; it is on disk when this answers.
    pub async fn keep_mark(&self, name: &str, value: i64) -> Result<(), Error> {
        let name = fact(name);
        self.database
            .write(move |tx| {
                tx.prepare_cached(
                    "INSERT INTO facts VALUES (?1, ?2)
                     ON CONFLICT DO UPDATE SET value = excluded.value",
                )?
                .execute(params![name, value])?;
                Ok::<_, Error>(())
            })
            .await
    }
}

/// Facts of others have names of their own.
fn fact(name: &str) -> String {
    format!("mark {name}")
}
