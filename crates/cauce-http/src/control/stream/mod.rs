//! `GET /api/stream`: the figures that operators look at, as Server-Sent Events.
//!
//! ```text
//! event: snapshot            what follows is all there is
//! data: {"at": …}
//!
//! event: queue               one queue; alert, campaign, tracking, session likewise
//! id: 5f2a01bc-42            in the last event of those that were told together
//! data: {"name": …}
//! ```
//!
//! `look` finds the figures, [`feed`](crate::feed) tells them to all readers alike.

pub(crate) mod look;

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};

use super::queues::OfTenant;
use crate::{
    app::App,
    auth::Caller,
    problem::{Code, Problem},
    query::Query,
    sse::{self, FULL_AFTER},
};

/// Watch the figures of everything.
///
/// Begins with `snapshot` and one event for each `alert` that fires, each `queue`, each `campaign` that
/// is under way, `tracking` and `session`; after that, once a second at most, tells those that have changed. Their data are the schemas
/// `Alert`, `StreamQueue`, `StreamCampaign`, `StreamTracking` and `StreamSession`. With the `Last-Event-ID` of
/// the newest figures it goes on after them; with any other it begins with a `snapshot` again.
#[utoipa::path(
    get, path = "/api/stream", tag = "queues", operation_id = "streamFigures",
    params(OfTenant),
    responses((status = 200, description = "Events without an end.", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn watch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = caller.target(of.tenant.as_ref())?;
    let last = sse::last_place(&headers)?;
    let reader = app.feeds.read(tenant, last).ok_or_else(too_many)?;
    Ok(sse::answer(app.for_streams(), caller, reader))
}

fn too_many() -> Problem {
    Problem::new(
        Code::Overloaded,
        "as many read the stream as may (setting http.max_stream_readers); wait as told by Retry-After",
    )
    .retry_after(FULL_AFTER)
}
