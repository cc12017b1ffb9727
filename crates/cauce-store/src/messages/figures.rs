//! The figures of a campaign, kept in the same transactions as the messages they count, so that a
//! status costs the same at a thousand recipients and at a million.

use std::collections::BTreeMap;

use cauce_flow::id::{GroupName, TenantId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    row::{Place, Row},
    state::MessageState,
};

/// Measures beside the states, which have the numbers from 0.
const ANSWERED: i64 = 100;
const ATTEMPTS: i64 = 101;
const ATTEMPT_MS: i64 = 102;
const FAILED_ATTEMPTS: i64 = 103;

/// What a campaign has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignFigures {
    /// By the place of the variant in its campaign; one without variants has the one at 0.
    pub variants: BTreeMap<u16, VariantFigures>,
    /// Its batches, as far as its messages are taken.
    pub batches: BatchFigures,
    /// Its messages that have failed, by the code of the reason.
    pub failures: BTreeMap<String, u64>,
    /// When the first of its messages was sent, in epoch milliseconds.
    pub first_sent_at: Option<i64>,
    /// When the newest of its messages was sent.
    pub last_sent_at: Option<i64>,
}

/// What the messages of one variant have come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantFigures {
    /// Messages by state.
    pub states: BTreeMap<MessageState, u64>,
    /// Of them, those that were answered.
    pub answered: u64,
    /// Requests that were made.
    pub attempts: u64,
    /// Of them, those that failed.
    pub failed_attempts: u64,
    /// Milliseconds that they took, together.
    pub attempt_ms: u64,
}

/// The batches of a campaign. They add up to `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchFigures {
    /// All whose first message is taken.
    pub total: u64,
    /// None of whose messages has ended.
    pub waiting: u64,
    /// Some of whose messages have ended.
    pub active: u64,
    /// All of whose messages have ended.
    pub completed: u64,
    /// All of whose messages have failed.
    pub failed: u64,
}

impl VariantFigures {
    /// Messages in a state.
    pub fn state(&self, state: MessageState) -> u64 {
        self.states.get(&state).copied().unwrap_or(0)
    }

    /// Messages that were taken.
    pub fn taken(&self) -> u64 {
        self.states.values().sum()
    }

    /// Adds those of another variant.
    pub fn merge(&mut self, other: &VariantFigures) {
        for (state, count) in &other.states {
            *self.states.entry(*state).or_default() += count;
        }
        self.answered += other.answered;
        self.attempts += other.attempts;
        self.failed_attempts += other.failed_attempts;
        self.attempt_ms += other.attempt_ms;
    }
}

impl CampaignFigures {
    /// All variants together.
    pub fn all(&self) -> VariantFigures {
        let mut sum = VariantFigures::default();
        self.variants.values().for_each(|own| sum.merge(own));
        sum
    }
}

/// How a message is counted.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Counted {
    state: MessageState,
    is_answered: bool,
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
            failure: row.failure().map(str::to_owned),
        }
    }
}

/// Changes of figures that one transaction gathers and writes at its end.
pub(super) struct Deltas {
    batch_size: u64,
    sums: BTreeMap<(String, String, u16, i64), i64>,
    failures: BTreeMap<(String, String, String), i64>,
    batches: BTreeMap<(String, String, i64), Batch>,
    /// The first and the newest time of sending.
    sent: BTreeMap<(String, String), (i64, i64)>,
    /// Batches have the size that they had when the campaign was first seen.
    sizes: BTreeMap<(String, String), u64>,
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
            sums: BTreeMap::new(),
            failures: BTreeMap::new(),
            batches: BTreeMap::new(),
            sent: BTreeMap::new(),
            sizes: BTreeMap::new(),
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
        let key = (place.tenant.clone(), place.campaign.clone());
        let (first, last) = self.sent.entry(key).or_insert((at, at));
        *first = at.min(*first);
        *last = at.max(*last);
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
        if let Some(code) = counted.failure {
            let key = (place.tenant.clone(), place.campaign.clone(), code);
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
        let key = (
            place.tenant.clone(),
            place.campaign.clone(),
            place.variant,
            measure,
        );
        self.sums.entry(key).or_default()
    }

    fn batch(&mut self, tx: &Transaction<'_>, place: &Place) -> rusqlite::Result<&mut Batch> {
        let size = self.size(tx, place)?;
        let number = (place.number / size).cast_signed();
        let key = (place.tenant.clone(), place.campaign.clone(), number);
        Ok(self.batches.entry(key).or_default())
    }

    fn size(&mut self, tx: &Transaction<'_>, place: &Place) -> rusqlite::Result<u64> {
        let key = (place.tenant.clone(), place.campaign.clone());
        if let Some(size) = self.sizes.get(&key) {
            return Ok(*size);
        }
        tx.prepare_cached("INSERT OR IGNORE INTO campaigns VALUES (?1, ?2, ?3, NULL, NULL)")?
            .execute(params![key.0, key.1, self.batch_size.cast_signed()])?;
        let size: i64 = tx
            .prepare_cached("SELECT batch_size FROM campaigns WHERE tenant = ?1 AND campaign = ?2")?
            .query_row([&key.0, &key.1], |row| row.get(0))?;
        let size = size.cast_unsigned().max(1);
        self.sizes.insert(key, size);
        Ok(size)
    }

