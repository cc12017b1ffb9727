//! One subject under one rule: how its watch stands, its alerts, and who was told of them.

use std::collections::BTreeSet;

use cauce_flow::time::Timestamp;
use cauce_observe::alert::{Notice, Watch};
use cauce_store::{
    control::{self, Control, alerts::Alert},
    jobs::Scope,
};
use serde::{Deserialize, Serialize};

/// Channels by their names.
pub(crate) type Channels = BTreeSet<String>;

/// One subject under one rule.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) watch: Watch,
    /// Its newest alert, where there was one.
    pub(crate) alert: Option<Alert>,
    /// An earlier alert that an alarm was told of, and whose end is still to be told.
    owed: Option<Alert>,
    /// The channels that were told an alarm since the last end: the next one is for them.
    pub(crate) alarmed: Channels,
    /// Something has changed that is not kept yet.
    is_unkept: bool,
}

/// What of an entry is kept in the row of its newest alert, as JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    #[serde(flatten)]
    watch: Watch,
    /// The number of the alert whose end is still to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owed: Option<i64>,
    /// The channels that were told an alarm.
    #[serde(default, skip_serializing_if = "Channels::is_empty")]
    alarmed: Channels,
}

impl Kept {
    /// What is kept in the row of an alert; none where another version wrote it.
    pub(super) fn of(alert: &Alert) -> Option<Kept> {
        serde_json::from_str(&alert.watch).ok()
    }

    /// The entry with this newest alert.
    pub(super) async fn entry(
        self,
        alert: Alert,
        control: &Control,
    ) -> Result<Entry, control::Error> {
        let owed = match self.owed {
            Some(id) => control.alert(id, Scope::All).await?,
            None => None,
        };
        Ok(Entry {
            watch: self.watch,
            alert: Some(alert),
            owed,
            alarmed: self.alarmed,
            is_unkept: false,
        })
    }
}

impl Entry {
    /// Another alert fires.
    pub(crate) fn fire(&mut self, alert: Alert) {
        let before = self.alert.replace(alert);
        let alarmed = before.filter(|before| self.watch.owes_end() && before.alarms > 0);
        self.owed = alarmed.or(self.owed.take());
    }

    /// The alert that a notice is about: an end is told of the one whose alarm was told.
    pub(crate) fn told_of(&self, notice: Notice) -> Option<&Alert> {
        let earlier = self.owed.as_ref().filter(|_| notice == Notice::Over);
        earlier.or(self.alert.as_ref())
    }

    /// Keeps its newest alert, and how its watch stands.
    pub(crate) async fn keep(&mut self, control: &Control) -> Result<(), control::Error> {
        let Some(alert) = &mut self.alert else {
            return Ok(());
        };
        self.is_unkept = true;
        let kept = Kept {
            watch: self.watch.clone(),
            owed: self.owed.as_ref().map(|alert| alert.id),
            alarmed: self.alarmed.clone(),
        };
        alert.watch = serde_json::to_string(&kept).unwrap_or_default();
        alert.id = control.keep_alert(alert.clone()).await?;
        self.is_unkept = false;
        Ok(())
    }

    /// The same where something is not kept yet.
    pub(crate) async fn keep_rest(&mut self, control: &Control) -> Result<(), control::Error> {
        match self.is_unkept {
            true => self.keep(control).await,
            false => Ok(()),
        }
    }

    /// Whether all that has changed is kept.
    pub(crate) fn is_kept(&self) -> bool {
        !self.is_unkept
    }

    /// These channels were told something.
    pub(crate) fn on_told(&mut self, notice: Notice, told: Channels, now: Timestamp) {
        self.watch.on_told(notice, now);
        match (notice, &mut self.alert) {
            (Notice::Over, _) => (self.owed, self.alarmed) = (None, Channels::new()),
            (Notice::Fired | Notice::Again, Some(alert)) => {
                alert.alarms += 1;
                alert.alarmed_at = Some(now);
                self.alarmed.extend(told);
            }
            (Notice::Fired | Notice::Again, None) => {}
        }
    }

    /// Its rule is no more. Answers whether there is an end to be kept.
    pub(crate) fn retire(&mut self, now: Timestamp) -> bool {
        (self.watch, self.owed) = (Watch::default(), None);
        self.alarmed.clear();
        let Some(alert) = &mut self.alert else {
            return false;
        };
        let was_over = alert.ended_at.is_some();
        alert.ended_at = alert.ended_at.or(Some(now));
        !was_over || self.is_unkept
    }
}

#[cfg(test)]
mod tests;
