//! Questions about sessions, and how their batches and cache do.

use std::{str::FromStr, sync::Arc};

use axum::extract::{Request, State};
use cauce_flow::id::TenantId;

use super::{answer::Json, metrics::scope, queues::OfTenant};
use crate::{
    app::{App, Deed},
    auth::Caller,
    problem::Problem,
    query::{Query, Segment},
    wire::{
        Affected,
        session::{ActiveView, BatchView, CacheView, SessionView},
    },
};

/// Most bytes of a session's name.
const MAX_SESSION_BYTES: usize = 128;

/// The name of a session: the gateway's own.
pub(crate) struct SessionId(pub(crate) String);

impl FromStr for SessionId {
    type Err = ();
    fn from_str(text: &str) -> Result<SessionId, ()> {
        let fits = !text.is_empty() && text.len() <= MAX_SESSION_BYTES;
        match fits && !text.chars().any(char::is_control) {
            true => Ok(SessionId(text.to_owned())),
            false => Err(()),
        }
    }
}

/// The tenant whose session it is.
pub(crate) fn owner(caller: &Caller, of: &OfTenant) -> Result<TenantId, Problem> {
    caller.owner(of.tenant.as_ref())
}

/// Look at a session.
///
/// The answer comes from memory where something good is known, else from the backend; where that
/// cannot be asked, from what was known before, marked `stale`.
#[utoipa::path(
    get, path = "/api/sessions/{id}", tag = "sessions", operation_id = "getSession",
    params(("id" = String, Path, description = "The session."), OfTenant),
    responses((status = 200, description = "The session.", body = SessionView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(session): Segment<SessionId>,
    Query(of): Query<OfTenant>,
) -> Result<Json<SessionView>, Problem> {
    let tenant = owner(&caller, &of)?;
    let state = app.engine.session(&tenant, &session.0).await?;
    Ok(Json(SessionView::new(session.0, state)))
}

/// Ask whether a session is connected.
#[utoipa::path(
    get, path = "/api/sessions/{id}/active", tag = "sessions", operation_id = "getSessionActive",
    params(("id" = String, Path, description = "The session."), OfTenant),
    responses((status = 200, description = "Whether it is connected.", body = ActiveView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn active(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(session): Segment<SessionId>,
    Query(of): Query<OfTenant>,
) -> Result<Json<ActiveView>, Problem> {
    let tenant = owner(&caller, &of)?;
    let state = app.engine.session_active(&tenant, &session.0).await?;
    Ok(Json(ActiveView::new(session.0, state)))
}

/// Forget what is known of a session, so that the next question goes to the backend.
///
/// What waits to be told to the backend stays.
#[utoipa::path(
    delete, path = "/api/sessions/{id}/cache", tag = "sessions", operation_id = "forgetSession",
    params(("id" = String, Path, description = "The session."), OfTenant),
    responses((status = 200, description = "How many sessions were asked to be forgotten.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn forget(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(session): Segment<SessionId>,
    Query(of): Query<OfTenant>,
) -> Result<Json<Affected>, Problem> {
    let tenant = owner(&caller, &of)?;
    let deed = Deed {
        verb: "session.forget",
        object: session.0.clone(),
        tenant: Some(tenant.clone()),
    };
    let work = async { Ok(app.engine.forget_session(&tenant, &session.0)?) };
    app.audited(&caller, deed, work).await?;
    Ok(Json(Affected { count: 1 }))
}

/// How the batches of sessions do.
///
/// Needs the scope `read`, unless the server is set to show its figures to everybody.
#[utoipa::path(
    get, path = "/metrics/batch", tag = "sessions", operation_id = "batchMetrics",
    responses((status = 200, description = "The figures.", body = BatchView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn batch(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<BatchView>, Problem> {
    let scope = scope(&app, &request)?;
    Ok(Json(app.engine.batch_figures(&scope).await?.into()))
}

/// How the cache of sessions does, for all tenants together.
///
/// Needs the scope `read`, unless the server is set to show its figures to everybody.
#[utoipa::path(
    get, path = "/metrics/cache", tag = "sessions", operation_id = "cacheMetrics",
    responses((status = 200, description = "The figures.", body = CacheView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn cache(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<CacheView>, Problem> {
    scope(&app, &request)?;
    Ok(Json(app.engine.cache_figures().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_has_a_name_that_can_be_written_down() {
        let long = "s".repeat(128);
        for good in ["s1", "user 7/ñ", long.as_str()] {
            assert!(good.parse::<SessionId>().is_ok(), "{good}");
        }
        let longer = "s".repeat(129);
        for bad in ["", "a\nb", longer.as_str()] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad}");
        }
    }
}
