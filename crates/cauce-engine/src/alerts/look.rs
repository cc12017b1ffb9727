//! The loop: looks at everything every few seconds, keeps what has changed, and tells it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use cauce_flow::time::Timestamp;
use cauce_observe::alert::{Change, Firing, Notice, Rule, Severity, Subject, Watch};
use cauce_store::{
    control::{self, alerts::Alert},
    jobs,
};
use tokio_util::sync::CancellationToken;

use super::{
    readings::{Reading, Readings, Sight},
    tell,
    windows::Windows,
};
use crate::{
    alerting::{Alerting, Entry, Watched},
    inner::Inner,
    settings::Settings,
};

/// How soon it is looked whether alerts have been switched on.
const OFF_FOR: Duration = Duration::from_secs(5);

/// Looks again and again. The first look comes after a pause, when the lines have had time to do
/// something.
pub(crate) async fn run(inner: Weak<Inner>, stop: CancellationToken) {
    let mut windows = match inner.upgrade() {
        Some(inner) => Windows::recall(&inner.rollups, inner.clock.now()).await,
        None => return,
    };
    loop {
        let Some(every) = inner
            .upgrade()
            .map(|inner| inner.settings.read().alerts.every)
        else {
            return;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every.unwrap_or(OFF_FOR)) => {}
        }
        let Some(inner) = inner.upgrade().filter(|_| every.is_some()) else {
            continue;
        };
        look(&inner, &mut windows).await;
    }
}

async fn look(inner: &Inner, windows: &mut Windows) {
    let (now, settings) = (inner.clock.now(), Arc::clone(&inner.settings.read()));
    let lines = Sight::lines(inner);
    windows.follow(&inner.rollups, lines.iter().map(|(_, line)| line), now);
    let sight = Sight {
        inner,
        alerting: &inner.alerting,
        settings: Arc::clone(&settings),
        windows,
        lines,
        now,
    };
    for rule in settings.alerts.rules.values() {
        let readings = sight.readings(rule).await;
        let mut watched = inner.alerting.shared.watched.lock().await;
        let following = Following {
            inner,
            settings: &settings,
            rule,
            now,
        };
        following.follow(&mut watched, readings).await;
    }
    inner.alerting.retire(inner, &settings, now).await;
    inner.alerting.show().await;
}

impl Alerting {
    /// Ends what fires by a rule that is no more. Nobody is told: whoever took the rule away knows.
    async fn retire(&self, inner: &Inner, settings: &Settings, now: Timestamp) {
        let mut watched = self.shared.watched.lock().await;
        let is_gone = |rule: &String| !settings.alerts.rules.contains_key(rule);
        for (_, entry) in watched.extract_if(.., |(rule, _), _| is_gone(rule)) {
            let Some(mut alert) = entry.alert.filter(|alert| alert.ended_at.is_none()) else {
                continue;
            };
            alert.ended_at = Some(now);
            alert.watch = "{}".to_owned();
            if let Err(error) = inner.control.keep_alert(alert).await {
                tracing::warn!(%error, "the end of an alert could not be kept");
            }
        }
    }

    /// Shows what fires.
    async fn show(&self) {
        let watched = self.shared.watched.lock().await;
        let alerts = watched.values().filter_map(|entry| entry.alert.as_ref());
        let firing = alerts.filter(|alert| alert.id > 0 && alert.ended_at.is_none());
        let firing = firing.map(|alert| (alert.id, alert.clone())).collect();
        *self.shared.firing.lock() = firing;
    }
}

/// One rule at one moment.
struct Following<'a> {
    inner: &'a Inner,
    settings: &'a Settings,
    rule: &'a Rule,
    now: Timestamp,
}

