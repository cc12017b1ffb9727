//! How fast messages leave and arrive.

use cauce_observe::analytics::{calendar::Range, figures::PerformanceFigures};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Before, ComparisonView, DurationsView, Headline, NamedCount, RangeView, named, some};

/// How fast messages leave and arrive.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PerformanceAnalytics)]
pub(crate) struct PerformanceView {
    #[serde(flatten)]
    range: RangeView,
    /// Messages sent.
    sent: u64,
    /// Messages sent a minute, on average over the range.
    per_minute: f64,
    /// The most that were sent in one minute; null where minutes are not kept any more.
    busiest_minute: Option<u64>,
    /// From when a message was due until its provider had it. Of messages that Cauce sent.
    to_provider: DurationsView,
    /// From when a message was due until it was delivered, by the provider's clock, which may tell
    /// whole seconds. Of messages that Cauce sent.
    to_delivered: DurationsView,
    /// Attempts that failed.
    failed_attempts: u64,
    /// Attempts that were not the first of their message.
    retries: u64,
    /// Attempts that failed, by error.
    errors: Vec<NamedCount>,
    /// The range before.
    previous: ComparisonView,
}

fn performance_in_short(figures: &PerformanceFigures) -> Headline {
    vec![
        ("sent", some(figures.sent)),
        ("toProviderMeanMs", figures.to_provider.mean_ms()),
        ("toProviderP95Ms", figures.to_provider.quantile_ms(0.95)),
        ("toDeliveredMeanMs", figures.to_delivered.mean_ms()),
        ("failedAttempts", some(figures.failed_attempts)),
        ("retries", some(figures.retries)),
    ]
}

impl PerformanceView {
    /// The figures of a range and of the one before.
    pub(crate) fn new(
        (range, before): (Range, Before),
        [own, previous]: [PerformanceFigures; 2],
    ) -> PerformanceView {
        let (now, then) = (performance_in_short(&own), performance_in_short(&previous));
        let minutes = (range.to - range.from) as f64 / 60_000.0;
        PerformanceView {
            range: range.into(),
            sent: own.sent,
            per_minute: own.sent as f64 / minutes,
            busiest_minute: own.busiest_minute,
            to_provider: (&own.to_provider).into(),
            to_delivered: (&own.to_delivered).into(),
            failed_attempts: own.failed_attempts,
            retries: own.retries,
            errors: named(own.errors),
            previous: ComparisonView::new(before, now, then),
        }
    }
}
