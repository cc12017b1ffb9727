//! Which contacts have which tags.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction};

/// Stands between two tags of a stored list; no tag holds it.
const BETWEEN: char = '\n';

/// Tags as they are stored with their contact.
pub(super) fn to_text(tags: &[String]) -> String {
    tags.join("\n")
}

/// The tags that are stored with a contact.
pub(super) fn of_text(text: &str) -> Vec<String> {
    let tags = text.split(BETWEEN).filter(|tag| !tag.is_empty());
    tags.map(str::to_owned).collect()
}

/// The number of a tag; none where no contact ever had it.
pub(super) fn find(
    connection: &Connection,
    tenant: i64,
    name: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT tag FROM tags WHERE tenant = ?1 AND name = ?2")?
        .query_row((tenant, name), |row| row.get(0))
        .optional()
}

/// Changes of tags in one transaction. Counts are written once, at its end.
#[derive(Default)]
pub(super) struct Tagging {
    numbers: HashMap<String, i64>,
    more: HashMap<i64, i64>,
}

impl Tagging {
    /// Notes that a contact has these tags in place of those.
    pub(super) fn change(
        &mut self,
        tx: &Transaction<'_>,
        (tenant, contact): (i64, i64),
        before: &[String],
        after: &[String],
    ) -> rusqlite::Result<()> {
        for gone in before.iter().filter(|tag| !after.contains(tag)) {
            let tag = self.number(tx, tenant, gone)?;
            tx.prepare_cached("DELETE FROM tagged WHERE tag = ?1 AND contact = ?2")?
                .execute([tag, contact])?;
            *self.more.entry(tag).or_default() -= 1;
        }
        for new in after.iter().filter(|tag| !before.contains(tag)) {
            let tag = self.number(tx, tenant, new)?;
            tx.prepare_cached("INSERT INTO tagged (tag, contact) VALUES (?1, ?2)")?
                .execute([tag, contact])?;
            *self.more.entry(tag).or_default() += 1;
        }
        Ok(())
    }

    fn number(&mut self, tx: &Transaction<'_>, tenant: i64, name: &str) -> rusqlite::Result<i64> {
        if let Some(known) = self.numbers.get(name) {
            return Ok(*known);
        }
        let number = match find(tx, tenant, name)? {
            Some(known) => known,
            None => {
                tx.prepare_cached("INSERT INTO tags (tenant, name) VALUES (?1, ?2)")?
                    .execute((tenant, name))?;
                tx.last_insert_rowid()
            }
        };
        self.numbers.insert(name.to_owned(), number);
        Ok(number)
    }

    /// Writes the counts.
    pub(super) fn finish(self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut count =
            tx.prepare_cached("UPDATE tags SET contacts = contacts + ?2 WHERE tag = ?1")?;
        for (tag, more) in self.more.into_iter().filter(|(_, more)| *more != 0) {
            count.execute([tag, more])?;
        }
        Ok(())
    }
}
