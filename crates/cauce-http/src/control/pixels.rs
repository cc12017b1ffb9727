//! The pixels part: tokens, statistics, health.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use cauce_destinations::pixel::Platform;
use cauce_engine::status::{StatsQuery, TokenStatus};
use cauce_flow::{
    id::{AccountName, TenantId},
    time::Timestamp,
};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{answer::Json, queues::OfTenant};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    problem::{Fault, Problem},
    query::Query,
    wire::{
        Page,
        pixel::{HealthView, StatsView, TokenView},
    },
};

/// The range where the caller does not say.
const DEFAULT_RANGE: Duration = Duration::from_secs(24 * 60 * 60);
/// Most steps of a series.
const MAX_STEPS: u128 = 2_000;
/// Steps of a series where the caller does not say how long they are.
const DEFAULT_STEPS: u32 = 96;
const MIN_INTERVAL: Duration = Duration::from_secs(60);
/// Accounts that are checked at the same time.
const MAX_CHECKS: usize = 8;

/// List what is known of each account's credentials.
#[utoipa::path(
    get, path = "/api/pixels/tokens", tag = "pixels", operation_id = "listTokens",
    params(OfTenant),
    responses((status = 200, description = "Every account of the pixels part.", body = Page<TokenView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn tokens(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let tokens = app
        .engine
        .tokens(&caller.scope(of.tenant.as_ref())?)
        .into_iter();
    Ok(Json(Page::whole(tokens.map(TokenView::from).collect())))
}

/// Which credentials to check; without a name, all.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Verify {
    /// Of this account alone.
    #[schema(value_type = Option<String>)]
    account: Option<AccountName>,
    /// Of this platform alone: `meta`, `google`, `linkedin` or `tiktok`.
    #[schema(value_type = Option<String>)]
    platform: Option<String>,
}

/// Check credentials with their platforms now.
#[utoipa::path(
    post, path = "/api/pixels/tokens/verify", tag = "pixels", operation_id = "verifyTokens",
    params(OfTenant),
    request_body = Verify,
    responses((status = 200, description = "What was found for each account.", body = Page<TokenView>)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn verify(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<Verify>,
) -> Result<Json<Page<TokenView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    if let Some(name) = &body.platform {
        let fault = |error: cauce_destinations::pixel::ParsePlatformError| {
            Problem::invalid(vec![Fault::at("/platform", error.to_string())])
        };
        name.parse::<Platform>().map_err(fault)?;
    }
    let wanted = |token: &TokenStatus| {
        body.account
            .as_ref()
            .is_none_or(|name| *name == token.account)
            && body
                .platform
                .as_ref()
                .is_none_or(|name| name == token.platform)
    };
    let accounts: Vec<AccountName> = app
        .engine
        .tokens(&scope)
        .into_iter()
        .filter(wanted)
        .map(|token| token.account)
        .collect();
    if let (Some(name), []) = (&body.account, &accounts[..]) {
        return Err(Problem::not_found("account", name.as_str()));
    }
    let object = body
        .account
        .as_ref()
        .map_or("all", AccountName::as_str)
        .to_owned();
    let deed = Deed {
        verb: "tokens.verify",
        object,
        tenant: caller.target(of.tenant.as_ref())?,
    };
    let work = async {
        let (engine, scope) = (&app.engine, &scope);
        let checks = accounts
            .into_iter()
            .map(|account| async move { engine.test_destination(&account, scope).await });
        let found = stream::iter(checks)
            .buffered(MAX_CHECKS)
            .collect::<Vec<_>>()
            .await;
        Ok(found.into_iter().flatten().map(TokenView::from).collect())
    };
    app.audited(&caller, deed, work)
        .await
        .map(|items| Json(Page::whole(items)))
}

/// Over which range, and in which steps.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Range {
    /// From here: RFC 3339 or epoch milliseconds; without it, a day before `to`.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To before here; without it, now.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// Of this platform alone: `meta`, `google`, `linkedin` or `tiktok`.
    platform: Option<String>,
    /// The length of one step: `1m`, `15m`, `1h`, `1d`; without it, about a hundredth of the range.
    #[param(example = "15m")]
    interval: Option<String>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// Statistics of the pixels part: totals by platform, and the same as a series.
#[utoipa::path(
    get, path = "/api/pixels/stats", tag = "pixels", operation_id = "getPixelStats",
    params(Range),
    responses((status = 200, description = "The statistics.", body = StatsView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn stats(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(range): Query<Range>,
) -> Result<Json<StatsView>, Problem> {
    let tenant = caller.target(range.tenant.as_ref())?;
    let query = checked(range, tenant, app.engine.now())?;
    let (from, to, seconds) = (query.from, query.to, query.interval.as_secs());
    let stats = app.engine.pixel_stats(query).await?;
    Ok(Json(StatsView::new(stats, from, to, seconds)))
}

fn checked(range: Range, tenant: Option<TenantId>, now: Timestamp) -> Result<StatsQuery, Problem> {
    let to = range.to.unwrap_or(now);
    let from = range.from.unwrap_or(to - DEFAULT_RANGE);
    if from >= to {
        return Err(Problem::bad_parameter("from", "lies not before `to`"));
    }
    if let Some(name) = &range.platform {
        name.parse::<Platform>()
            .map_err(|error| Problem::bad_parameter("platform", error.to_string()))?;
    }
    let span = to.since(from);
    let interval = match &range.interval {
        Some(text) => interval(text)?,
        None => whole_minutes(span / DEFAULT_STEPS),
    };
    if span.as_millis().div_ceil(interval.as_millis()) > MAX_STEPS {
        let what = format!("makes more than {MAX_STEPS} steps of the range; use longer steps");
        return Err(Problem::bad_parameter("interval", what));
    }
    Ok(StatsQuery {
        tenant,
        from,
        to,
        platform: range.platform,
        interval,
    })
}

/// Statistics are kept by the minute, so a step is made of whole minutes.
fn interval(text: &str) -> Result<Duration, Problem> {
    let fault = || {
        Problem::bad_parameter(
            "interval",
            "write whole minutes, hours or days: 1m, 15m, 1h, 1d",
        )
    };
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<u64>().ok());
    let duration = match days {
        Some(days) => Duration::from_secs(days.checked_mul(86_400).ok_or_else(fault)?),
        None => {
            let parsed: SignedDuration = text.parse().map_err(|_| fault())?;
            Duration::try_from(parsed).map_err(|_| fault())?
        }
    };
    let whole = duration.subsec_nanos() == 0 && duration.as_secs().is_multiple_of(60);
    (whole && duration >= MIN_INTERVAL)
        .then_some(duration)
        .ok_or_else(fault)
}

fn whole_minutes(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs().div_ceil(60).max(1) * 60)
}

/// The health of the pixels part.
#[utoipa::path(
    get, path = "/api/pixels/health", tag = "pixels", operation_id = "getPixelHealth",
    params(OfTenant),
    responses((status = 200, description = "How the pixels part does.", body = HealthView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn health(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<HealthView>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let health = app.engine.pixel_health(&scope);
    Ok(Json(HealthView::new(health, app.engine.tokens(&scope))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

    fn range(from: Option<i64>, interval: Option<&str>) -> Range {
        Range {
            from: from.map(Timestamp::from_millis),
            to: None,
            platform: None,
            interval: interval.map(str::to_owned),
            tenant: None,
        }
    }

    #[test]
    fn range_is_the_last_day_in_quarters_of_an_hour_unless_told_otherwise() {
        let query = checked(range(None, None), None, NOW).unwrap();
        assert_eq!((query.from, query.to), (NOW - DEFAULT_RANGE, NOW));
        assert_eq!(query.interval, Duration::from_secs(15 * 60));
    }

    #[test]
    fn steps_are_whole_minutes_and_not_too_many() {
        for (text, seconds) in [
            ("1m", 60),
            ("90m", 5_400),
            ("1h", 3_600),
            ("1h 30m", 5_400),
            ("2d", 172_800),
        ] {
            assert_eq!(
                interval(text).unwrap(),
                Duration::from_secs(seconds),
                "{text}"
            );
        }
        for text in [
            "",
            "0m",
            "30s",
            "61s",
            "-1h",
            "1 fortnight",
            "x",
            "999999999999999999d",
        ] {
            assert!(interval(text).is_err(), "{text}");
        }
        assert!(checked(range(Some(0), Some("1m")), None, NOW).is_err());
        assert!(checked(range(Some(NOW.as_millis()), None), None, NOW).is_err());
    }
}
