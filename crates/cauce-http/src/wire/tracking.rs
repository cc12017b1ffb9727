//! Tracked events in, and what became of them out.

use std::{collections::BTreeMap, time::Duration};

use cauce_engine::tracking::Outcome;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Fault;

/// Events of one site. They are read by `ingest::tracking`; these types stand for them in the
/// document.
#[derive(ToSchema)]
#[schema(as = TrackingEvents, rename_all = "camelCase")]
#[expect(dead_code, reason = "stands for the body in the OpenAPI document")]
pub(crate) struct Events {
    /// Whose events they are. Only a key for all tenants needs it.
    #[schema(example = "acme")]
    tenant_id: Option<String>,
    /// The site. A public write key knows it.
    #[schema(format = "uuid")]
    site_id: Option<String>,
    /// When the batch was sent, by the clock that made the times of its events: a clock that is
    /// wrong is corrected by it.
    #[schema(format = DateTime)]
    sent_at: Option<String>,
    /// What the visitor allowed; without it, the default of the server holds.
    consent: Option<TrackingConsent>,
    /// The events.
    #[schema(min_items = 1, max_items = 1000)]
    events: Vec<TrackingEvent>,
}

/// What a visitor allowed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "stands for the body in the OpenAPI document")]
pub(crate) struct TrackingConsent {
    /// To be counted: `granted` or `denied`.
    #[schema(example = "granted")]
    analytics: Option<String>,
}

/// One event.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "stands for the body in the OpenAPI document")]
pub(crate) struct TrackingEvent {
    /// Its identity, by which a repeat within 24 hours is recognised; made if it is missing.
    #[schema(format = "uuid")]
    event_id: Option<String>,
    /// Who did it: a browser, not a person.
    #[schema(format = "uuid")]
    visitor_id: String,
    /// The visit that it belongs to.
    #[schema(format = "uuid")]
    session_id: String,
    /// What it is: `PAGE_VIEW`, `CLICK`, or a name of the site's own.
    #[schema(min_length = 1, max_length = 64, example = "PAGE_VIEW")]
    event_type: String,
    /// What else is known of it. `url` and `referrer` are counted in the statistics.
    #[schema(value_type = Option<Object>)]
    metadata: Option<String>,
    /// When it happened: RFC 3339 or epoch milliseconds; without it, when it was received.
    #[schema(format = DateTime)]
    occurred_at: Option<String>,
    /// What the visitor allowed when it happened; without it, what the batch says.
    consent: Option<TrackingConsent>,
}

/// What became of the events of one call. `received` is the sum of `processed`, `discarded`,
/// `duplicates`, `withheld` and `rejected`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingTaken)]
pub(crate) struct Taken {
    /// Events handed in.
    received: u32,
    /// Events kept, those counted in `merged` too.
    processed: u32,
    /// Events left out by the sampling of their kind.
    discarded: u32,
    /// Events that were received within 24 hours before.
    duplicates: u32,
    /// Of the kept ones, those that only raised the count of an equal event within a minute.
    merged: u32,
    /// Events that may not be kept: without consent, or of a visitor that was erased.
    withheld: u32,
    /// The bad events, where the good ones were taken without them.
    rejected: Vec<Rejected>,
    /// Kinds of which less is kept than their rule says, because the tenant nears what it may
    /// hand in: the rate in percent.
    #[schema(example = json!({}))]
    sampled_harder: BTreeMap<String, f64>,
    /// Events that wait in the buffer.
    buffer_size: usize,
    /// What it took, in milliseconds.
    duration_ms: f64,
}

/// A bad event.
#[derive(Serialize, ToSchema)]
#[schema(as = TrackingRejected)]
pub(crate) struct Rejected {
    /// Its place in the call, from 0.
    index: usize,
    /// What is wrong with it.
    errors: Vec<Fault>,
}

impl Taken {
    pub(crate) fn new(outcome: Outcome, bad: Vec<(usize, Vec<Fault>)>, took: Duration) -> Taken {
        let rejected = bad.into_iter();
        let harder = outcome.pressed.into_iter();
        Taken {
            received: outcome.received,
            processed: outcome.stored + outcome.merged,
            discarded: outcome.sampled_out,
            duplicates: outcome.duplicates,
            merged: outcome.merged,
            withheld: outcome.withheld,
            rejected: rejected
                .map(|(index, errors)| Rejected { index, errors })
                .collect(),
            sampled_harder: harder
                .map(|(kind, rate)| (kind.to_string(), rate))
                .collect(),
            buffer_size: outcome.buffered,
            duration_ms: (took.as_secs_f64() * 1e6).round() / 1e3,
        }
    }
}
