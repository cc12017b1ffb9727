//! Alerts: which fire and which there were, by which rules, and who is told.

use std::{str::FromStr, sync::Arc};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::alerts::Refusal;
use cauce_flow::id::TenantId;
use cauce_observe::alert::{Kind, Severity};
use cauce_store::control::alerts::{Alert, Filter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{answer::Json, queues::OfTenant};
use crate::{
    app::{App, Deed},
    auth::Caller,
    cursor,
    problem::{Code, Problem},
    query::{Limit, Query, Segment},
    wire::{
        Page,
        alert::{AlertView, ChannelView, RuleView, Stands, TestView},
    },
};

/// Which alerts to list: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Those that fire, or those that are over.
    #[param(inline)]
    state: Option<Stands>,
    /// Of this kind.
    #[param(example = "dead_letters")]
    kind: Option<String>,
    /// Of this severity: `warning` or `critical`.
    #[param(example = "critical")]
    severity: Option<String>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List alerts, newest first: those that fire and those that are over.
///
/// What concerns all tenants is seen with a key for all of them.
#[utoipa::path(
    get, path = "/api/alerts", tag = "alerts", operation_id = "listAlerts",
    params(Filters),
    responses((status = 200, description = "One page of alerts.", body = Page<AlertView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<AlertView>>, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    let kind = checked::<Kind>("kind", filters.kind)?;
    let severity = checked::<Severity>("severity", filters.severity)?;
    let limit = filters.limit.0;
    let filter = Filter {
        scope,
        firing: filters.state.map(|state| matches!(state, Stands::Firing)),
        kind,
        severity,
        before: filters.cursor.as_deref().map(cursor::row).transpose()?,
        // One more tells whether there is a next page.
        limit: limit + 1,
    };
    let mut alerts = app.engine.alerts(filter).await?;
    let more = alerts.len() > limit;
    alerts.truncate(limit);
    let last = alerts.last().filter(|_| more);
    Ok(Json(Page {
        next_cursor: last.map(|alert| cursor::of_row(alert.id)),
        items: alerts.into_iter().map(AlertView::from).collect(),
    }))
}

/// A word that has to be one of its kind.
fn checked<T: FromStr<Err: ToString>>(
    name: &'static str,
    text: Option<String>,
) -> Result<Option<String>, Problem> {
    if let Some(text) = &text
        && let Err(error) = text.parse::<T>()
    {
        return Err(Problem::bad_parameter(name, error.to_string()));
    }
    Ok(text)
}

/// Say that you know of an alert: it is not repeated, and its end is still told.
#[utoipa::path(
    post, path = "/api/alerts/{id}/acknowledge", tag = "alerts", operation_id = "acknowledgeAlert",
    params(("id" = String, Path, description = "The alert.")),
    responses((status = 200, description = "The alert as it is now.", body = AlertView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
) -> Result<Json<AlertView>, Problem> {
    let deed = Deed {
        verb: "alert.acknowledge",
        object: id.chars().take(40).collect(),
        tenant: None,
    };
    let work = async {
        let (scope, who) = (caller.scope(None)?, caller.key.name.as_str());
        let number = number(&id).ok_or_else(|| Problem::not_found("alert", &id))?;
        let known = app.engine.acknowledge_alert(number, scope, who).await;
        known.map_err(|refusal| refused(refusal, "alert", &id))
    };
    let of = |alert: &Alert, deed: &mut Deed| deed.tenant.clone_from(&alert.tenant);
    let alert = app.audited_of(&caller, deed, work, of).await?;
    Ok(Json(AlertView::from(alert)))
}

/// List the rules that alerts fire by.
///
/// A channel that is told everybody's alerts is named to a key for all tenants.
#[utoipa::path(
    get, path = "/api/alerts/rules", tag = "alerts", operation_id = "listAlertRules",
    params(OfTenant),
    responses((status = 200, description = "Every rule.", body = Page<RuleView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn rules(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<RuleView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let channels = app.engine.alert_channels(&scope).into_iter();
    let visible = channels.map(|(channel, _)| channel.name).collect();
    let rules = app.engine.alert_rules().into_iter();
    let views = rules.map(|rule| RuleView::new(rule, &visible));
    Ok(Json(Page::whole(views.collect())))
}

/// List the channels that alerts are told to, and how they do.
///
/// A channel that is told everybody's alerts is seen with a key for all tenants.
#[utoipa::path(
    get, path = "/api/alerts/channels", tag = "alerts", operation_id = "listAlertChannels",
    params(OfTenant),
    responses((status = 200, description = "Every channel.", body = Page<ChannelView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn channels(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let channels = app.engine.alert_channels(&scope).into_iter();
    let views = channels.map(|(channel, line)| ChannelView::new(channel, line));
    Ok(Json(Page::whole(views.collect())))
}

/// Send a message to a channel that only shows that it works.
#[utoipa::path(
    post, path = "/api/alerts/channels/{name}/test", tag = "alerts", operation_id = "testAlertChannel",
    params(("name" = String, Path, description = "The channel.")),
    responses((status = 202, description = "It is on its way.", body = TestView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(name): Segment<String>,
) -> Result<Response, Problem> {
    let shown: String = name.chars().take(64).collect();
    let deed = Deed {
        verb: "alert.test",
        object: shown.clone(),
        tenant: None,
    };
    let work = async {
        let scope = caller.scope(None)?;
        let jobs = app.engine.test_alert_channel(&name, &scope).await;
        jobs.map_err(|refusal| refused(refusal, "channel", &shown))
    };
    let jobs = app.audited(&caller, deed, work).await?;
    let view = TestView {
        jobs: jobs.iter().map(ToString::to_string).collect(),
    };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// The number of an alert, as its id names it.
fn number(id: &str) -> Option<i64> {
    id.strip_prefix("alert_")?.parse().ok()
}

fn refused(refusal: Refusal, kind: &'static str, name: &str) -> Problem {
    match refusal {
        Refusal::NoAlert | Refusal::NoChannel => Problem::not_found(kind, name),
        Refusal::Over => Problem::new(Code::WrongState, refusal.to_string()),
        Refusal::Control(error) => error.into(),
        Refusal::Jobs(error) => error.into(),
    }
}
