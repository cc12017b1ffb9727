//! Figures as series: step by step, without gaps, in a time zone.

use std::sync::Arc;

use axum::extract::State;
use cauce_engine::engine::PixelSeriesError;
use cauce_flow::{currency::Currency, id::TenantId, time::Timestamp};
use cauce_observe::analytics::{
    Kind,
    calendar::{Interval, Range},
};
use cauce_store::{analytics::Metric, rollups::Rollup};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::range::{Asked, Checked, asked};
use crate::{app::App, auth::Caller, control::answer::Json, problem::Problem, query::Query};

/// Metrics that are counted.
const COUNTED: [(&str, Metric); 13] = [
    ("messagesSent", Metric::MessagesSent),
    ("messagesReceived", Metric::MessagesReceived),
    ("messagesDelivered", Metric::MessagesDelivered),
    ("messagesRead", Metric::MessagesRead),
    ("messagesFailed", Metric::MessagesFailed),
    ("conversationsStarted", Metric::ConversationsStarted),
    ("conversationsEnded", Metric::ConversationsEnded),
    ("handoffs", Metric::HandOffs),
    ("conversions", Metric::Conversions),
    ("leads", Metric::ConversionsOf(Kind::Lead)),
    ("qualifiedLeads", Metric::ConversionsOf(Kind::QualifiedLead)),
    ("appointments", Metric::ConversionsOf(Kind::Appointment)),
    ("sales", Metric::ConversionsOf(Kind::Sale)),
];
/// Metrics of money, in one currency.
const MONEY: [(&str, OfMoney); 2] = [("revenue", Metric::Revenue), ("cost", Metric::Cost)];
type OfMoney = fn(Currency) -> Metric;

/// Metrics of conversion events for ad platforms.
const PIXELS: [(&str, OfPixels); 7] = [
    ("pixelsReceived", |of| of.received),
    ("pixelsWithheld", |of| of.withheld),
    ("pixelsQueued", |of| of.queued),
    ("pixelsSent", |of| of.sent),
    ("pixelsFailed", |of| of.failed),
    ("pixelsDead", |of| of.dead),
    ("pixelsExpired", |of| of.expired),
];

type OfPixels = fn(&Rollup) -> u64;

/// What a metric is read from.
enum Source {
    Analytics(Metric, Option<Currency>),
    Pixels(OfPixels),
}

/// Which series.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// What is shown: `messagesSent`, `messagesReceived`, `messagesDelivered`, `messagesRead`,
    /// `messagesFailed`, `conversationsStarted`, `conversationsEnded`, `handoffs`, `conversions`,
    /// `leads`, `qualifiedLeads`, `appointments`, `sales`, `revenue`, `cost`; of conversion events for
    /// ad platforms `pixelsReceived`, `pixelsWithheld`, `pixelsQueued`, `pixelsSent`, `pixelsFailed`,
    /// `pixelsDead`, `pixelsExpired`.
    #[param(required = true, value_type = String, example = "messagesSent")]
    metric: Option<String>,
    /// The length of a step: `minute`, `hour`, `day` or `week`; without it, `day`.
    #[param(example = "day")]
    interval: Option<String>,
    /// Of money: the currency, ISO 4217.
    #[param(example = "EUR")]
    currency: Option<String>,
    /// From here: RFC 3339 or epoch milliseconds; without it, 30 days before `to`.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To before here, but not beyond now; without it, now.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// The time zone of hours, days and weeks; without it, UTC.
    #[param(example = "Europe/Madrid")]
    time_zone: Option<String>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// A series: every step that holds a moment of the range, whole.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsSeries)]
pub(crate) struct SeriesView {
    /// What is shown.
    metric: String,
    /// The length of a step.
    #[schema(value_type = String, example = "day")]
    interval: &'static str,
    /// The time zone of the steps.
    time_zone: String,
    /// Of money: the currency, in whose smallest units the values are.
    currency: Option<String>,
    /// All steps together.
    total: i64,
    /// The steps, in order and without gaps.
    points: Vec<PointView>,
}

/// One step.
#[derive(Serialize, ToSchema)]
#[schema(as = AnalyticsPoint)]
pub(crate) struct PointView {
    /// Its start.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was counted in it.
    value: i64,
}

