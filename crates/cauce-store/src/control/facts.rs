//! Small facts that survive a restart: a name and its JSON. Those that hold a secret are encrypted
//! with the key of the data folder.

use cauce_flow::time::Timestamp;
use data_encoding::BASE64;
use rusqlite::{OptionalExtension, Row, Transaction, params, types::Type};
use serde_json::Value;

use super::{Control, Error};

impl Control {
    /// Keeps a fact under a name, in place of what was there.
    pub async fn put_fact(&self, name: &str, value: &Value, now: Timestamp) -> Result<(), Error> {
        let row = FactRow {
            name: name.to_owned(),
            value: value.to_string(),
            at: now.as_millis(),
            sealed: false,
        };
        self.run(move |tx| row.put(tx)).await
    }

    /// The same of a fact that holds a secret: only [`Control::secret_facts`] tells it again.
    pub async fn put_secret_fact(
        &self,
        name: &str,
        value: &Value,
        now: Timestamp,
    ) -> Result<(), Error> {
        let row = FactRow {
            name: name.to_owned(),
            value: self.sealed_fact(name, &value.to_string())?,
            at: now.as_millis(),
            sealed: true,
        };
        self.run(move |tx| row.put(tx)).await
    }

    /// The fact under a name.
    pub async fn fact(&self, name: &str) -> Result<Option<Value>, Error> {
        let name = name.to_owned();
        self.run(move |tx| {
            tx.prepare_cached("SELECT value FROM facts WHERE name = ?1 AND sealed = 0")?
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
                "SELECT name, value FROM facts
                 WHERE substr(name, 1, length(?1)) = ?1 AND sealed = 0 ORDER BY name",
            )?
            .query_map([prefix], |row| Ok((row.get(0)?, json(row, 1)?)))?
            .collect()
        })
        .await
    }

    /// Every fact whose name begins so and that holds a secret; none in place of one whose key is
    /// gone. What an earlier version has kept in clear is encrypted from here on.
    pub async fn secret_facts(&self, prefix: &str) -> Result<Vec<(String, Option<Value>)>, Error> {
        let prefix = prefix.to_owned();
        let rows = self.run(move |tx| FactRow::all(tx, &prefix)).await?;
        let mut clear = Vec::new();
        let mut found = Vec::new();
        for row in rows {
            let text = match row.sealed {
                true => self.opened_fact(&row.name, &row.value),
                false => Some(row.value.clone()),
            };
            let value = text.and_then(|text| serde_json::from_str(&text).ok());
            found.push((row.name.clone(), value));
            if !row.sealed {
                let value = self.sealed_fact(&row.name, &row.value)?;
                clear.push(FactRow {
                    value,
                    sealed: true,
                    ..row
                });
            }
        }
        if !clear.is_empty() {
            self.run(move |tx| clear.iter().try_for_each(|row| row.put(tx)))
                .await?;
            // The file, and not the journal beside it, is where what was replaced is written over.
            self.checkpoint().await?;
        }
        Ok(found)
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

    fn sealed_fact(&self, name: &str, text: &str) -> Result<String, Error> {
        let sealed = self.seal.seal(&place(name), text.as_bytes());
        let sealed = sealed.map_err(|why| Error::Database(why.to_string().into()))?;
        Ok(BASE64.encode(&sealed))
    }

    fn opened_fact(&self, name: &str, sealed: &str) -> Option<String> {
        let sealed = BASE64.decode(sealed.as_bytes()).ok()?;
        let text = self.seal.open(&place(name), &sealed)?;
        String::from_utf8(text).ok()
    }
}

/// What a sealed fact is bound to, so that it cannot stand in for another one, nor for an answer.
fn place(name: &str) -> Vec<u8> {
    [b"fact ", name.as_bytes()].concat()
}

/// A fact as it stands in its table.
struct FactRow {
    name: String,
    value: String,
    at: i64,
    sealed: bool,
}

impl FactRow {
    fn put(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO facts (name, value, at, sealed) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![self.name, self.value, self.at, self.sealed])
        .map(drop)
    }

    fn all(tx: &Transaction<'_>, prefix: &str) -> rusqlite::Result<Vec<FactRow>> {
        tx.prepare_cached(
            "SELECT name, value, at, sealed FROM facts
             WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
        )?
        .query_map([prefix], |row| {
            Ok(FactRow {
                name: row.get(0)?,
                value: row.get(1)?,
                at: row.get(2)?,
                sealed: row.get(3)?,
            })
        })?
        .collect()
    }
}

fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|why| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(why)))
}
