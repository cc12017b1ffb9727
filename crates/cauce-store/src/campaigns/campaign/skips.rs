//! Who was left out of a campaign, and why.
//!
//! A row is written before the jobs of the same piece of the audience are, so that after a crash in
//! between the piece is walked again: what was written of it is taken back first.

use std::collections::BTreeMap;

use cauce_flow::campaign::skip::Skip;
use rusqlite::{Connection, Transaction, params};

use super::{SkipCounts, row::find};
use crate::{
    campaigns::{Campaigns, Error, numbers},
    jobs::Scope,
};

/// Somebody who was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The row of the contact. Below 0: the place among the contacts that were named, from -1 down.
    pub contact: i64,
    /// The contact's id, where there is one.
    pub id: Option<String>,
    /// Why.
    pub why: Skip,
    /// What was missing, by name; of those below 0, the place in the campaign's body where they were
    /// named.
    pub detail: Option<String>,
}

impl Campaigns {
    /// Notes who is left out of the piece of an audience beyond the row `after`. What was noted of
    /// rows beyond it before is taken back.
    pub async fn skip(
        &self,
        campaign: u64,
        after: u64,
        skipped: Vec<Skipped>,
    ) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                take_back(tx, campaign, after)?;
                Ok(add(tx, campaign, &skipped)?)
            })
            .await
    }

    /// How many a campaign has left out by now.
    pub async fn skip_counts(&self, campaign: u64) -> Result<SkipCounts, Error> {
        self.database
            .read(move |connection| Ok(counts(connection, campaign)?))
            .await
    }

    /// Who was left out, beyond this one, in the order of contacts; those that were named and have no
    /// contact come first.
    pub async fn skipped(
        &self,
        scope: Scope,
        id: &str,
        after: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Skipped>, Error> {
        let id = id.to_owned();
        self.database
            .read(move |connection| {
                let Some(campaign) = find(connection, &scope, &id)? else {
                    return Ok(Vec::new());
                };
                let mut rows = connection.prepare_cached(
                    "SELECT contact, id, why, detail FROM skipped
                     WHERE campaign = ?1 AND contact > ?2 ORDER BY contact LIMIT ?3",
                )?;
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                let after = after.unwrap_or(i64::MIN);
                let mut rows = rows.query(params![numbers::to(campaign.row), after, limit])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    let why: String = row.get(2)?;
                    let Some(why) = Skip::named(&why) else {
                        continue;
                    };
                    found.push(Skipped {
                        contact: row.get(0)?,
                        id: row.get(1)?,
                        why,
                        detail: row.get(3)?,
                    });
                }
                Ok(found)
            })
            .await
    }
}

/// Notes some, and counts them.
pub(super) fn add(
    tx: &Transaction<'_>,
    campaign: u64,
    skipped: &[Skipped],
) -> rusqlite::Result<()> {
    let mut more = BTreeMap::<Skip, i64>::new();
    let mut insert = tx.prepare_cached(
        "INSERT INTO skipped (campaign, contact, id, why, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for one in skipped {
        insert.execute(params![
            numbers::to(campaign),
            one.contact,
            one.id,
            one.why.as_str(),
            one.detail
        ])?;
        *more.entry(one.why).or_default() += 1;
    }
    count(tx, campaign, more)
}

fn take_back(tx: &Transaction<'_>, campaign: u64, after: u64) -> rusqlite::Result<()> {
    let beyond = [numbers::to(campaign), numbers::to(after)];
    let mut fewer = BTreeMap::<Skip, i64>::new();
    let mut found =
        tx.prepare_cached("SELECT why FROM skipped WHERE campaign = ?1 AND contact > ?2")?;
    let mut rows = found.query(beyond)?;
    while let Some(row) = rows.next()? {
        let why: String = row.get(0)?;
        if let Some(why) = Skip::named(&why) {
            *fewer.entry(why).or_default() -= 1;
        }
    }
    if fewer.is_empty() {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM skipped WHERE campaign = ?1 AND contact > ?2")?
        .execute(beyond)?;
    count(tx, campaign, fewer)
}

fn count(tx: &Transaction<'_>, campaign: u64, more: BTreeMap<Skip, i64>) -> rusqlite::Result<()> {
    let mut count = tx.prepare_cached(
        "INSERT INTO skip_counts (campaign, why, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    for (why, more) in more {
        count.execute(params![numbers::to(campaign), why.as_str(), more])?;
    }
    Ok(())
}

/// How many were left out, by reason.
pub(super) fn counts(connection: &Connection, campaign: u64) -> rusqlite::Result<SkipCounts> {
    let mut counts = connection
        .prepare_cached("SELECT why, count FROM skip_counts WHERE campaign = ?1 AND count > 0")?;
    let mut rows = counts.query([numbers::to(campaign)])?;
    let mut found = SkipCounts::new();
    while let Some(row) = rows.next()? {
        let (why, count): (String, i64) = (row.get(0)?, row.get(1)?);
        if let Some(why) = Skip::named(&why) {
            found.insert(why, numbers::of(count));
        }
    }
    Ok(found)
}

/// Forgets all of a campaign.
pub(super) fn forget(tx: &Transaction<'_>, campaign: u64) -> rusqlite::Result<()> {
    for table in ["skipped", "skip_counts"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE campaign = ?1"),
            [numbers::to(campaign)],
        )?;
    }
    Ok(())
}
