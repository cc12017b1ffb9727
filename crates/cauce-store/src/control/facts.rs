//! Small facts that survive a restart: a name and its JSON.

use cauce_flow::time::Timestamp;
use rusqlite::{OptionalExtension, Row, params, types::Type};
use serde_json::Value;

use super::{Control, Error};

impl Control {
    /// Keeps a fact under a name, in place of what was there.
    pub async fn put_fact(&self, name: &str, value: &Value, now: Timestamp) -> Result<(), Error> {
        let (name, value) = (name.to_owned(), value.to_string());
        self.run(move |tx| {
            tx.prepare_cached("INSERT OR REPLACE INTO facts (name, value, at) VALUES (?1, ?2, ?3)")?
                .execute(params![name, value, now.as_millis()])
                .map(drop)
        })
        .await
    }

    /// The fact under a name.
    pub async fn fact(&self, name: &str) -> Result<Option<Value>, Error> {
        let name = name.to_owned();
        self.run(move |tx| {
            tx.prepare_cached("SELECT value FROM facts WHERE name = ?1")?
                .query_row([name], |row| json(row, 0))
                .optional()
        })
        .await
    }

    /// Every fact whose name begins so, in the order of names.
    pub async fn facts(&self, prefix: &str) -> Result<Vec<(String, Value)>, Error> {
        let prefix = prefix.to_owned();
        self.run(move |tx| {
            tx.prepare_cached(
                "SELECT name, value FROM facts WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
            )?
            .query_map([prefix], |row| Ok((row.get(0)?, json(row, 1)?)))?
            .collect()
        })
        .await
    }

    /// Forgets a fact.
    pub async fn drop_fact(&self, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        self.run(move |tx| {
            tx.execute("DELETE FROM facts WHERE name = ?1", [name])
                .map(drop)
        })
        .await
    }
}

fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|why| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(why)))
}
