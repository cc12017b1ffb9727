//! Statistics and health of tracking.

use std::sync::Arc;

use axum::extract::State;
use cauce_events::store::{Interval, StatsQuery};
use cauce_flow::{event::SiteId, id::TenantId, time::Timestamp};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::range;
use crate::{
    app::App,
    auth::Caller,
    control::answer::Json,
    problem::Problem,
    query::{Query, Segment},
    wire::{tracking_health::HealthView, tracking_out::StatsView},
};

/// Most steps of a series.
const MAX_STEPS: u128 = 10_000;
/// Most top pages and referrers.
const MAX_TOP: usize = 100;
const DEFAULT_TOP: usize = 10;

/// Over which range, of what, and in which steps.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Asked {
    /// From here: RFC 3339 or epoch milliseconds; without it, a day before `to`.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To before here; without it, now.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// Of this site alone.
    site_id: Option<String>,
    /// The step of the series; without it, there is none.
    #[param(inline)]
    interval: Option<Step>,
    /// How many pages and referrers.
    #[param(minimum = 1, maximum = 100, example = 10)]
    top: Option<u32>,
}

/// The step of a series, in UTC.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Step {
    Minute,
    Hour,
    Day,
}

/// Statistics of a tenant's tracked events.
///
/// Events of bots are counted apart. Sampled events stand for several; the estimates undo that.
#[utoipa::path(
    get, path = "/tracking-v2/stats/tenant/{tenantId}", tag = "tracking", operation_id = "getTrackingStats",
    params(("tenantId" = String, Path, description = "The tenant."), Asked),
    responses((status = 200, description = "The statistics.", body = StatsView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn stats(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(tenant): Segment<TenantId>,
    Query(asked): Query<Asked>,
) -> Result<Json<StatsView>, Problem> {
    caller.scope(Some(&tenant))?;
    let query = checked(asked, tenant, app.engine.now())?;
    let (from, to) = (query.from, query.to);
    let stats = app.engine.tracking().stats(query).await?;
    Ok(Json(StatsView::new(stats, from, to)))
}

fn checked(asked: Asked, tenant: TenantId, now: Timestamp) -> Result<StatsQuery, Problem> {
    let (from, to) = range(asked.from, asked.to, now)?;
    let interval = asked.interval.map(|step| match step {
        Step::Minute => (Interval::Minute, 60_000),
        Step::Hour => (Interval::Hour, 3_600_000),
        Step::Day => (Interval::Day, 86_400_000),
    });
    if interval.is_some_and(|(_, ms)| to.since(from).as_millis().div_ceil(ms) > MAX_STEPS) {
        let what = format!("makes more than {MAX_STEPS} steps of the range; use longer steps");
        return Err(Problem::bad_parameter("interval", what));
    }
    let max_top = asked.top.map_or(DEFAULT_TOP, |top| top as usize);
    if !(1..=MAX_TOP).contains(&max_top) {
        return Err(Problem::bad_parameter(
            "top",
            format!("from 1 to {MAX_TOP}"),
        ));
    }
    Ok(StatsQuery {
        tenant,
        site: site(asked.site_id.as_deref())?,
        from,
        to,
        interval: interval.map(|(interval, _)| interval),
        max_top,
    })
}

/// A site in a parameter.
pub(super) fn site(text: Option<&str>) -> Result<Option<SiteId>, Problem> {
    let parsed = text.map(str::parse).transpose();
    parsed.map_err(|error: cauce_flow::event::ParseIdError| {
        Problem::bad_parameter("siteId", error.to_string())
    })
}

/// The health of tracking.
///
/// A key of one tenant sees what holds for all: how full the buffer is and whether files are
/// written. The counters are the tenant's own.
#[utoipa::path(
    get, path = "/tracking-v2/health", tag = "tracking", operation_id = "getTrackingHealth",
    responses((status = 200, description = "How tracking does.", body = HealthView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn health(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<HealthView>, Problem> {
    let tracking = app.engine.tracking();
    let counters = tracking.counters(caller.tenant());
    let health = tracking.health();
    Ok(Json(HealthView::new(
        health,
        tracking.exported(),
        counters,
        caller.tenant().is_none(),
    )))
}
