//! Keeps sums in the control store, and reads them together with those that are not there yet.

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::time::Timestamp;
use datasketches::tdigest::TDigestMut;
use parking_lot::Mutex as SyncMutex;
use rusqlite::{OptionalExtension, Transaction, params};
use tokio::sync::Mutex;

use super::{Gathers, Key, Rollup, Span, Step};
use crate::{
    control::{self, Control},
    jobs,
};

/// Minutes are kept for a week.
const MINUTES_KEPT_MS: i64 = 7 * 24 * 3_600_000;
/// Hours are kept for 25 months of 31 days.
const HOURS_KEPT_MS: i64 = 25 * 31 * 24 * 3_600_000;
/// The newest minutes stay in memory as well, for figures that are asked for all the time.
const RECENT_MS: i64 = 10 * 60_000;

/// Why sums were not kept.
pub type KeepError = control::Error;

/// The sums of a job store, kept in a control store.
pub struct Rollups {
    store: Arc<dyn Gathers>,
    control: Control,
    /// Held while sums are on their way from memory to the file, so that no reader misses them.
    moving: Mutex<()>,
    recent: SyncMutex<BTreeMap<Key, Rollup>>,
}

impl Rollups {
    /// Up to where the sums of each log are kept, for the store that opens one of them.
    pub async fn kept_through(control: &Control) -> Result<BTreeMap<u32, u64>, KeepError> {
        control
            .run(|tx| {
                tx.prepare("SELECT log, position FROM rollups_through")?
                    .query_map([], |row| {
                        Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
                    })?
                    .collect()
            })
            .await
    }

    /// The sums of `store`, kept in `control`.
    pub fn new(store: Arc<impl Gathers>, control: Control) -> Rollups {
        Rollups {
            store,
            control,
            moving: Mutex::new(()),
            recent: SyncMutex::default(),
        }
    }

    /// Keeps what has gathered in memory, and prunes what is too old.
    pub async fn keep(&self, now: Timestamp) -> Result<(), KeepError> {
        let _moving = self.moving.lock().await;
        let (through, places) = match self.store.take_gathered().await {
            Ok(taken) => taken,
            Err(error) => return Err(control::Error::Database(error.to_string().into())),
        };
        let rows = self.store.named(&places);
        self.remember(&rows, now);
        let log = self.store.instance();
        let kept = self
            .control
            .run(move |tx| write(tx, rows, through, log, now))
            .await;
        match &kept {
            Ok(()) => self.store.gathered_kept(through),
            Err(_) => self.store.give_back_gathered(places),
        }
        kept
    }

    fn remember(&self, rows: &[(Key, Rollup)], now: Timestamp) {
        let mut recent = self.recent.lock();
        for (key, rollup) in rows {
            recent.entry(key.clone()).or_default().merge(rollup);
        }
        let oldest = Timestamp::from_millis(now.as_millis() - RECENT_MS);
        recent.retain(|key, _| key.start >= oldest);
    }

    /// The sums of the minutes since `from`, at most ten minutes back, without touching the disk.
    pub fn recent(&self, from: Timestamp) -> Vec<(Key, Rollup)> {
        let from = Timestamp::from_millis(Step::Minute.start(from.as_millis()));
        let mut rows: Vec<(Key, Rollup)> = self
            .recent
            .lock()
            .iter()
            .filter(|(key, _)| key.start >= from)
            .map(|(key, rollup)| (key.clone(), rollup.clone()))
            .collect();
        let fresh = self
            .store
            .gathered()
            .into_iter()
            .filter(|(key, _)| key.start >= from);
        rows.extend(fresh);
        rows
    }

    /// The sums of a span. A key may come more than once: its rollups add up.
    pub async fn read(&self, span: Span) -> Result<Vec<(Key, Rollup)>, jobs::Error> {
        let _moving = self.moving.lock().await;
        let step = span.step;
        let fits = {
            let span = span.clone();
            move |key: &Key| {
                let at = Timestamp::from_millis(step.start(key.start.as_millis()));
                let first = Timestamp::from_millis(step.start(span.from.as_millis()));
                at >= first
                    && at < span.to
                    && span
                        .tenant
                        .as_ref()
                        .is_none_or(|tenant| *tenant == key.tenant)
            }
        };
        let fresh = self
            .store
            .gathered()
            .into_iter()
            .filter(|(key, _)| fits(key));
        let mut rows: Vec<(Key, Rollup)> = fresh.collect();
        let kept = self.control.run(move |tx| select(tx, &span)).await;
        let kept = kept.map_err(|error| jobs::Error::Broken(error.to_string().into()))?;
        rows.extend(kept);
        Ok(rows)
    }
}

