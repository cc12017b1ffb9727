//! The figures of a campaign, kept in the same transactions as the messages they count, so that a
//! status costs the same at a thousand recipients and at a million.

use std::collections::BTreeMap;

use cauce_flow::id::{GroupName, TenantId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::state::MessageState;

/// Measures beside the states, which have the numbers from 0.
pub(super) const ANSWERED: i64 = 100;
pub(super) const ATTEMPTS: i64 = 101;
pub(super) const ATTEMPT_MS: i64 = 102;
pub(super) const FAILED_ATTEMPTS: i64 = 103;
/// Of a whole campaign: under the variant at 0.
pub(super) const BESIDE: i64 = 104;
pub(super) const UNWANTED: i64 = 105;

/// What a campaign has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignFigures {
    /// By the place of the variant in its campaign; one without variants has the one at 0.
    pub variants: BTreeMap<u16, VariantFigures>,
    /// Its batches, as far as its messages are taken.
    pub batches: BatchFigures,
    /// Its messages that have failed, by the code of the reason.
    pub failures: BTreeMap<String, u64>,
    /// Messages that were sent under its name and are not to its audience. They are in no other figure.
    pub beside: u64,
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
    /// Of those that are cancelled, the ones whose recipient had opted out by then.
    pub unwanted: u64,
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
        self.unwanted += other.unwanted;
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
        match measure {
            BESIDE => figures.beside = u64::try_from(sum).unwrap_or(0),
            _ => add(figures.variants.entry(variant).or_default(), measure, sum),
        }
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

/// How many messages under a campaign's name are known: those to its audience and those beside them.
pub(super) fn known(
    connection: &Connection,
    tenant: &str,
    campaign: &str,
) -> rusqlite::Result<u64> {
    let count: i64 = connection
        .prepare_cached(
            "SELECT coalesce(sum(sum), 0) FROM figures
             WHERE tenant = ?1 AND campaign = ?2 AND (measure < ?3 OR measure = ?4)",
        )?
        .query_row(params![tenant, campaign, ANSWERED, BESIDE], |row| {
            row.get(0)
        })?;
    Ok(count.cast_unsigned())
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
        (UNWANTED, None) => figures.unwanted = sum,
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
