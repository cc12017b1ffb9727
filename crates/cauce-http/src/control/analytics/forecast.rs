//! What to expect of the next days, and which hours were unlike the others.

use std::sync::Arc;

use axum::extract::State;
use cauce_flow::{campaign::window::TimeZone, id::TenantId, time::Timestamp};
use cauce_observe::analytics::{
    calendar::{Interval, hour_of_week},
    forecast::{Hour, MAX_WEEKS, Past, Unusual},
};
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
/// Weeks of the past that are looked at: enough to tell some of them from those before.
const WEEKS: i64 = MAX_WEEKS as i64 + 4;
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
    let past = past(&app, &tenant, metric, &zone, now).await?;
    Ok(Json(ForecastView {
        metric: name,
        time_zone,
        estimated: true,
        weeks: past.weeks(),
        days: days(&past, count, &zone, now),
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

/// The whole hours of the last weeks, from the first in which anything was counted.
async fn past(
    app: &App,
    tenant: &TenantId,
    metric: Metric,
    zone: &TimeZone,
    now: i64,
) -> Result<Past, Problem> {
    let mut starts = hours(now - WEEKS * 7 * DAY_MS, now, zone);
    // The hour that is running is not over.
    starts.pop();
    let analytics = app.engine.analytics();
    let counts = analytics.series(tenant, metric, starts.clone(), false);
    let counts = counts.await?;
    let hours = starts.into_iter().zip(counts).filter_map(|(at, count)| {
        Some(Hour {
            at,
            of_week: hour_of_week(at, zone)?,
            count: u64::try_from(count).unwrap_or(0),
        })
    });
    Ok(Past::new(hours.skip_while(|hour| hour.count == 0)))
}

/// The starts of the hours that hold a moment of a range, and the end of the last.
fn hours(from: i64, to: i64, zone: &TimeZone) -> Vec<i64> {
    Interval::Hour.steps(from, to, zone).unwrap_or_default()
}

fn days(past: &Past, count: u32, zone: &TimeZone, now: i64) -> Vec<DayView> {
    let end = now + i64::from(count) * DAY_MS;
    let starts = Interval::Day.steps(now, end, zone).unwrap_or_default();
    let days = starts.windows(2).skip(1).take(count as usize);
    days.map(|day| DayView {
        at: Timestamp::from_millis(day[0]),
        expected: expected(past, day[0], day[1], zone),
    })
    .collect()
}

fn expected(past: &Past, from: i64, to: i64, zone: &TimeZone) -> Option<f64> {
    let starts = hours(from, to, zone);
    let hours = starts.iter().filter(|at| **at < to);
    let each = hours.map(|at| past.expected(hour_of_week(*at, zone)?));
    each.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_to_come_begin_tomorrow_and_follow_the_week() {
        let monday = 1_760_313_600_000;
        let now = monday + 10 * HOUR_MS;
        let hours = (0..4 * 168).map(|number| {
            let at = monday - (4 * 168 - number) * HOUR_MS;
            Hour {
                at,
                of_week: hour_of_week(at, &TimeZone::UTC).unwrap(),
                count: if number % 168 < 24 { 0 } else { 2 },
            }
        });
        let past = Past::new(hours);
        let found = days(&past, 7, &TimeZone::UTC, now);
        let expected: Vec<Option<f64>> = found.iter().map(|day| day.expected).collect();
        let mut wanted = vec![Some(48.0); 7];
        wanted[6] = Some(0.0);
        assert_eq!(expected, wanted);
        assert_eq!(found[0].at.as_millis(), monday + DAY_MS);
        assert_eq!(
            metric(Some("x")).unwrap_err().code.as_str(),
            "bad_parameter"
        );
    }
}
