//! How events are sampled, event type by event type.

use std::sync::Arc;

use axum::extract::State;
use cauce_engine::tracking::SetRuleError;
use cauce_flow::{event::EventKind, shape::sampler::Rule};
use serde::Deserialize;
use utoipa::ToSchema;

use super::one_tenant;
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    control::{answer::Json, queues::OfTenant},
    problem::{Code, Fault, Problem},
    query::{Query, Segment},
    wire::{Page, tracking_out::ThrottlingView},
};

/// List how events are sampled.
#[utoipa::path(
    get, path = "/tracking-v2/throttling", tag = "tracking", operation_id = "listThrottling",
    params(OfTenant),
    responses((status = 200, description = "Every event type that has a rule. All others are kept.", body = Page<ThrottlingView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<ThrottlingView>>, Problem> {
    let tenant = one_tenant(&caller, of.tenant.as_ref())?;
    let rules = app.engine.tracking().rules(&tenant).into_iter();
    Ok(Json(Page::whole(rules.map(ThrottlingView::from).collect())))
}

/// How the events of a type shall be sampled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = ThrottlingRequest)]
pub(crate) struct Wanted {
    /// What share is kept, in percent.
    #[schema(minimum = 0, maximum = 100, example = 50)]
    sampling_rate: f64,
    /// Keeps all, whatever the rate, and also near the tenant's limit.
    #[serde(default)]
    always_keep: bool,
}

/// Set how the events of a type are sampled, at once and for good.
#[utoipa::path(
    put, path = "/tracking-v2/throttling/{eventType}", tag = "tracking", operation_id = "setThrottling",
    params(("eventType" = String, Path, description = "The event type."), OfTenant),
    request_body = Wanted,
    responses((status = 200, description = "What holds from here on.", body = ThrottlingView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(kind): Segment<EventKind>,
    Query(of): Query<OfTenant>,
    body::Json(wanted): body::Json<Wanted>,
) -> Result<Json<ThrottlingView>, Problem> {
    let rule = Rule::new(wanted.sampling_rate, wanted.always_keep)
        .map_err(|error| Problem::invalid(vec![Fault::at("/samplingRate", error.to_string())]))?;
    change(&app, &caller, kind, &of, Some(rule)).await
}

/// Put the sampling of an event type back to its default.
#[utoipa::path(
    delete, path = "/tracking-v2/throttling/{eventType}", tag = "tracking", operation_id = "resetThrottling",
    params(("eventType" = String, Path, description = "The event type."), OfTenant),
    responses((status = 200, description = "What holds from here on.", body = ThrottlingView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn reset(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(kind): Segment<EventKind>,
    Query(of): Query<OfTenant>,
) -> Result<Json<ThrottlingView>, Problem> {
    change(&app, &caller, kind, &of, None).await
}

async fn change(
    app: &App,
    caller: &Caller,
    kind: EventKind,
    of: &OfTenant,
    rule: Option<Rule>,
) -> Result<Json<ThrottlingView>, Problem> {
    let tenant = one_tenant(caller, of.tenant.as_ref())?;
    let deed = Deed {
        verb: match rule {
            Some(_) => "throttling.set",
            None => "throttling.reset",
        },
        object: kind.to_string(),
        tenant: Some(tenant.clone()),
    };
    let work = async {
        let (tracking, now) = (app.engine.tracking(), app.engine.now());
        let set = tracking.set_rule(&tenant, &kind, rule, now).await;
        set.map_err(|error| match error {
            SetRuleError::TooMany(error) => Problem::new(Code::WrongState, error.to_string()),
            SetRuleError::Store(error) => error.into(),
        })
    };
    let view = app.audited(caller, deed, work).await?;
    Ok(Json(view.into()))
}
