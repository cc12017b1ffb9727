//! The loop: looks at everything every few seconds, keeps what has changed, and tells it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use cauce_flow::time::Timestamp;
use cauce_observe::alert::{Change, Firing, Notice, Rule, Seen, Severity, Subject};
use cauce_store::{
    control::{self, Control, alerts::Alert},
    jobs,
};
use tokio_util::sync::CancellationToken;

use super::{
    readings::{Reading, Readings, Sight},
    tell::{self, Due},
    windows::Windows,
};
use crate::{
    alerting::{Alerting, Channels, Entry, Watched},
    inner::Inner,
    settings::Settings,
};

/// How soon it is looked whether alerts have been switched on.
const OFF_FOR: Duration = Duration::from_secs(5);

/// Looks again and again. The first look comes after a pause, when the lines have had time to do
/// something.
pub(crate) async fn run(inner: Weak<Inner>, stop: CancellationToken) {
    let Some(mut windows) = inner.upgrade().map(|inner| Windows::new(inner.clock.now())) else {
        return;
    };
    let mut handing = HandingIn::default();
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
        look(&inner, &mut windows, &mut handing).await;
    }
}

/// Whether what is told could be handed to its queue at the last try. Where it could not, a person is
/// needed, who learns of it from the log alone: it is said there once.
#[derive(Default)]
struct HandingIn {
    is_failing: bool,
}

impl HandingIn {
    /// Takes what became of what was handed in: the channels that are told, if it was taken.
    fn on_told(&mut self, told: Result<Channels, jobs::Error>) -> Option<Channels> {
        match told {
            Ok(told) => {
                if !told.is_empty() && std::mem::take(&mut self.is_failing) {
                    tracing::info!("alerts can be told again");
                }
                Some(told)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(
                        %error,
                        "alerts cannot be told, because their jobs are refused; they are told as \
                         soon as they are taken; hint: free what is full, and see /readyz"
                    );
                }
                None
            }
        }
    }
}

async fn look(inner: &Inner, windows: &mut Windows, handing: &mut HandingIn) {
    let (now, settings) = (inner.clock.now(), Arc::clone(&inner.settings.read()));
    let lines = Sight::lines(inner);
    let shown = lines.iter().map(|(_, line)| line);
    windows.follow(&inner.rollups, shown, now).await;
    let sight = Sight {
        inner,
        settings: Arc::clone(&settings),
        windows,
        lines,
        now,
    };
    for rule in settings.alerts.rules.values() {
        let readings = sight.readings(rule).await;
        let mut watched = inner.alerting.shared.watched.lock().await;
        let mut following = Following {
            inner,
            settings: &settings,
            rule,
            handing: &mut *handing,
            now,
        };
        following.follow(&mut watched, readings).await;
    }
    inner.alerting.retire(&inner.control, &settings, now).await;
    inner.alerting.show().await;
}

impl Alerting {
    /// Ends what fires by a rule that is no more. Nobody is told: whoever took the rule away knows.
    /// What could not be kept is ended again at the next look.
    async fn retire(&self, control: &Control, settings: &Settings, now: Timestamp) {
        let mut watched = self.shared.watched.lock().await;
        let is_gone = |rule: &String| !settings.alerts.rules.contains_key(rule);
        let gone = watched.extract_if(.., |(rule, _), _| is_gone(rule));
        let gone: Vec<_> = gone.collect();
        for (key, mut entry) in gone {
            if !entry.retire(now) {
                continue;
            }
            if let Err(error) = entry.keep(control).await {
                let rule = &key.0;
                tracing::warn!(rule, %error, "an end could not be kept; trying again");
                watched.insert(key, entry);
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
    handing: &'a mut HandingIn,
    now: Timestamp,
}

impl Following<'_> {
    /// Takes in what was found.
    async fn follow(&mut self, watched: &mut Watched, mut readings: Readings) {
        let known = watched.keys().filter(|(rule, _)| *rule == self.rule.name);
        let known: Vec<Subject> = known.map(|(_, subject)| subject.clone()).collect();
        for subject in known {
            let reading = readings.take(&subject);
            self.step(watched, subject, reading).await;
        }
        for (subject, reading) in readings.found {
            if matches!(reading.seen, Seen::Figure(value) if value > self.rule.above) {
                self.step(watched, subject, reading).await;
            }
        }
    }

    async fn step(&mut self, watched: &mut Watched, subject: Subject, reading: Reading) {
        let key = (self.rule.name.clone(), subject);
        let entry = watched.entry(key.clone()).or_default();
        if let Err(error) = entry.keep_rest(&self.inner.control).await {
            return self.say_unkept(&error);
        }
        let change = entry.watch.on_reading(reading.seen, self.rule, self.now);
        if let Err(error) = self.settle(entry, &key.1, reading, change).await {
            self.say_unkept(&error);
        }
        if entry.is_kept() && entry.watch.is_idle(self.rule, self.now) {
            watched.remove(&key);
        }
    }

    fn say_unkept(&self, error: &control::Error) {
        let rule = &self.rule.name;
        tracing::warn!(rule, %error, "an alert could not be kept; trying again");
    }

    async fn settle(
        &mut self,
        entry: &mut Entry,
        subject: &Subject,
        reading: Reading,
        change: Option<Change>,
    ) -> Result<(), control::Error> {
        if change == Some(Change::Fired) {
            entry.fire(self.new_alert(subject));
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
        if change.is_some() {
            entry.keep(&self.inner.control).await?;
        }
        self.tell(entry).await
    }

    /// Tells what is due, one thing at each look. What could not be told stays due, and so does an
    /// alarm that there is nobody for: a channel that comes later is told what goes on.
    async fn tell(&mut self, entry: &mut Entry) -> Result<(), control::Error> {
        let due = (entry.watch).poll_notice(self.rule, self.is_quiet(), self.now);
        let Some(notice) = due else {
            return Ok(());
        };
        let Some(alert) = entry.told_of(notice) else {
            return Ok(());
        };
        let due = Due {
            rule: self.rule,
            alert,
            notice,
            alarmed: &entry.alarmed,
        };
        let told = tell::tell(self.inner, self.settings, due, self.now).await;
        let Some(told) = self.handing.on_told(told) else {
            return Ok(());
        };
        if told.is_empty() && notice != Notice::Over {
            return Ok(());
        }
        entry.on_told(notice, told, self.now);
        entry.keep(&self.inner.control).await
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

/// Takes in how an alert that fires does.
fn take(alert: &mut Alert, firing: &Firing, reading: Reading) {
    alert.since = firing.since;
    alert.value = firing.value;
    alert.worst = firing.worst;
    if !reading.detail.is_empty() {
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
