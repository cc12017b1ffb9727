//! Changes of the figures of campaigns, gathered while a transaction goes on and written at its end.

use std::collections::BTreeMap;

use rusqlite::{Transaction, params};

use super::{
    figures::{ANSWERED, ATTEMPT_MS, ATTEMPTS, BESIDE, FAILED_ATTEMPTS, UNWANTED},
    row::{Place, Row},
    state::MessageState,
};

/// How a message is counted.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Counted {
    state: MessageState,
    is_answered: bool,
    is_unwanted: bool,
    failure: Option<String>,
}

impl Counted {
    /// The code of its failure.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub(super) fn of(row: &Row) -> Counted {
        Counted {
            state: row.state,
            is_answered: row.answered_at.is_some(),
            is_unwanted: row.is_unwanted(),
            failure: row.failure().map(str::to_owned),
        }
    }
}

/// Changes of figures that one transaction gathers and writes at its end.
pub(super) struct Deltas {
    batch_size: u64,
    /// The campaigns that have any; a transaction is about few.
    owners: Vec<Owner>,
    /// By the place of their campaign among those.
    sums: BTreeMap<(usize, u16, i64), i64>,
    failures: BTreeMap<(usize, String), i64>,
    batches: BTreeMap<(usize, i64), Batch>,
}

/// A campaign whose figures change.
struct Owner {
    tenant: String,
    campaign: String,
    /// Batches have the size that they had when the campaign was first seen; none where nobody has
    /// looked yet.
    size: Option<u64>,
    /// The first and the newest time of sending.
    sent: Option<(i64, i64)>,
}

#[derive(Clone, Copy, Default)]
struct Batch {
    taken: i64,
    queued: i64,
    failed: i64,
}

impl Deltas {
    pub(super) fn new(batch_size: u64) -> Deltas {
        Deltas {
            batch_size: batch_size.max(1),
            owners: Vec::new(),
            sums: BTreeMap::new(),
            failures: BTreeMap::new(),
            batches: BTreeMap::new(),
        }
    }

    /// A message has come.
    pub(super) fn came(&mut self, tx: &Transaction<'_>, row: &Row) -> rusqlite::Result<()> {
        let Some(place) = &row.place else {
            return Ok(());
        };
        self.batch(tx, place)?.taken += 1;
        self.count(tx, place, Counted::of(row), 1)
    }

    /// A message has come under the name of a campaign that is not to its audience.
    pub(super) fn came_beside(&mut self, tenant: &str, campaign: &str) {
        let owner = self.owner(tenant, campaign);
        *self.sums.entry((owner, 0, BESIDE)).or_default() += 1;
    }

    /// A message is counted otherwise than before.
    pub(super) fn moved(
        &mut self,
        tx: &Transaction<'_>,
        row: &Row,
        before: Counted,
    ) -> rusqlite::Result<()> {
        let after = Counted::of(row);
        let Some(place) = row.place.as_ref().filter(|_| before != after) else {
            return Ok(());
        };
        self.count(tx, place, before, -1)?;
        self.count(tx, place, after, 1)
    }

    /// A request was made for a message, and took so long.
    pub(super) fn tried(&mut self, row: &Row, took_ms: i64, failed: bool) {
        let Some(place) = &row.place else { return };
        for (measure, more) in [
            (ATTEMPTS, 1),
            (ATTEMPT_MS, took_ms),
            (FAILED_ATTEMPTS, i64::from(failed)),
        ] {
            *self.sum(place, measure) += more;
        }
    }

    /// A message was sent.
    pub(super) fn sent(&mut self, row: &Row, at: i64) {
        let Some(place) = &row.place else { return };
        let owner = self.owner(&place.tenant, &place.campaign);
        let (first, last) = self.owners[owner].sent.unwrap_or((at, at));
        self.owners[owner].sent = Some((at.min(first), at.max(last)));
    }

