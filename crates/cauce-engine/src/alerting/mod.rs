//! What is known of alerts: each subject under each rule, which of them fire, and how far tracked
//! events are from what is usual. [`alerts`](crate::alerts) looks, and changes it.

mod entry;
mod volume;

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_observe::alert::{Subject, Thing, Unusual};
use cauce_store::{
    control::{self, Control, alerts::Alert},
    jobs::{self, Scope},
};
use parking_lot::Mutex;

use entry::Kept;
pub(crate) use entry::{Channels, Entry};
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
    /// How far tracked events are from what is usual; none before the first look.
    pub(crate) volumes: Mutex<Option<BTreeMap<TenantId, Volume>>>,
    /// Counters that disagree with what is there, as of the last check that could be made.
    pub(crate) disagreeing: Mutex<Option<usize>>,
}

/// The rule and what is looked at.
pub(crate) type Key = (String, Subject);
pub(crate) type Watched = BTreeMap<Key, Entry>;

/// How far the tracked events of a tenant are from what is usual.
#[derive(Clone, Debug)]
pub(crate) enum Volume {
    /// So far.
    Known(Unusual),
    /// They could not be counted.
    NotKnown,
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
            let subject = subject_of(&alert);
            let Some((subject, kept)) = subject.zip(Kept::of(&alert)) else {
                tracing::warn!(
                    alert = alert.id,
                    "an alert of another version is left alone"
                );
                continue;
            };
            if alert.ended_at.is_none() {
                self.shared.firing.lock().insert(alert.id, alert.clone());
            }
            let key = (alert.rule.clone(), subject);
            let entry = kept.entry(alert, control).await?;
            watched.insert(key, entry);
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
        let alert = alert.clone();
        entry.keep(control).await?;
        self.shared.firing.lock().insert(id, alert.clone());
        Ok(alert)
    }

    /// So many counters disagree with what is there; none where nobody could look.
    pub(crate) fn on_check(&self, disagreeing: Option<usize>) {
        if disagreeing.is_some() {
            *self.shared.disagreeing.lock() = disagreeing;
        }
    }
}

/// What a kept alert is about.
pub(crate) fn subject_of(alert: &Alert) -> Option<Subject> {
    Some(Subject {
        tenant: alert.tenant.clone(),
        thing: Thing::of(&alert.thing, &alert.name)?,
    })
}