/// A figure as a series.
///
/// The steps are whole: the first may begin before `from`, and the last may end after `to`.
#[utoipa::path(
    get, path = "/api/analytics/timeseries", tag = "analytics",
    operation_id = "getAnalyticsSeries",
    params(Wanted),
    responses((status = 200, description = "The series.", body = SeriesView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn series(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<SeriesView>, Problem> {
    let question = Asked {
        from: wanted.from,
        to: wanted.to,
        time_zone: wanted.time_zone.clone(),
        tenant: wanted.tenant.clone(),
    };
    let (tenant, checked) = asked(&app, &caller, question)?;
    let interval = interval(wanted.interval.as_deref())?;
    let source = source(&wanted)?;
    let minutes_from = app.engine.analytics().minutes_from(app.engine.now());
    let starts = steps(&checked, interval, minutes_from)?;
    let (values, currency) = match source {
        Source::Analytics(metric, currency) => {
            let by_minute = interval == Interval::Minute;
            let series = app.engine.analytics();
            let moments = begun(&starts, app.engine.now());
            let values = series.series(&tenant, metric, moments, by_minute);
            (values.await?, currency)
        }
        Source::Pixels(figure) => {
            let values = app.engine.pixel_series(&tenant, figure, &starts).await;
            (values.map_err(by_hour)?, None)
        }
    };
    let points = starts.iter().zip(&values);
    Ok(Json(SeriesView {
        metric: wanted.metric.unwrap_or_default(),
        interval: interval.as_str(),
        time_zone: checked.zone_name,
        currency: currency.map(|currency| currency.to_string()),
        total: values.iter().sum(),
        points: points
            .map(|(at, value)| PointView {
                at: Timestamp::from_millis(*at),
                value: *value,
            })
            .collect(),
    }))
}

/// The steps up to now: what will be counted in the rest of the last one has not happened yet.
fn begun(starts: &[i64], now: Timestamp) -> Vec<i64> {
    let mut moments = starts.to_vec();
    if let [first, .., last] = &mut moments[..] {
        let (from, to) = (*first, *last);
        *last = Range { from, to }.until(now.as_millis()).to;
    }
    moments
}

fn interval(name: Option<&str>) -> Result<Interval, Problem> {
    let Some(name) = name else {
        return Ok(Interval::Day);
    };
    let names = Interval::ALL.map(Interval::as_str).join(", ");
    Interval::of_name(name)
        .ok_or_else(|| Problem::bad_parameter("interval", format!("write one of {names}")))
}

fn by_hour(error: PixelSeriesError) -> Problem {
    match error {
        PixelSeriesError::ByHour => Problem::bad_parameter(
            "interval",
            format!("{error}; use steps of whole hours, a later `from`, or another zone"),
        ),
        PixelSeriesError::Store(error) => error.into(),
    }
}

fn source(wanted: &Wanted) -> Result<Source, Problem> {
    let name = wanted.metric.as_deref().unwrap_or_default();
    let counted = COUNTED.iter().find(|(own, _)| *own == name);
    let counted = counted.map(|(_, metric)| Source::Analytics(*metric, None));
    let pixels = PIXELS.iter().find(|(own, _)| *own == name);
    let pixels = pixels.map(|(_, figure)| Source::Pixels(*figure));
    if let Some(source) = counted.or(pixels) {
        return match wanted.currency {
            None => Ok(source),
            Some(_) => Err(Problem::bad_parameter(
                "currency",
                "not for a metric that is counted; leave it out",
            )),
        };
    }
    let Some((_, of)) = MONEY.iter().find(|(own, _)| *own == name) else {
        let names = COUNTED.iter().map(|(own, _)| *own);
        let names = names.chain(MONEY.iter().map(|(own, _)| *own));
        let names: Vec<&str> = names.chain(PIXELS.iter().map(|(own, _)| *own)).collect();
        let what = format!("write one of {}", names.join(", "));
        return Err(Problem::bad_parameter("metric", what));
    };
    let code = wanted.currency.as_deref().unwrap_or_default();
    let currency = Currency::new(code).ok_or_else(|| {
        let what = "money is shown in one currency; write its code of ISO 4217, such as EUR";
        Problem::bad_parameter("currency", what)
    })?;
    Ok(Source::Analytics(of(currency), Some(currency)))
}

fn steps(
    asked: &Checked,
    interval: Interval,
    minutes_from: Timestamp,
) -> Result<Vec<i64>, Problem> {
    if interval == Interval::Minute && asked.from < minutes_from {
        let what = format!(
            "minutes are kept from {minutes_from} on (setting analytics.events_kept); use hour, or a later `from`"
        );
        return Err(Problem::bad_parameter("interval", what));
    }
    let (from, to) = (asked.from.as_millis(), asked.to.as_millis());
    let steps = interval.steps(from, to, &asked.zone);
    steps.map_err(|error| {
        let what = format!("{error}; use a longer one, or a shorter range");
        Problem::bad_parameter("interval", what)
    })
}
