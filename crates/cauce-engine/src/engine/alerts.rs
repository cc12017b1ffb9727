//! Alerts, as callers of the engine see them.

use std::sync::Arc;

use cauce_events::store::EventStore;
use cauce_flow::id::JobId;
use cauce_observe::alert::{Kind, Rule};
use cauce_store::{
    control::{
        self,
        alerts::{Alert, Filter},
    },
    jobs::Scope,
};

use super::Engine;
use crate::{
    alerting::{self, Watching},
    alerts::{self, Refusal},
    settings::Channel,
    status::LineStatus,
};

impl Engine {
    /// The rules that alerts fire by.
    pub fn alert_rules(&self) -> Vec<Rule> {
        self.inner
            .settings
            .read()
            .alerts
            .rules
            .values()
            .cloned()
            .collect()
    }

    /// Alerts, newest first. Those that fire are as of the last look.
    pub async fn alerts(&self, filter: Filter) -> Result<Vec<Alert>, control::Error> {
        let firing = self.inner.alerting.firing(&filter.scope);
        let mut found = self.control().alerts(filter).await?;
        for alert in &mut found {
            if let Some(shown) = firing.iter().find(|shown| shown.id == alert.id) {
                alert.clone_from(shown);
            }
        }
        Ok(found)
    }

    /// The alerts of a scope that fire, as of the last look.
    pub fn firing_alerts(&self, scope: &Scope) -> Vec<Alert> {
        self.inner.alerting.firing(scope)
    }

    /// Somebody knows of an alert: it is not repeated.
    pub async fn acknowledge_alert(
        &self,
        id: i64,
        scope: Scope,
        who: &str,
    ) -> Result<Alert, Refusal> {
        let (alerting, control) = (&self.inner.alerting, self.control());
        alerting
            .acknowledge(control, (id, scope), who, self.now())
            .await
    }

    /// The channels that a scope may see, and how their lines do. One that is told everybody's alerts
    /// is seen by whoever sees everybody.
    pub fn alert_channels(&self, scope: &Scope) -> Vec<(Channel, Option<LineStatus>)> {
        let settings = Arc::clone(&self.inner.settings.read());
        let channels = settings.alerts.channels.iter();
        let own = channels.filter(|channel| match &channel.tenant {
            Some(tenant) => scope.covers(tenant),
            None => *scope == Scope::All,
        });
        own.map(|channel| {
            let status = self.inner.lines.status(&channel.line.account);
            (channel.clone(), status)
        })
        .collect()
    }

    /// Sends a message to a channel that only shows that it works. Answers its jobs.
    pub async fn test_alert_channel(
        &self,
        name: &str,
        scope: &Scope,
    ) -> Result<Vec<JobId>, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let mut channels = self.alert_channels(scope).into_iter();
        let found = channels.find(|(channel, _)| channel.name == name);
        let (channel, _) = found.ok_or(Refusal::NoChannel)?;
        let taken = alerts::test(&self.inner, &settings, &channel, self.now()).await?;
        Ok(taken.into_iter().map(|taken| taken.id).collect())
    }

    pub(super) fn start_alert_loops(&self) {
        let inner = &self.inner;
        let (weak, stop) = (Arc::downgrade(inner), inner.stop.clone());
        self.keep("alerts", move || alerts::run(weak.clone(), stop.clone()));
        let weak = Arc::downgrade(inner);
        let every = move || {
            let inner = weak.upgrade()?;
            let settings = inner.settings.read();
            let mut rules = settings.alerts.rules.values();
            let is_asked_for = rules.any(|rule| rule.kind == Kind::TrackingVolume);
            settings.alerts.every.filter(|_| is_asked_for)
        };
        let watching = Watching {
            alerting: inner.alerting.clone(),
            events: Arc::clone(&inner.events) as Arc<dyn EventStore>,
            clock: inner.clock.clone(),
            every: Arc::new(every),
        };
        let stop = inner.stop.clone();
        self.keep("tracking volume", move || {
            alerting::run(watching.clone(), stop.clone())
        });
    }
}
