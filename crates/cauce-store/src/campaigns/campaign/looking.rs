//! Campaigns, looked up, listed, and those that somebody has to look after.

use cauce_flow::{campaign::state::State, id::AccountName, time::Timestamp};
use rusqlite::{Connection, types::Value};

use super::{
    Campaign, SkipCounts,
    row::{self, COLUMNS},
    skips,
};
use crate::{
    campaigns::{Campaigns, Error, numbers},
    jobs::Scope,
};

/// Which campaigns: those to which all of it applies.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose.
    pub scope: Scope,
    /// In this state.
    pub state: Option<State>,
    /// Of this account.
    pub sender: Option<AccountName>,
    /// Before this one, in the order of the list.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// One page of campaigns, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The campaigns.
    pub campaigns: Vec<Campaign>,
    /// Where the next page begins; none at the end.
    pub next: Option<u64>,
}

impl Campaigns {
    /// One campaign, and how many it has left out by now.
    pub async fn campaign(
        &self,
        scope: Scope,
        id: &str,
    ) -> Result<Option<(Campaign, SkipCounts)>, Error> {
        let id = id.to_owned();
        self.database
            .read(move |connection| {
                let Some(campaign) = row::find(connection, &scope, &id)? else {
                    return Ok(None);
                };
                let skipped = skips::counts(connection, campaign.row)?;
                Ok(Some((campaign, skipped)))
            })
            .await
    }

    /// One page of campaigns, newest first.
    pub async fn campaigns(&self, filter: Filter) -> Result<Listed, Error> {
        self.database
            .read(move |connection| Ok(page(connection, &filter)?))
            .await
    }

    /// Campaigns that have started and are not over, oldest start first.
    pub async fn under_way(&self) -> Result<Vec<Campaign>, Error> {
        let which = "state IN ('queued', 'sending', 'paused') ORDER BY started_at, row";
        self.database
            .read(move |connection| Ok(select(connection, which, &[])?))
            .await
    }

    /// Campaigns that are through, and of which nothing has been forgotten yet.
    pub async fn completed_campaigns(&self) -> Result<Vec<Campaign>, Error> {
        let which = "state = 'completed' AND pruned = 0";
        self.database
            .read(move |connection| Ok(select(connection, which, &[])?))
            .await
    }

    /// Campaigns that a rule has paused or has not started and that wait for a person, at most so
    /// many, the newest.
    pub async fn held_campaigns(&self, limit: usize) -> Result<Vec<Campaign>, Error> {
        let which = format!(
            "state IN ('paused', 'scheduled') AND note_code IS NOT NULL
             ORDER BY row DESC LIMIT {limit}"
        );
        self.database
            .read(move |connection| Ok(select(connection, &which, &[])?))
            .await
    }

    /// Campaigns whose time is this or before, and the next time of any other. One that waits for a
    /// person is in neither.
    pub async fn due_campaigns(
        &self,
        now: Timestamp,
    ) -> Result<(Vec<Campaign>, Option<Timestamp>), Error> {
        self.database
            .read(move |connection| {
                let at = now.as_millis();
                let which = "state = 'scheduled' AND note_code IS NULL AND scheduled_at <= ?1 \
                             ORDER BY scheduled_at, row";
                let due = select(connection, which, &[at.into()])?;
                let next: Option<i64> = connection
                    .prepare_cached(
                        "SELECT MIN(scheduled_at) FROM campaigns
                         WHERE state = 'scheduled' AND note_code IS NULL AND scheduled_at > ?1",
                    )?
                    .query_row([at], |row| row.get(0))?;
                Ok((due, next.map(Timestamp::from_millis)))
            })
            .await
    }

    /// How many campaigns of a scope stand in each state.
    pub async fn campaign_counts(&self, scope: Scope) -> Result<Vec<(State, u64)>, Error> {
        self.database
            .read(move |connection| {
                let (which, values) = own(&scope);
                let mut counts = connection.prepare_cached(&format!(
                    "SELECT state, COUNT(*) FROM campaigns WHERE {which} GROUP BY state"
                ))?;
                let mut rows = counts.query(rusqlite::params_from_iter(values))?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    let state: String = row.get(0)?;
                    let count: i64 = row.get(1)?;
                    found.extend(State::named(&state).map(|state| (state, numbers::of(count))));
                }
                Ok(found)
            })
            .await
    }
}

fn own(scope: &Scope) -> (&'static str, Vec<Value>) {
    match scope {
        Scope::All => ("1 = 1", Vec::new()),
        Scope::Tenant(tenant) => ("tenant = ?1", vec![tenant.as_str().to_owned().into()]),
    }
}

fn page(connection: &Connection, filter: &Filter) -> rusqlite::Result<Listed> {
    let (which, mut values) = own(&filter.scope);
    let mut which = which.to_owned();
    if let Some(state) = filter.state {
        values.push(state.as_str().to_owned().into());
        which.push_str(&format!(" AND state = ?{}", values.len()));
    }
    if let Some(sender) = &filter.sender {
        values.push(sender.as_str().to_owned().into());
        which.push_str(&format!(" AND sender = ?{}", values.len()));
    }
    if let Some(before) = filter.before {
        values.push(numbers::to(before).into());
        which.push_str(&format!(" AND row < ?{}", values.len()));
    }
    // One more than is wanted tells whether there is a next page.
    which.push_str(&format!(" ORDER BY row DESC LIMIT {}", filter.limit + 1));
    let mut campaigns = select(connection, &which, &values)?;
    let more = campaigns.len() > filter.limit;
    campaigns.truncate(filter.limit);
    let last = campaigns.last().filter(|_| more);
    Ok(Listed {
        next: last.map(|campaign| campaign.row),
        campaigns,
    })
}

pub(super) fn select(
    connection: &Connection,
    which: &str,
    values: &[Value],
) -> rusqlite::Result<Vec<Campaign>> {
    let mut found =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM campaigns WHERE {which}"))?;
    let rows = found.query_map(rusqlite::params_from_iter(values), row::read)?;
    rows.collect()
}
