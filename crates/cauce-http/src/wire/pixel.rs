//! The pixels part: what became of events, tokens, statistics, health.

use std::collections::BTreeMap;

use cauce_destinations::destination::CredentialState;
use cauce_engine::status::{PixelHealth, PixelStats, PlatformStats, TokenStatus};
use cauce_flow::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::queue::QuantilesView;
use crate::problem::Fault;

/// What became of events.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Taken {
    /// Events that were taken and were not known before.
    pub(crate) accepted: usize,
    /// Events that were known already.
    pub(crate) duplicates: usize,
    /// Faulty events.
    pub(crate) rejected: Vec<Rejected>,
    /// Every event that is not faulty, in order.
    pub(crate) events: Vec<TakenEvent>,
}

/// A faulty event.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rejected {
    /// Its place in the request.
    pub(crate) index: usize,
    /// Every bad field, by its pointer into the event.
    pub(crate) errors: Vec<Fault>,
}

/// An event that is not faulty.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TakenEvent {
    /// Its place in the request.
    pub(crate) index: usize,
    /// Its id, given or made.
    pub(crate) event_id: String,
    /// The platforms it goes to.
    #[schema(value_type = Vec<String>)]
    pub(crate) platforms: Vec<&'static str>,
    /// The platforms that do not get it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) withheld: Vec<WithheldFrom>,
    /// Whether it was known already, for every platform.
    pub(crate) duplicate: bool,
    /// Where it is kept: `embedded`, `redis`, `spool` or `sync`.
    #[schema(value_type = String, example = "embedded")]
    pub(crate) queued_on: &'static str,
}

/// A platform that does not get an event.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithheldFrom {
    /// The platform.
    #[schema(value_type = String)]
    pub(crate) platform: &'static str,
    /// Why.
    pub(crate) reason: String,
}

/// What is known of an account's credentials.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Token)]
pub(crate) struct TokenView {
    /// The account.
    account: String,
    /// Whose it is.
    tenant: String,
    /// The platform.
    #[schema(value_type = String)]
    platform: &'static str,
    /// `valid`, `expiresSoon`, `expired`, `invalid` or `unknown`.
    #[schema(value_type = String, example = "valid")]
    state: &'static str,
    /// What was found.
    detail: String,
    /// When they end.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When they were last looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
}

/// Statistics of the pixels part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PixelStats)]
pub(crate) struct StatsView {
    /// From here.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// To before here.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// The length of one step of the series, in seconds.
    interval_seconds: u64,
    /// Over the whole range, by platform.
    platforms: BTreeMap<String, PlatformView>,
    /// Step by step, without gaps.
    series: Vec<StepView>,
}

/// One step of a series.
#[derive(Serialize, ToSchema)]
#[schema(as = Step)]
pub(crate) struct StepView {
    /// Its start.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Each platform in it.
    platforms: BTreeMap<String, PlatformView>,
}

/// What happened on one platform.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlatformStats)]
pub(crate) struct PlatformView {
    /// Events that came in for it.
    received: u64,
    /// Events withheld for lack of consent.
    withheld: u64,
    /// Events with a known id.
    duplicates: u64,
    /// Faulty events.
    rejected: u64,
    /// Jobs taken.
    queued: u64,
    /// Jobs delivered.
    sent: u64,
    /// Attempts that failed.
    failed: u64,
    /// Jobs that became dead letters.
    dead: u64,
    /// Jobs that expired.
    expired: u64,
    /// Attempts that were not the first of their job.
    retried: u64,
    /// Requests that were sent.
    requests: u64,
    /// Jobs a request, on the mean.
    events_per_request: Option<f64>,
    /// Requests that batching has saved.
    requests_saved: u64,
    /// Sent / (sent + dead + expired).
    success_rate: Option<f64>,
    /// From accepted to delivered, in milliseconds.
    latency_ms: QuantilesView,
    /// The newest failure.
    last_error: Option<String>,
}

/// The health of the pixels part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PixelHealth)]
pub(crate) struct HealthView {
    /// `ok` or `degraded`.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
    /// Why it is degraded.
    reasons: Vec<String>,
    /// Seconds since the last batch was answered.
    last_batch_age_seconds: Option<f64>,
    /// Seconds since the oldest waiting job became due.
    oldest_waiting_seconds: Option<f64>,
    /// Where events are kept.
    #[schema(value_type = String, example = "embedded")]
    backend: &'static str,
    /// The breaker of each account.
    #[schema(value_type = BTreeMap<String, String>)]
    breakers: BTreeMap<String, &'static str>,
    /// The credentials of each account.
    tokens: Vec<TokenView>,
}

/// The state of credentials in one word.
fn credential_word(state: CredentialState) -> &'static str {
    match state {
        CredentialState::Valid => "valid",
        CredentialState::ExpiresSoon => "expiresSoon",
        CredentialState::Expired => "expired",
        CredentialState::Invalid => "invalid",
        CredentialState::Disconnected => "disconnected",
        CredentialState::Unknown => "unknown",
    }
}

impl From<TokenStatus> for TokenView {
    fn from(token: TokenStatus) -> Self {
        TokenView {
            account: token.account.to_string(),
            tenant: token.tenant.to_string(),
            platform: token.platform,
            state: credential_word(token.state),
            detail: token.detail,
            expires_at: token.expires_at,
            checked_at: token.checked_at,
        }
    }
}

impl StatsView {
    pub(crate) fn new(
        stats: PixelStats,
        from: Timestamp,
        to: Timestamp,
        interval_seconds: u64,
    ) -> StatsView {
        let series = stats.series.into_iter();
        StatsView {
            from,
            to,
            interval_seconds,
            platforms: platforms(stats.platforms),
            series: series
                .map(|(at, each)| StepView {
                    at,
                    platforms: platforms(each),
                })
                .collect(),
        }
    }
}

fn platforms(each: BTreeMap<String, PlatformStats>) -> BTreeMap<String, PlatformView> {
    each.into_iter()
        .map(|(name, stats)| (name, stats.into()))
        .collect()
}

impl From<PlatformStats> for PlatformView {
    fn from(s: PlatformStats) -> Self {
        PlatformView {
            received: s.received,
            withheld: s.withheld,
            duplicates: s.duplicates,
            rejected: s.rejected,
            queued: s.queued,
            sent: s.sent,
            failed: s.failed,
            dead: s.dead,
            expired: s.expired,
            retried: s.retried,
            requests: s.requests,
            events_per_request: s.events_per_request,
            requests_saved: s.requests_saved,
            success_rate: s.success_rate,
            latency_ms: s.latency.into(),
            last_error: s.last_error,
        }
    }
}

impl HealthView {
    pub(crate) fn new(health: PixelHealth, tokens: Vec<TokenStatus>) -> HealthView {
        let breakers = health.breakers.into_iter();
        HealthView {
            status: health.status,
            reasons: health.reasons,
            last_batch_age_seconds: health.last_batch_age_seconds,
            oldest_waiting_seconds: health.oldest_waiting_seconds,
            backend: health.backend,
            breakers: breakers
                .map(|(account, state)| (account.to_string(), state))
                .collect(),
            tokens: tokens.into_iter().map(TokenView::from).collect(),
        }
    }
}