impl Following<'_> {
    /// Takes in what was found. A subject of which nothing was found is as good as good.
    async fn follow(&self, watched: &mut Watched, mut readings: Readings) {
        let known = watched.keys().filter(|(rule, _)| *rule == self.rule.name);
        let known: Vec<Subject> = known.map(|(_, subject)| subject.clone()).collect();
        for subject in known {
            let reading = readings.remove(&subject);
            self.step(watched, subject, reading).await;
        }
        for (subject, reading) in readings {
            if reading.value > self.rule.above {
                self.step(watched, subject, Some(reading)).await;
            }
        }
    }

    async fn step(&self, watched: &mut Watched, subject: Subject, reading: Option<Reading>) {
        let key = (self.rule.name.clone(), subject);
        let entry = watched.entry(key.clone()).or_default();
        let value = reading.as_ref().map(|reading| reading.value);
        let change = entry.watch.on_reading(value, self.rule, self.now);
        if let Err(error) = self.settle(entry, &key.1, reading, change).await {
            tracing::warn!(rule = self.rule.name, %error, "an alert could not be kept or told; trying again");
        }
        if entry.watch.is_idle(self.rule, self.now) {
            watched.remove(&key);
        }
    }

    async fn settle(
        &self,
        entry: &mut Entry,
        subject: &Subject,
        reading: Option<Reading>,
        change: Option<Change>,
    ) -> Result<(), Failure> {
        if change == Some(Change::Fired) {
            entry.alert = Some(self.new_alert(subject));
        }
        let Some(alert) = &mut entry.alert else {
            return Ok(());
        };
        if let Some(firing) = entry.watch.firing() {
            take(alert, firing, reading);
        }
        if change == Some(Change::Ended) {
            alert.ended_at = Some(self.now);
        }
        if let Some(change) = change {
            say(alert, change);
        }
        if change.is_some() || alert.id == 0 {
            self.keep(alert, &entry.watch).await?;
        }
        self.tell(entry).await
    }

    async fn keep(&self, alert: &mut Alert, watch: &Watch) -> Result<(), Failure> {
        alert.watch = serde_json::to_string(watch).unwrap_or_default();
        alert.id = self.inner.control.keep_alert(alert.clone()).await?;
        Ok(())
    }

    /// Tells what is due. What could not be told stays due.
    async fn tell(&self, entry: &mut Entry) -> Result<(), Failure> {
        let quiet = self.is_quiet();
        while let Some(notice) = entry.watch.poll_notice(self.rule, quiet, self.now)
            && let Some(alert) = &mut entry.alert
        {
            let told = (self.rule, &*alert, notice);
            tell::tell(self.inner, self.settings, told, self.now).await?;
            entry.watch.on_told(notice, self.now);
            if notice != Notice::Over {
                alert.alarms += 1;
                alert.alarmed_at = Some(self.now);
            }
            self.keep(alert, &entry.watch).await?;
        }
        Ok(())
    }

    fn is_quiet(&self) -> bool {
        let quiet = self.settings.alerts.quiet.as_ref();
        self.rule.severity < Severity::Critical
            && quiet.is_some_and(|(window, zone)| window.is_open(zone, self.now))
    }

    fn new_alert(&self, subject: &Subject) -> Alert {
        Alert {
            id: 0,
            rule: self.rule.name.clone(),
            kind: self.rule.kind.as_str().to_owned(),
            severity: self.rule.severity.as_str().to_owned(),
            tenant: subject.tenant.clone(),
            thing: subject.thing.kind().to_owned(),
            name: subject.thing.name().to_owned(),
            since: self.now,
            ended_at: None,
            value: 0.0,
            worst: 0.0,
            above: self.rule.above,
            detail: String::new(),
            alarms: 0,
            alarmed_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            watch: String::new(),
        }
    }
}

/// Why an alert was not kept, or not told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The control store refuses it.
    #[error(transparent)]
    Control(#[from] control::Error),
    /// The job store refuses it.
    #[error(transparent)]
    Jobs(#[from] jobs::Error),
}

/// Takes in how an alert that fires does.
fn take(alert: &mut Alert, firing: &Firing, reading: Option<Reading>) {
    alert.since = firing.since;
    alert.value = firing.value;
    alert.worst = firing.worst;
    if let Some(reading) = reading.filter(|reading| !reading.detail.is_empty()) {
        alert.detail = reading.detail;
    }
}

fn say(alert: &Alert, change: Change) {
    let (rule, thing, name) = (&alert.rule, &alert.thing, &alert.name);
    let value = alert.value;
    match change {
        Change::Fired => tracing::warn!(rule, thing, name, value, "an alert fires"),
        Change::Ended => tracing::info!(rule, thing, name, "an alert is over"),
    }
}
