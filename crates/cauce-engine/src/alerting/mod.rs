//! What is known of alerts: each subject under each rule, which of them fire, and how far tracked
//! events are from what is usual. [`alerts`](crate::alerts) looks, and changes it.

mod volume;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_observe::alert::{Subject, Thing, Watch};
use cauce_store::{
    control::{self, Control, alerts::Alert},
    jobs::{self, Scope},
};
use parking_lot::Mutex;

pub(crate) use volume::{Watching, run};

/// What is known of alerts. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Alerting {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Default)]
pub(crate) struct Shared {
    /// Every subject that something is or was wrong with, by rule. Held while a change of one is kept,
    /// so that changes are kept in their order.
    pub(crate) watched: tokio::sync::Mutex<Watched>,
    /// The alerts that fire, as of the last look.
    pub(crate) firing: Mutex<BTreeMap<i64, Alert>>,
    /// How far tracked events are from what is usual.
    pub(crate) volumes: Mutex<BTreeMap<TenantId, Volume>>,
    /// Counters that disagree with what is there, as of the last check.
    pub(crate) disagreeing: AtomicU64,
}

/// The rule and what is looked at.
pub(crate) type Key = (String, Subject);
pub(crate) type Watched = BTreeMap<Key, Entry>;

/// One subject under one rule.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) watch: Watch,
    /// Its newest alert, where there was one.
    pub(crate) alert: Option<Alert>,
}

/// How far the tracked events of a tenant are from what is usual.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) deviations: f64,
    pub(crate) detail: String,
}

/// Why something is not done with an alert or a channel.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such alert (for this tenant).
    #[error("there is no such alert")]
    NoAlert,
    /// It is over.
    #[error("the alert is over, so that there is nothing to acknowledge")]
    Over,
    /// There is no such channel (for this tenant).
    #[error("there is no such channel")]
    NoChannel,
    /// The control store refuses it.
    #[error(transparent)]
    Control(#[from] control::Error),
    /// The job store refuses it.
    #[error(transparent)]
    Jobs(#[from] jobs::Error),
}

impl Alerting {
    /// Takes up what was known at the last stop.
    pub(crate) async fn recall(&self, control: &Control) -> Result<(), control::Error> {
        let mut watched = self.shared.watched.lock().await;
        for alert in control.newest_alerts().await? {
            let (Some(subject), Ok(watch)) =
                (subject_of(&alert), serde_json::from_str(&alert.watch))
            else {
                tracing::warn!(
                    alert = alert.id,
                    "an alert of another version is left alone"
                );
                continue;
            };
            if alert.ended_at.is_none() {
                self.shared.firing.lock().insert(alert.id, alert.clone());
            }
            let alert = Some(alert);
            let key = (
                alert
                    .as_ref()
                    .map(|alert| alert.rule.clone())
                    .unwrap_or_default(),
                subject,
            );
            watched.insert(key, Entry { watch, alert });
        }
        Ok(())
    }

    /// The alerts of a scope that fire, as of the last look.
    pub(crate) fn firing(&self, scope: &Scope) -> Vec<Alert> {
        let firing = self.shared.firing.lock();
        let own = firing.values().filter(|alert| match &alert.tenant {
            Some(tenant) => scope.covers(tenant),
            None => *scope == Scope::All,
        });
        own.cloned().collect()
    }

    /// Somebody knows of an alert: it is not repeated. Answers the alert as it is then.
    pub(crate) async fn acknowledge(
        &self,
        control: &Control,
        (id, scope): (i64, Scope),
        who: &str,
        now: Timestamp,
    ) -> Result<Alert, Refusal> {
        let known = control.alert(id, scope).await?.ok_or(Refusal::NoAlert)?;
        let mut watched = self.shared.watched.lock().await;
        let is_it = |entry: &&mut Entry| entry.alert.as_ref().is_some_and(|alert| alert.id == id);
        let entry = watched.values_mut().find(is_it).ok_or(Refusal::Over)?;
        if !entry.watch.on_acknowledged() {
            return Err(Refusal::Over);
        }
        let alert = entry.alert.get_or_insert(known);
        alert.acknowledged_at = alert.acknowledged_at.or(Some(now));
        alert.acknowledged_by.get_or_insert_with(|| who.to_owned());
        alert.watch = serde_json::to_string(&entry.watch).unwrap_or_default();
        let alert = alert.clone();
        control.keep_alert(alert.clone()).await?;
        self.shared.firing.lock().insert(id, alert.clone());
        Ok(alert)
    }

    /// So many counters disagree with what is there.
    pub(crate) fn on_check(&self, disagreeing: usize) {
        let count = u64::try_from(disagreeing).unwrap_or(u64::MAX);
        self.shared.disagreeing.store(count, Ordering::Relaxed);
    }
}

/// What a kept alert is about.
pub(crate) fn subject_of(alert: &Alert) -> Option<Subject> {
    Some(Subject {
        tenant: alert.tenant.clone(),
        thing: Thing::of(&alert.thing, &alert.name)?,
    })
}