    fn count(
        &mut self,
        tx: &Transaction<'_>,
        place: &Place,
        counted: Counted,
        by: i64,
    ) -> rusqlite::Result<()> {
        *self.sum(place, counted.state.code()) += by;
        if counted.is_answered {
            *self.sum(place, ANSWERED) += by;
        }
        if counted.is_unwanted {
            *self.sum(place, UNWANTED) += by;
        }
        if let Some(code) = counted.failure {
            let key = (self.owner(&place.tenant, &place.campaign), code);
            *self.failures.entry(key).or_default() += by;
        }
        let batch = self.batch(tx, place)?;
        match counted.state {
            MessageState::Queued => batch.queued += by,
            MessageState::Failed => batch.failed += by,
            _ => {}
        }
        Ok(())
    }

    fn sum(&mut self, place: &Place, measure: i64) -> &mut i64 {
        let owner = self.owner(&place.tenant, &place.campaign);
        let key = (owner, place.variant, measure);
        self.sums.entry(key).or_default()
    }

    fn batch(&mut self, tx: &Transaction<'_>, place: &Place) -> rusqlite::Result<&mut Batch> {
        let owner = self.owner(&place.tenant, &place.campaign);
        let size = self.owners[owner].size(tx, self.batch_size)?;
        let number = (place.number / size).cast_signed();
        Ok(self.batches.entry((owner, number)).or_default())
    }

    /// The place of a campaign among those that have changes.
    fn owner(&mut self, tenant: &str, campaign: &str) -> usize {
        let is_it = |own: &Owner| own.campaign == campaign && own.tenant == tenant;
        let found = self.owners.iter().rposition(is_it);
        found.unwrap_or_else(|| {
            self.owners.push(Owner {
                tenant: tenant.to_owned(),
                campaign: campaign.to_owned(),
                size: None,
                sent: None,
            });
            self.owners.len() - 1
        })
    }

    /// Writes what was gathered.
    pub(super) fn write(self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let of = |owner: usize| [&self.owners[owner].tenant, &self.owners[owner].campaign];
        let changed = self.sums.into_iter().filter(|(_, by)| *by != 0);
        for ((owner, variant, measure), by) in changed {
            let [tenant, campaign] = of(owner);
            tx.prepare_cached(
                "INSERT INTO figures VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET sum = sum + excluded.sum",
            )?
            .execute(params![tenant, campaign, variant, measure, by])?;
        }
        for ((owner, code), by) in self.failures {
            let [tenant, campaign] = of(owner);
            tx.prepare_cached(
                "INSERT INTO failures VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![tenant, campaign, code, by])?;
        }
        for ((owner, number), batch) in self.batches {
            let [tenant, campaign] = of(owner);
            tx.prepare_cached(
                "INSERT INTO batches VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET taken = taken + excluded.taken,
                     queued = queued + excluded.queued, failed = failed + excluded.failed",
            )?
            .execute(params![
                tenant,
                campaign,
                number,
                batch.taken,
                batch.queued,
                batch.failed
            ])?;
        }
        self.owners.iter().try_for_each(|owner| owner.write(tx))
    }
}

impl Owner {
    fn size(&mut self, tx: &Transaction<'_>, new: u64) -> rusqlite::Result<u64> {
        if let Some(size) = self.size {
            return Ok(size);
        }
        tx.prepare_cached("INSERT OR IGNORE INTO campaigns VALUES (?1, ?2, ?3, NULL, NULL)")?
            .execute(params![self.tenant, self.campaign, new.cast_signed()])?;
        let size: i64 = tx
            .prepare_cached("SELECT batch_size FROM campaigns WHERE tenant = ?1 AND campaign = ?2")?
            .query_row([&self.tenant, &self.campaign], |row| row.get(0))?;
        Ok(*self.size.insert(size.cast_unsigned().max(1)))
    }

    fn write(&self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let Some((first, last)) = self.sent else {
            return Ok(());
        };
        tx.prepare_cached(
            "UPDATE campaigns SET first_sent_at = min(coalesce(first_sent_at, ?3), ?3),
                 last_sent_at = max(coalesce(last_sent_at, ?4), ?4)
             WHERE tenant = ?1 AND campaign = ?2",
        )?
        .execute(params![self.tenant, self.campaign, first, last])
        .map(drop)
    }
}
