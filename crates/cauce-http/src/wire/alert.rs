//! Alerts, the rules that they fire by, and the channels that they are told to.

use std::collections::BTreeSet;

use cauce_engine::{
    alerts::{alert_id, link_path},
    settings::Channel,
    status::LineStatus,
};
use cauce_flow::time::Timestamp;
use cauce_observe::alert::{Kind, Rule, Thing, Unit};
use cauce_store::control::alerts::Alert;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An alert.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Alert)]
pub(crate) struct AlertView {
    /// Its id.
    #[schema(example = "alert_17")]
    id: String,
    /// `firing` or `over`.
    #[schema(value_type = String, example = "firing")]
    state: Stands,
    /// The rule that it fired by.
    rule: String,
    /// What the rule looks at.
    #[schema(example = "token_invalid")]
    kind: String,
    /// `warning` or `critical`.
    #[schema(example = "critical")]
    severity: String,
    /// Whose; `*` where it concerns all.
    tenant: String,
    /// What it is about.
    subject: SubjectView,
    /// Since when it has been wrong.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When it was over.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    ended_at: Option<Timestamp>,
    /// The newest figure.
    value: f64,
    /// The worst figure.
    worst: f64,
    /// What is too much.
    above: f64,
    /// What the figures count: `state`, `count`, `percent`, `seconds` or `deviations`.
    #[schema(value_type = String, example = "state")]
    unit: &'static str,
    /// What else is known; may be empty.
    detail: String,
    /// How many alarms were told.
    alarms: u32,
    /// When the last alarm was told.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    alarmed_at: Option<Timestamp>,
    /// When somebody said that they know.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    acknowledged_at: Option<Timestamp>,
    /// The name of the key of whoever it was.
    #[schema(required = true)]
    acknowledged_by: Option<String>,
    /// Where in the dashboard one can do something about it.
    #[schema(example = "/settings")]
    path: String,
}

/// Whether an alert fires.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stands {
    /// It does.
    Firing,
    /// It is over.
    Over,
}

/// What an alert is about.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertSubject)]
pub(crate) struct SubjectView {
    /// `queue`, `account`, `campaign`, `report`, `tracking`, `disk` or `store`.
    #[schema(example = "account")]
    kind: String,
    /// Its name; empty where there is one alone.
    #[schema(example = "acme-meta")]
    name: String,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> AlertView {
        let kind: Option<Kind> = alert.kind.parse().ok();
        let thing = Thing::of(&alert.thing, &alert.name);
        AlertView {
            id: alert_id(alert.id),
            state: match alert.ended_at {
                None => Stands::Firing,
                Some(_) => Stands::Over,
            },
            path: kind
                .zip(thing)
                .map_or("/".to_owned(), |(kind, thing)| link_path(kind, &thing)),
            unit: kind.map_or(Unit::Count, Kind::unit).as_str(),
            tenant: alert
                .tenant
                .map_or("*".to_owned(), |tenant| tenant.to_string()),
            subject: SubjectView {
                kind: alert.thing,
                name: alert.name,
            },
            rule: alert.rule,
            kind: alert.kind,
            severity: alert.severity,
            since: alert.since,
            ended_at: alert.ended_at,
            value: alert.value,
            worst: alert.worst,
            above: alert.above,
            detail: alert.detail,
            alarms: alert.alarms,
            alarmed_at: alert.alarmed_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by,
        }
    }
}

/// A rule that alerts fire by.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AlertRule)]
pub(crate) struct RuleView {
    /// Its name.
    name: String,
    /// What it looks at.
    #[schema(value_type = String, example = "dead_letters")]
    kind: &'static str,
    /// `warning` or `critical`.
    #[schema(value_type = String, example = "warning")]
    severity: &'static str,
    /// It is wrong above this.
    above: f64,
    /// It is good again at this or below.
    below: f64,
    /// What the figures count: `state`, `count`, `percent`, `seconds` or `deviations`.
    #[schema(value_type = String, example = "count")]
    unit: &'static str,
    /// It fires when it has been wrong for so long, in milliseconds.
    after_ms: u64,
    /// It is over when it has been good for so long, in milliseconds.
    over_after_ms: u64,
    /// The stretch that is summed up, in milliseconds; null where nothing is.
    #[schema(required = true)]
    within_ms: Option<u64>,
    /// The least that there has to be to look at; null where that does not matter.
    #[schema(required = true)]
    min_volume: Option<u64>,
    /// An alarm is not told again before this, in milliseconds.
    cooldown_ms: u64,
    /// The queues that it looks at; empty for all.
    queues: Vec<String>,
    /// Of the channels that it is told to, those that the key may see; null where it is told to all.
    #[schema(required = true)]
    channels: Option<Vec<String>>,
}

impl RuleView {
    /// As it is shown to somebody who may see these channels.
    pub(crate) fn new(rule: Rule, visible: &BTreeSet<String>) -> RuleView {
        let is_told_to_all = rule.channels.is_empty();
        let channels = rule.channels.intersection(visible).cloned().collect();
        let ms = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let within = ms(rule.within);
        RuleView {
            kind: rule.kind.as_str(),
            severity: rule.severity.as_str(),
            above: rule.above,
            below: rule.below,
            unit: rule.kind.unit().as_str(),
            after_ms: ms(rule.after),
            over_after_ms: ms(rule.over_after),
            within_ms: (within > 0).then_some(within),
            min_volume: (rule.min_volume > 0).then_some(rule.min_volume),
            cooldown_ms: ms(rule.cooldown),
            queues: rule.queues.iter().map(ToString::to_string).collect(),
            channels: (!is_told_to_all).then_some(channels),
            name: rule.name,
        }
    }
}

/// A channel that alerts are told to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AlertChannel)]
pub(crate) struct ChannelView {
    /// Its name.
    name: String,
    /// In which form it is told.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "slack")]
    form: &'static str,
    /// In which language.
    #[schema(value_type = String, example = "en")]
    language: &'static str,
    /// What is less bad is not told.
    #[schema(value_type = String, example = "warning")]
    severity: &'static str,
    /// Whose alerts it is told; `*` for everybody's.
    tenant: String,
    /// The account whose jobs in the queue `alerts` carry it.
    account: String,
    /// Whether it is failing: `closed`, `open` or `half-open` says its breaker.
    #[schema(value_type = Option<String>, example = "closed", required = true)]
    breaker: Option<&'static str>,
    /// The last failure; null where there was none since the start.
    #[schema(required = true)]
    last_error: Option<String>,
}

impl ChannelView {
    pub(crate) fn new(channel: Channel, line: Option<LineStatus>) -> ChannelView {
        ChannelView {
            name: channel.name,
            form: channel.form.as_str(),
            language: channel.language.as_str(),
            severity: channel.least.as_str(),
            tenant: channel
                .tenant
                .map_or("*".to_owned(), |tenant| tenant.to_string()),
            account: channel.line.account.to_string(),
            breaker: line.as_ref().map(|line| line.breaker),
            last_error: line.and_then(|line| line.last_error),
        }
    }
}

/// The jobs that carry a test.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertTest)]
pub(crate) struct TestView {
    /// Their ids: `GET /api/jobs/{id}` tells what became of each.
    pub(crate) jobs: Vec<String>,
}
