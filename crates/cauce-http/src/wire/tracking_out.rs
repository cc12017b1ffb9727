//! Tracked events out: statistics, sampling rules, single events, receipts.

use std::collections::BTreeMap;

use cauce_engine::tracking::{RuleView, Source};
use cauce_events::{
    row::Row,
    store::{Erased, Point, Stats, Top},
};
use cauce_flow::{shape::sampler::Rule, time::Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Statistics of a tenant's events in a range of time. Bots are in `botEvents` alone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingStats)]
pub(crate) struct StatsView {
    /// Events kept, equal ones counted each.
    total_events: u64,
    /// What `totalEvents` stands for, sampling undone.
    estimated_events: f64,
    /// `totalEvents` by event type.
    #[schema(example = json!({"PAGE_VIEW": 120}))]
    events_by_type: BTreeMap<String, u64>,
    /// `estimatedEvents` by event type.
    #[schema(example = json!({"PAGE_VIEW": 120.0}))]
    estimated_by_type: BTreeMap<String, f64>,
    /// Different visitors.
    unique_visitors: u64,
    /// The relative standard error of `uniqueVisitors`; null where it is exact.
    #[schema(required = true)]
    unique_visitors_error: Option<f64>,
    /// Different sessions.
    unique_sessions: u64,
    /// The relative standard error of `uniqueSessions`; null where it is exact.
    #[schema(required = true)]
    unique_sessions_error: Option<f64>,
    /// Events of bots.
    bot_events: u64,
    /// The range.
    date_range: DateRange,
    /// One point for each step, without gaps; empty where no interval was asked for.
    time_series: Vec<PointView>,
    /// Pages, most viewed first.
    top_pages: Vec<TopView>,
    /// Where visitors came from, most frequent first.
    top_referrers: Vec<TopView>,
}

/// From a time to before another.
#[derive(Serialize, ToSchema)]
pub(crate) struct DateRange {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
}

/// One step of a series.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingPoint)]
pub(crate) struct PointView {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Events kept, equal ones counted each.
    events: u64,
    /// What they stand for.
    estimated_events: f64,
}

/// One of the most frequent values.
#[derive(Serialize, ToSchema)]
#[schema(as = TrackingTop)]
pub(crate) struct TopView {
    /// The value.
    value: String,
    /// How many events had it, at least.
    count: u64,
    /// By how much `count` may be too small; 0 where it is exact.
    error: u64,
}

impl StatsView {
    pub(crate) fn new(stats: Stats, from: Timestamp, to: Timestamp) -> StatsView {
        let kinds = || stats.by_kind.iter();
        StatsView {
            total_events: stats.total_events,
            estimated_events: stats.estimated_events,
            events_by_type: kinds()
                .map(|(kind, of)| (kind.to_string(), of.events))
                .collect(),
            estimated_by_type: kinds()
                .map(|(kind, of)| (kind.to_string(), of.estimated))
                .collect(),
            unique_visitors: stats.visitors.count,
            unique_visitors_error: stats.visitors.error,
            unique_sessions: stats.sessions.count,
            unique_sessions_error: stats.sessions.error,
            bot_events: stats.bot_events,
            date_range: DateRange { from, to },
            time_series: stats.series.into_iter().map(PointView::from).collect(),
            top_pages: stats.top_pages.into_iter().map(TopView::from).collect(),
            top_referrers: stats.top_referrers.into_iter().map(TopView::from).collect(),
        }
    }
}

impl From<Point> for PointView {
    fn from(point: Point) -> PointView {
        PointView {
            at: point.at,
            events: point.events,
            estimated_events: point.estimated,
        }
    }
}

impl From<Top> for TopView {
    fn from(top: Top) -> TopView {
        TopView {
            value: top.value,
            count: top.count,
            error: top.error,
        }
    }
}

/// How the events of one type are sampled.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ThrottlingRule)]
pub(crate) struct ThrottlingView {
    /// The event type.
    event_type: String,
    /// What share is kept, in percent.
    sampling_rate: f64,
    /// Whether all are kept, whatever the rate, and also near the tenant's limit.
    always_keep: bool,
    /// Who says so: `tenant`, `configuration` or `default`.
    #[schema(value_type = String, example = "default")]
    source: &'static str,
}

impl From<RuleView> for ThrottlingView {
    fn from(view: RuleView) -> ThrottlingView {
        let Rule {
            sampling_rate,
            always_keep,
        } = view.rule;
        ThrottlingView {
            event_type: view.kind.to_string(),
            sampling_rate,
            always_keep,
            source: match view.source {
                Source::Tenant => "tenant",
                Source::Configuration => "configuration",
                Source::BuiltIn => "default",
            },
        }
    }
}

/// A stored event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StoredEvent)]
pub(crate) struct EventView {
    #[schema(format = "uuid")]
    event_id: String,
    tenant_id: String,
    #[schema(format = "uuid")]
    site_id: String,
    #[schema(format = "uuid")]
    visitor_id: String,
    #[schema(format = "uuid")]
    session_id: String,
    #[schema(example = "PAGE_VIEW")]
    event_type: String,
    /// What else is known of it.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// When the first of the equal events happened.
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Timestamp,
    /// How many equal events it stands for.
    count: u32,
    /// How many true events each of them stands for, because the others were left out by sampling.
    weight: f64,
    /// Whether a bot did it.
    bot: bool,
}

impl From<Row> for EventView {
    fn from(row: Row) -> EventView {
        let metadata = RawValue::from_string(row.metadata.as_str().to_owned());
        EventView {
            event_id: row.id.to_string(),
            tenant_id: row.tenant.to_string(),
            site_id: row.site.to_string(),
            visitor_id: row.visitor.to_string(),
            session_id: row.session.to_string(),
            event_type: row.kind.to_string(),
            // Stored metadata is canonical JSON.
            metadata: metadata.unwrap_or_default(),
            occurred_at: row.occurred_at,
            count: row.count,
            weight: row.weight,
            bot: row.bot,
        }
    }
}

/// That everything which was known of a visitor is gone.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ErasureReceipt)]
pub(crate) struct ReceiptView {
    /// Names this erasure in the audit log, which does not hold the visitor's id.
    #[schema(example = "erasure_3f2b8c1e5d4a4f6b9c8d7e6f5a4b3c2d")]
    id: String,
    /// When it was last asked for. Events of the visitor from before this are refused from here on.
    #[schema(value_type = String, format = DateTime)]
    erased_at: Timestamp,
    /// Rows that were removed.
    rows: u64,
    /// Files that were written anew without them.
    files: u64,
    /// Segments of the log that were deleted.
    segments: u64,
    /// Known ids of events that were forgotten.
    ids: u64,
}

impl ReceiptView {
    pub(crate) fn new(erased: &Erased) -> ReceiptView {
        let removed = erased.removed;
        ReceiptView {
            id: ReceiptView::name(erased.id),
            erased_at: erased.at,
            rows: removed.rows,
            files: removed.files,
            segments: removed.segments,
            ids: removed.ids,
        }
    }

    /// The name of a receipt.
    pub(crate) fn name(id: u128) -> String {
        format!("erasure_{id:032x}")
    }
}
