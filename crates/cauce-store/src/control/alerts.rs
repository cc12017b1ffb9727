//! Alerts: which there were, which fire, and what was told of them.
//!
//! Each alert is a row. Beside what people look at, it holds how its watch stands, so that a restart
//! goes on where the process ended: nothing fires or is told a second time.

use cauce_flow::{id::TenantId, time::Timestamp};
use rusqlite::{OptionalExtension, Row, Transaction, params, params_from_iter, types::Value};

use super::{Control, Error, keys::tenant_text};
use crate::jobs::Scope;

/// Alerts that are kept; the oldest go first.
const MAX_ALERTS: i64 = 100_000;
/// Subjects whose last alert is recalled at the start; those that are over for longest are not.
const MAX_RECALLED: i64 = 10_000;

/// An alert as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its number; later ones are larger. Zero before it is kept.
    pub id: i64,
    /// The rule that it fired by.
    pub rule: String,
    /// What the rule looks at.
    pub kind: String,
    /// How bad it is.
    pub severity: String,
    /// Whose; none where it concerns all.
    pub tenant: Option<TenantId>,
    /// The kind of thing that it is about.
    pub thing: String,
    /// The name of that thing.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// The newest figure.
    pub value: f64,
    /// The worst figure.
    pub worst: f64,
    /// What was too much.
    pub above: f64,
    /// What else is known.
    pub detail: String,
    /// How many alarms were told.
    pub alarms: u32,
    /// When the last alarm was told.
    pub alarmed_at: Option<Timestamp>,
    /// When somebody said that they know.
    pub acknowledged_at: Option<Timestamp>,
    /// The name of the key of whoever it was.
    pub acknowledged_by: Option<String>,
    /// How its watch stands; whoever keeps it knows how to read it.
    pub watch: String,
}

/// Which alerts to list: those to which all of it applies.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose. Those that concern all are seen by whoever sees everybody's.
    pub scope: Scope,
    /// Those that fire, or those that are over.
    pub firing: Option<bool>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this severity.
    pub severity: Option<String>,
    /// Before this one.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Control {
    /// Keeps an alert: a new one, whose number is answered, or a known one as it is now.
    pub async fn keep_alert(&self, alert: Alert) -> Result<i64, Error> {
        self.run(move |tx| alert.keep(tx)).await
    }

    /// Alerts, newest first.
    pub async fn alerts(&self, filter: Filter) -> Result<Vec<Alert>, Error> {
        self.run(move |tx| filter.select(tx)).await
    }

    /// The alert of a number, as far as the scope sees it.
    pub async fn alert(&self, id: i64, scope: Scope) -> Result<Option<Alert>, Error> {
        self.run(move |tx| {
            let found = tx
                .prepare_cached("SELECT * FROM alerts WHERE id = ?1")?
                .query_row([id], read)
                .optional()?;
            Ok(found.filter(|alert| match (&scope, &alert.tenant) {
                (Scope::All, _) => true,
                (Scope::Tenant(_), None) => false,
                (Scope::Tenant(_), Some(tenant)) => scope.covers(tenant),
            }))
        })
        .await
    }

    /// The newest alert of each rule and subject.
    pub async fn newest_alerts(&self) -> Result<Vec<Alert>, Error> {
        self.run(|tx| {
            tx.prepare(
                "SELECT * FROM alerts WHERE id IN
                     (SELECT max(id) FROM alerts GROUP BY rule, tenant, thing, name)
                 ORDER BY ended_at IS NOT NULL, id DESC LIMIT ?1",
            )?
            .query_map([MAX_RECALLED], read)?
            .collect()
        })
        .await
    }
}

impl Alert {
    fn keep(&self, tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        let id = (self.id > 0).then_some(self.id);
        tx.prepare_cached(
            "INSERT OR REPLACE INTO alerts VALUES
             (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            id,
            self.rule,
            self.kind,
            self.severity,
            tenant_text(self.tenant.as_ref()),
            self.thing,
            self.name,
            self.since.as_millis(),
            self.ended_at.map(Timestamp::as_millis),
            self.value,
            self.worst,
            self.above,
            self.detail,
            self.alarms,
            self.alarmed_at.map(Timestamp::as_millis),
            self.acknowledged_at.map(Timestamp::as_millis),
            self.acknowledged_by,
            self.watch,
        ])?;
        Ok(id.unwrap_or_else(|| tx.last_insert_rowid()))
    }
}

impl Filter {
    fn select(&self, tx: &Transaction<'_>) -> rusqlite::Result<Vec<Alert>> {
        let mut which = String::from("SELECT * FROM alerts WHERE id < ?1");
        let mut values: Vec<Value> = vec![self.before.unwrap_or(i64::MAX).into()];
        let mut and = |column: &str, value: &str| {
            values.push(value.to_owned().into());
            which.push_str(&format!(" AND {column} = ?{}", values.len()));
        };
        if let Scope::Tenant(tenant) = &self.scope {
            and("tenant", tenant.as_str());
        }
        if let Some(kind) = &self.kind {
            and("kind", kind);
        }
        if let Some(severity) = &self.severity {
            and("severity", severity);
        }
        which.push_str(match self.firing {
            Some(true) => " AND ended_at IS NULL",
            Some(false) => " AND ended_at IS NOT NULL",
            None => "",
        });
        values.push(i64::try_from(self.limit).unwrap_or(i64::MAX).into());
        which.push_str(&format!(" ORDER BY id DESC LIMIT ?{}", values.len()));
        tx.prepare_cached(&which)?
            .query_map(params_from_iter(values), read)?
            .collect()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Alert> {
    let at = |column| {
        Ok::<_, rusqlite::Error>(
            row.get::<_, Option<i64>>(column)?
                .map(Timestamp::from_millis),
        )
    };
    let tenant: String = row.get("tenant")?;
    Ok(Alert {
        id: row.get("id")?,
        rule: row.get("rule")?,
        kind: row.get("kind")?,
        severity: row.get("severity")?,
        // Only checked names are written, and `*` is not one.
        tenant: TenantId::new(&tenant).ok(),
        thing: row.get("thing")?,
        name: row.get("name")?,
        since: Timestamp::from_millis(row.get("since")?),
        ended_at: at("ended_at")?,
        value: row.get("value")?,
        worst: row.get("worst")?,
        above: row.get("above")?,
        detail: row.get("detail")?,
        alarms: row.get("alarms")?,
        alarmed_at: at("alarmed_at")?,
        acknowledged_at: at("acknowledged_at")?,
        acknowledged_by: row.get("acknowledged_by")?,
        watch: row.get("watch")?,
    })
}

pub(super) fn prune(tx: &Transaction<'_>) -> rusqlite::Result<u64> {
    let gone = tx.execute(
        "DELETE FROM alerts
         WHERE id <= (SELECT max(id) FROM alerts) - ?1 AND ended_at IS NOT NULL",
        [MAX_ALERTS],
    )?;
    Ok(gone as u64)
}

#[cfg(test)]
mod tests;
