//! Configured destinations, and a live check of their credentials.

use std::sync::Arc;

use axum::extract::State;
use cauce_engine::status::TokenStatus;
use cauce_flow::id::AccountName;

use super::{answer::Json, queues::OfTenant};
use crate::{
    app::{App, Deed},
    auth::Caller,
    problem::Problem,
    query::{Query, Segment},
    wire::{Page, pixel::TokenView, system::DestinationView},
};

/// List the configured destinations.
#[utoipa::path(
    get, path = "/api/destinations", tag = "destinations", operation_id = "listDestinations",
    params(OfTenant),
    responses((status = 200, description = "Every destination.", body = Page<DestinationView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<DestinationView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let mut destinations = app.engine.destinations(&scope);
    let lines = destinations.iter_mut();
    let lines = lines.filter_map(|destination| destination.line.as_mut());
    app.engine.tell_gates(lines).await;
    Ok(Json(Page::whole(
        destinations
            .into_iter()
            .map(DestinationView::from)
            .collect(),
    )))
}

/// Check the credentials of a destination now.
///
/// Where they are good, a line that was paused for them runs again.
#[utoipa::path(
    post, path = "/api/destinations/{name}/test", tag = "destinations", operation_id = "testDestination",
    params(("name" = String, Path, description = "The account.")),
    responses((status = 200, description = "What was found.", body = TokenView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(account): Segment<AccountName>,
) -> Result<Json<TokenView>, Problem> {
    let deed = Deed {
        verb: "destination.test",
        object: account.to_string(),
        tenant: None,
    };
    let work = async {
        let found = app
            .engine
            .test_destination(&account, &caller.scope(None)?)
            .await;
        found.ok_or_else(|| Problem::not_found("destination", account.as_str()))
    };
    let of = |token: &TokenStatus, deed: &mut Deed| deed.is_of(&token.tenant);
    let token = app.audited_of(&caller, deed, work, of).await?;
    Ok(Json(token.into()))
}
