//! What to expect of the next days, and which hours were unlike the others.

use std::sync::Arc;

use axum::extract::State;
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_observe::analytics::{forecast::Unusual, outlook};
use cauce_store::analytics::Metric;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::range::{owner, zone};
use crate::{app::App, auth::Caller, control::answer::Json, problem::Problem, query::Query};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Days that are told where the caller does not say, and at most.
const DAYS: u32 = 7;
const MAX_DAYS: u32 = 31;
/// Hours are judged for so many days back.
const JUDGED_DAYS: i64 = 7;

/// Which forecast.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// What is told: `messagesSent` or `messagesReceived`; without it, `messagesSent`.
    #[param(example = "messagesSent")]
    metric: Option<String>,
    /// How many days: from 1 to 31; without it, 7.
    #[param(minimum = 1, maximum = 31, example = 7)]
    days: Option<u32>,
    /// The time zone of hours and days; without it, UTC.
    #[param(example = "Europe/Madrid")]
    time_zone: Option<String>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// What to expect. All of it is estimated.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsForecast)]
pub(crate) struct ForecastView {
    /// What is told.
    #[schema(value_type = String, example = "messagesSent")]
    metric: &'static str,
    /// The time zone of hours and days.
    time_zone: String,
    /// Always true: an expectation is the median of the same hour of the week, in up to 8 weeks.
    estimated: bool,
    /// Weeks of the past that there are; three are needed.
    weeks: usize,
    /// The next days, from tomorrow on.
    days: Vec<DayView>,
    /// How far such expectations were off on the past; null where there is too little of it.
    past_error: Option<PastErrorView>,
    /// Hours of the last seven days that were unlike the same hours of the weeks before.
    unusual_hours: Vec<UnusualView>,
}

/// A day to come.
#[derive(Serialize, ToSchema)]
#[schema(as = ForecastDay)]
pub(crate) struct DayView {
    /// Its start.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What to expect; null where there is too little past.
    expected: Option<f64>,
}

/// How far expectations were off.
#[derive(Serialize, ToSchema)]
#[schema(as = ForecastError)]
pub(crate) struct PastErrorView {
    /// All misses by day, as a share of what came.
    share: f64,
    /// Weeks that were told from those before them.
    weeks: usize,
}

/// An hour that was unlike the others.
#[derive(Serialize, ToSchema)]
#[schema(as = UnusualHour)]
pub(crate) struct UnusualView {
    /// Its start.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What was counted.
    count: u64,
    /// What was to be expected.
    expected: f64,
}

/// What to expect of the next days, and unusual hours of the last ones.
#[utoipa::path(
    get, path = "/api/analytics/forecast", tag = "analytics",
    operation_id = "getAnalyticsForecast",
    params(Wanted),
    responses((status = 200, description = "The forecast.", body = ForecastView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn forecast(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<ForecastView>, Problem> {
    let tenant = owner(&caller, wanted.tenant.as_ref())?;
    let (zone, time_zone) = zone(&app, wanted.time_zone.as_deref())?;
    let (name, metric) = metric(wanted.metric.as_deref())?;
    let count = wanted.days.unwrap_or(DAYS);
    if !(1..=MAX_DAYS).contains(&count) {
        let what = format!("write from 1 to {MAX_DAYS} days");
        return Err(Problem::bad_parameter("days", what));
    }
    let now = app.engine.now().as_millis();
    let past = app.engine.past(&tenant, metric, &zone, now).await?;
    let days = outlook::days_after(now, count as usize, &past, &zone);
    Ok(Json(ForecastView {
        metric: name,
        time_zone,
        estimated: true,
        weeks: past.weeks(),
        days: days.into_iter().map(day).collect(),
        past_error: past.error().map(|error| PastErrorView {
            share: error.share,
            weeks: error.weeks,
        }),
        unusual_hours: past
            .unusual(now - JUDGED_DAYS * DAY_MS)
            .into_iter()
            .map(UnusualView::from)
            .collect(),
    }))
}

impl From<Unusual> for UnusualView {
    fn from(unusual: Unusual) -> UnusualView {
        UnusualView {
            at: Timestamp::from_millis(unusual.hour.at),
            count: unusual.hour.count,
            expected: unusual.expected,
        }
    }
}

fn metric(name: Option<&str>) -> Result<(&'static str, Metric), Problem> {
    match name {
        None | Some("messagesSent") => Ok(("messagesSent", Metric::MessagesSent)),
        Some("messagesReceived") => Ok(("messagesReceived", Metric::MessagesReceived)),
        Some(_) => Err(Problem::bad_parameter(
            "metric",
            "write messagesSent or messagesReceived",
        )),
    }
}

fn day((at, expected): (i64, Option<f64>)) -> DayView {
    DayView {
        at: Timestamp::from_millis(at),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_without_a_forecast_are_refused() {
        assert_eq!(
            metric(Some("x")).unwrap_err().code.as_str(),
            "bad_parameter"
        );
    }
}