    /// Writes what was gathered.
    pub(super) fn write(self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let changed = self.sums.into_iter().filter(|(_, by)| *by != 0);
        for ((tenant, campaign, variant, measure), by) in changed {
            tx.prepare_cached(
                "INSERT INTO figures VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET sum = sum + excluded.sum",
            )?
            .execute(params![tenant, campaign, variant, measure, by])?;
        }
        for ((tenant, campaign, code), by) in self.failures {
            tx.prepare_cached(
                "INSERT INTO failures VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count",
            )?
            .execute(params![tenant, campaign, code, by])?;
        }
        for ((tenant, campaign, number), batch) in self.batches {
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
        for ((tenant, campaign), (first, last)) in self.sent {
            tx.prepare_cached(
                "UPDATE campaigns SET first_sent_at = min(coalesce(first_sent_at, ?3), ?3),
                     last_sent_at = max(coalesce(last_sent_at, ?4), ?4)
                 WHERE tenant = ?1 AND campaign = ?2",
            )?
            .execute(params![tenant, campaign, first, last])?;
        }
        Ok(())
    }
}

/// The figures of a campaign, as they are written.
pub(super) fn read(
    connection: &Connection,
    tenant: &TenantId,
    campaign: &GroupName,
) -> rusqlite::Result<CampaignFigures> {
    let own = [tenant.as_str(), campaign.as_str()];
    let mut figures = CampaignFigures::default();
    let mut sums = connection.prepare_cached(
        "SELECT variant, measure, sum FROM figures WHERE tenant = ?1 AND campaign = ?2",
    )?;
    let rows = sums.query_map(own, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for row in rows {
        let (variant, measure, sum): (u16, i64, i64) = row?;
        add(figures.variants.entry(variant).or_default(), measure, sum);
    }
    let mut failures = connection.prepare_cached(
        "SELECT code, count FROM failures WHERE tenant = ?1 AND campaign = ?2 AND count > 0",
    )?;
    let failed = failures.query_map(own, |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    for row in failed {
        let (code, count): (String, i64) = row?;
        figures.failures.insert(code, count.cast_unsigned());
    }
    figures.batches = batches(connection, "tenant = ?1 AND campaign = ?2", own)?;
    let times = connection
        .prepare_cached(
            "SELECT first_sent_at, last_sent_at FROM campaigns WHERE tenant = ?1 AND campaign = ?2",
        )?
        .query_row(own, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    (figures.first_sent_at, figures.last_sent_at) = times.unwrap_or_default();
    Ok(figures)
}

/// The figures of all campaigns of a tenant, or of everybody.
pub(super) fn read_all(
    connection: &Connection,
    tenant: Option<&str>,
) -> rusqlite::Result<(VariantFigures, BatchFigures)> {
    let mut figures = VariantFigures::default();
    let mut sums = connection.prepare_cached(
        "SELECT measure, sum(sum) FROM figures WHERE ?1 IS NULL OR tenant = ?1 GROUP BY measure",
    )?;
    let rows = sums.query_map([tenant], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for row in rows {
        let (measure, sum): (i64, i64) = row?;
        add(&mut figures, measure, sum);
    }
    let which = "?1 IS NULL OR tenant = ?1";
    Ok((figures, batches(connection, which, [tenant])?))
}

fn add(figures: &mut VariantFigures, measure: i64, sum: i64) {
    let sum = u64::try_from(sum).unwrap_or(0);
    match (measure, MessageState::of_code(measure)) {
        (_, Some(_)) if sum == 0 => {}
        (_, Some(state)) => drop(figures.states.insert(state, sum)),
        (ANSWERED, None) => figures.answered = sum,
        (ATTEMPTS, None) => figures.attempts = sum,
        (ATTEMPT_MS, None) => figures.attempt_ms = sum,
        (FAILED_ATTEMPTS, None) => figures.failed_attempts = sum,
        // Of a newer version.
        (_, None) => {}
    }
}

fn batches(
    connection: &Connection,
    which: &str,
    own: impl rusqlite::Params,
) -> rusqlite::Result<BatchFigures> {
    connection
        .prepare_cached(&format!(
            "SELECT count(*), sum(queued = taken), sum(queued > 0 AND queued < taken),
                 sum(queued = 0 AND failed < taken), sum(queued = 0 AND failed = taken)
             FROM batches WHERE {which}",
        ))?
        .query_row(own, |row| {
            let figure = |at: usize| -> rusqlite::Result<u64> {
                let sum: Option<i64> = row.get(at)?;
                Ok(sum.unwrap_or(0).cast_unsigned())
            };
            Ok(BatchFigures {
                total: figure(0)?,
                waiting: figure(1)?,
                active: figure(2)?,
                completed: figure(3)?,
                failed: figure(4)?,
            })
        })
}

/// Forgets the figures of a campaign.
pub(super) fn forget(tx: &Transaction<'_>, tenant: &str, campaign: &str) -> rusqlite::Result<()> {
    for table in ["figures", "failures", "batches", "campaigns"] {
        tx.execute(
            &format!("DELETE FROM {table} WHERE tenant = ?1 AND campaign = ?2"),
            [tenant, campaign],
        )?;
    }
    Ok(())
}