fn write(
    tx: &Transaction<'_>,
    rows: Vec<(Key, Rollup)>,
    through: u64,
    log: u32,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for (key, rollup) in rows {
        for step in [Step::Minute, Step::Hour] {
            add(tx, step, &key, &rollup)?;
        }
    }
    tx.execute(
        "INSERT OR REPLACE INTO rollups_through (log, position) VALUES (?1, ?2)",
        params![log, through.cast_signed()],
    )?;
    for (step, kept_ms) in [(Step::Minute, MINUTES_KEPT_MS), (Step::Hour, HOURS_KEPT_MS)] {
        tx.execute(
            "DELETE FROM rollups WHERE step = ?1 AND start < ?2",
            params![step.ms(), now.as_millis() - kept_ms],
        )?;
    }
    Ok(())
}

fn add(tx: &Transaction<'_>, step: Step, key: &Key, more: &Rollup) -> rusqlite::Result<()> {
    let start = step.start(key.start.as_millis());
    let (queue, tenant) = (key.queue.as_str(), key.tenant.as_str());
    let known: Option<Vec<u8>> = tx
        .prepare_cached(
            "SELECT sums FROM rollups WHERE step = ?1 AND start = ?2 AND queue = ?3 AND tenant = ?4",
        )?
        .query_row(params![step.ms(), start, queue, tenant], |row| row.get(0))
        .optional()?;
    let mut sums = known.as_deref().and_then(decode).unwrap_or_default();
    sums.merge(more);
    tx.prepare_cached("INSERT OR REPLACE INTO rollups VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![step.ms(), start, queue, tenant, encode(sums)])
        .map(drop)
}

fn select(tx: &Transaction<'_>, span: &Span) -> rusqlite::Result<Vec<(Key, Rollup)>> {
    let first = span.step.start(span.from.as_millis());
    let tenant = span.tenant.as_ref().map(|tenant| tenant.as_str());
    tx.prepare_cached(
        "SELECT start, queue, tenant, sums FROM rollups
         WHERE step = ?1 AND start >= ?2 AND start < ?3 AND (?4 IS NULL OR tenant = ?4)
         ORDER BY start",
    )?
    .query_map(
        params![span.step.ms(), first, span.to.as_millis(), tenant],
        |row| {
            let (queue, tenant): (String, String) = (row.get(1)?, row.get(2)?);
            let sums: Vec<u8> = row.get(3)?;
            let named = queue.parse().ok().zip(tenant.parse().ok());
            Ok(named.zip(decode(&sums)).map(|((queue, tenant), rollup)| {
                let start = Timestamp::from_millis(row.get(0).unwrap_or_default());
                (
                    Key {
                        start,
                        queue,
                        tenant,
                    },
                    rollup,
                )
            }))
        },
    )?
    .filter_map(Result::transpose)
    .collect()
}

/// Eleven figures, the length of the last error and the error, the sketch.
fn encode(mut rollup: Rollup) -> Vec<u8> {
    let mut out = Vec::new();
    for figure in rollup.figures() {
        out.extend_from_slice(&figure.to_le_bytes());
    }
    let error = rollup.last_error.as_deref().unwrap_or_default();
    out.extend_from_slice(&(error.len() as u32).to_le_bytes());
    out.extend_from_slice(error.as_bytes());
    if let Some(latency) = &mut rollup.latency {
        out.extend_from_slice(&latency.serialize());
    }
    out
}

fn decode(bytes: &[u8]) -> Option<Rollup> {
    let mut rollup = Rollup::default();
    let mut rest = bytes;
    for figure in rollup.figures_mut() {
        let (own, more) = rest.split_first_chunk::<8>()?;
        *figure = u64::from_le_bytes(*own);
        rest = more;
    }
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (error, sketch) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    rollup.last_error = String::from_utf8(error.to_vec())
        .ok()
        .filter(|text| !text.is_empty());
    if !sketch.is_empty() {
        rollup.latency = TDigestMut::deserialize(sketch).ok();
    }
    Some(rollup)
}
