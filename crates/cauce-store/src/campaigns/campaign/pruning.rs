//! What has outlived its time: who was left out, a while after the end; the campaign itself, with its
//! last figures, when reports go no further back.

use std::time::Duration;

use cauce_flow::time::Timestamp;
use rusqlite::{Connection, Transaction};

use super::{Campaign, looking::select};
use crate::campaigns::{Campaigns, Error, lists, numbers};

/// The lists of those who were left out are kept for so long after the end, as the results of
/// messages are.
const LISTS_KEPT: Duration = Duration::from_secs(7 * DAY);
/// Campaigns are kept for so long after their end, as rollups are: 25 months.
const KEPT: Duration = Duration::from_secs(760 * DAY);

const DAY: u64 = 24 * 60 * 60;
/// Campaigns of one transaction.
const MAX_AT_ONCE: usize = 100;

impl Campaigns {
    /// Campaigns of which [`Campaigns::prune_campaigns`] will forget who was left out.
    pub async fn outlived_campaigns(&self, now: Timestamp) -> Result<Vec<Campaign>, Error> {
        self.database
            .read(move |connection| Ok(outlived(connection, now)?))
            .await
    }

    /// Forgets what has outlived its time. Answers how many campaigns were touched; where it is as
    /// many as fit into one transaction there may be more.
    pub async fn prune_campaigns(&self, now: Timestamp) -> Result<u64, Error> {
        self.database.write(move |tx| Ok(prune(tx, now)?)).await
    }
}

fn outlived(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Campaign>> {
    let old = (now - LISTS_KEPT).as_millis();
    let which = format!("ended_at <= ?1 AND pruned = 0 ORDER BY row LIMIT {MAX_AT_ONCE}");
    select(connection, &which, &[old.into()])
}

fn prune(tx: &Transaction<'_>, now: Timestamp) -> rusqlite::Result<u64> {
    let ended = outlived(tx, now)?;
    for campaign in &ended {
        let row = numbers::to(campaign.row);
        tx.execute("DELETE FROM skipped WHERE campaign = ?1", [row])?;
        if let Some(list) = campaign.list {
            lists::forget(tx, list)?;
        }
        tx.execute(
            "UPDATE campaigns SET list = NULL, pruned = 1 WHERE row = ?1",
            [row],
        )?;
    }
    let oldest = (now - KEPT).as_millis();
    tx.execute(
        "DELETE FROM skip_counts WHERE campaign IN
            (SELECT row FROM campaigns WHERE ended_at <= ?1)",
        [oldest],
    )?;
    let gone = tx.execute("DELETE FROM campaigns WHERE ended_at <= ?1", [oldest])?;
    Ok(ended.len() as u64 + gone as u64)
}
