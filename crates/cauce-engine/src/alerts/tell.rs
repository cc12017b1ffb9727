//! Tells channels of an alert: one job for each, in the queue of alerts.

use cauce_flow::{
    job::{Line, NewJob},
    priority::Priority,
    time::Timestamp,
};
use cauce_observe::alert::{Notice, Rule, Severity};
use cauce_store::{
    control::alerts::Alert,
    jobs::{self, Enqueue, Enqueued},
};

use super::say::{self, Telling, alert_id};
use crate::{
    alerting::Channels,
    inner::Inner,
    settings::{Channel, Settings},
};

/// What is to be told.
pub(super) struct Due<'a> {
    pub(super) rule: &'a Rule,
    pub(super) alert: &'a Alert,
    pub(super) notice: Notice,
    /// The channels that were told an alarm since the last end.
    pub(super) alarmed: &'a Channels,
}

/// Hands what is to be told of an alert to the queue. It is durable when this answers, and handed in
/// again it is known by its keys. Answers the channels that are told. An end is for those that were
/// told an alarm.
///
/// A channel that cannot be reached gets the newest of an alert alone, once it can be: what waits
/// gives way to what is newer, and nothing overtakes what is on its way.
pub(super) async fn tell(
    inner: &Inner,
    settings: &Settings,
    due: Due<'_>,
    now: Timestamp,
) -> Result<Channels, jobs::Error> {
    let (rule, alert, notice) = (due.rule, due.alert, due.notice);
    let channels = settings.alerts.channels.iter();
    let wanted = channels.filter(|channel| due.is_for(channel));
    let mut told = Channels::new();
    let mut batch = Enqueue::default();
    for channel in wanted {
        let before = batch.jobs.len();
        let telling = Telling {
            alert,
            rule,
            notice,
            public_url: settings.alerts.public_url.as_deref(),
            now,
        };
        let what = match notice {
            Notice::Fired | Notice::Again => "alarm",
            Notice::Over => "over",
        };
        let name = alert_id(alert.id);
        let key = format!("{name}-{what}-{}-{}", alert.alarms, channel.name);
        let priority = match rule.severity {
            Severity::Critical => Priority::Critical,
            Severity::Warning => Priority::High,
        };
        for (place, payload) in say::of_alert(channel, &telling).into_iter().enumerate() {
            let job = job(settings, &channel.line, payload, now);
            batch.jobs.extend(job.map(|job| NewJob {
                priority,
                idempotency_key: Some(format!("{key}-{place}")),
                coalesce: Some(format!("{name}-{place}")),
                ..job
            }));
        }
        if batch.jobs.len() > before {
            told.insert(channel.name.clone());
        }
    }
    if !batch.is_empty() {
        inner.jobs.enqueue(batch, now).await?;
    }
    Ok(told)
}

/// Sends a message to a channel that only shows that it works.
pub(crate) async fn test(
    inner: &Inner,
    settings: &Settings,
    channel: &Channel,
    now: Timestamp,
) -> Result<Vec<Enqueued>, jobs::Error> {
    let public_url = settings.alerts.public_url.as_deref();
    let mut batch = Enqueue::default();
    for payload in say::of_test(channel, public_url, now) {
        batch
            .jobs
            .extend(job(settings, &channel.line, payload, now));
    }
    match batch.is_empty() {
        true => Ok(Vec::new()),
        false => inner.jobs.enqueue(batch, now).await,
    }
}

impl Due<'_> {
    fn is_for(&self, channel: &Channel) -> bool {
        let of_tenant = |tenant| self.alert.tenant.as_ref() == Some(tenant);
        // Where nothing is known of who was told, all are.
        let was_alarmed = self.alarmed.is_empty() || self.alarmed.contains(&channel.name);
        self.rule.severity >= channel.least
            && self.rule.is_told_to(&channel.name)
            && channel.tenant.as_ref().is_none_or(of_tenant)
            && (was_alarmed || self.notice != Notice::Over)
    }
}

/// A job of the line of a channel; none where its account is gone.
pub(crate) fn job(
    settings: &Settings,
    line: &Line,
    payload: bytes::Bytes,
    now: Timestamp,
) -> Option<NewJob> {
    let mut accounts = settings.accounts.iter();
    let account = accounts.find(|account| account.name == line.account)?;
    let policy = &account.policy;
    Some(NewJob {
        line: line.clone(),
        tenant: account.tenant.clone(),
        priority: Priority::Normal,
        group: None,
        payload,
        due_at: Timestamp::EPOCH,
        expires_at: policy.ttl.map_or(Timestamp::NEVER, |ttl| now + ttl),
        max_attempts: policy.retry.max_attempts,
        idempotency_key: None,
        coalesce: None,
    })
}
