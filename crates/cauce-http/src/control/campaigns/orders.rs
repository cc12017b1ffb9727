//! What people want of a campaign, and how it does: with the paths and fields of the requirement.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::campaigns::Started;
use cauce_flow::id::GroupName;
use cauce_store::campaigns::campaign::Campaign;

use super::{deed, refused};
use crate::{
    app::{App, Deed},
    auth::Caller,
    control::{answer::Json, queues::OfTenant},
    problem::Problem,
    query::{Query, Segment},
    wire::{
        campaign_status::{MovedView, StartedView, StatusAnswer},
        campaign_system::SystemAnswer,
        campaign_view::CampaignView,
    },
};

/// Start a campaign now.
///
/// The answer comes at once. Its audience is frozen with it: contacts that come later are not part of
/// it. Its messages are made in the background, however many they are, and nobody is sent two.
#[utoipa::path(
    post, path = "/api/campaigns/{id}/start", tag = "campaigns", operation_id = "startCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 202, description = "It starts.", body = StartedView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<Response, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let work = async {
        let started = app.engine.start_campaign(scope, &id).await;
        started.map_err(|refusal| refused(refusal, &id))
    };
    let deed = deed("campaign.start", &id, of.tenant.clone());
    let done = |started: &Started, deed: &mut Deed| deed.is_of(&started.campaign.tenant);
    let started = app.audited_of(&caller, deed, work, done).await?;
    let view = StartedView::from(started);
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// See how a campaign does.
#[utoipa::path(
    get, path = "/api/campaigns/{id}/queue-status", tag = "campaigns", operation_id = "getCampaignQueueStatus",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 200, description = "How it does.", body = StatusAnswer)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<Json<StatusAnswer>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let status = app.engine.campaign_status(scope, &id).await;
    Ok(Json(
        status.map_err(|refusal| refused(refusal, &id))?.into(),
    ))
}

/// Pause a campaign.
///
/// No new attempt starts after the answer; what is in flight is finished.
#[utoipa::path(
    post, path = "/api/campaigns/{id}/queue-pause", tag = "campaigns", operation_id = "pauseCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 200, description = "It waits.", body = MovedView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<Json<MovedView>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let work = async {
        let moved = app.engine.pause_campaign(scope, &id).await;
        moved.map_err(|refusal| refused(refusal, &id))
    };
    let deed = deed("campaign.pause", &id, of.tenant.clone());
    let campaign = app.audited_of(&caller, deed, work, of_tenant).await?;
    Ok(moved("Campaña pausada", campaign))
}

/// Let a paused campaign go on.
///
/// Where its sender has as many campaigns under way as it may, it is `queued` until there is room.
#[utoipa::path(
    post, path = "/api/campaigns/{id}/queue-resume", tag = "campaigns", operation_id = "resumeCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 200, description = "It goes on.", body = MovedView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<Json<MovedView>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let work = async {
        let moved = app.engine.resume_campaign(scope, &id).await;
        moved.map_err(|refusal| refused(refusal, &id))
    };
    let deed = deed("campaign.resume", &id, of.tenant.clone());
    let campaign = app.audited_of(&caller, deed, work, of_tenant).await?;
    Ok(moved("Campaña reanudada", campaign))
}

/// Stop a campaign for good.
///
/// No new attempt starts after the answer; what is in flight is finished, and what waits is cancelled.
#[utoipa::path(
    post, path = "/api/campaigns/{id}/queue-stop", tag = "campaigns", operation_id = "stopCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 200, description = "It is over.", body = MovedView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn stop(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<Json<MovedView>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let work = async {
        let moved = app.engine.stop_campaign(scope, &id).await;
        moved.map_err(|refusal| refused(refusal, &id))
    };
    let deed = deed("campaign.stop", &id, of.tenant.clone());
    let campaign = app.audited_of(&caller, deed, work, of_tenant).await?;
    Ok(moved("Campaña detenida", campaign))
}

/// See how all campaigns do.
#[utoipa::path(
    get, path = "/api/dashboard/campaign-queue-metrics", tag = "campaigns", operation_id = "getCampaignQueueMetrics",
    params(OfTenant),
    responses((status = 200, description = "How they do.", body = SystemAnswer)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<SystemAnswer>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    Ok(Json(app.engine.campaign_metrics(&scope).await?.into()))
}

fn of_tenant(campaign: &Campaign, deed: &mut Deed) {
    deed.is_of(&campaign.tenant);
}

fn moved(message: &'static str, campaign: Campaign) -> Json<MovedView> {
    Json(MovedView::new(
        message,
        CampaignView::new(campaign, None, None),
    ))
}
