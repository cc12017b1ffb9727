//! `GET /tracking-v2/stream`: events as they are stored, as Server-Sent Events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! ```text
//! id: 5f2a01bc-42            the place, for `Last-Event-ID`
//! event: tracking            or `lagged`: {"missed": 17}, or null where nobody knows
//! data: {"eventId": …}
//! ```
//!
//! A reader that comes back and is too late is told what it missed and goes on. One that reads too
//! slowly is told so and ended: it shall come back, or ask for less.

use std::sync::Arc;

use axum::{body::Bytes, extract::State, http::HeaderMap, response::Response};
use cauce_engine::tracking::{LiveEvent, Next, Place, Reader};
use cauce_events::row::Row;
use cauce_flow::{
    event::{EventKind, SiteId},
    id::TenantId,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{events::kind, stats::site};
use crate::{
    app::App,
    auth::Caller,
    problem::{Code, Problem},
    query::Query,
    sse::{self, FULL_AFTER, Telling, Told},
    wire::tracking_out::EventView,
};

/// Which events to show: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Of this site.
    site_id: Option<String>,
    /// Of this type.
    event_type: Option<String>,
}

/// Watch events as they are stored.
///
/// `Last-Event-ID` goes on after an event that was seen before, as far as events are still kept.
#[utoipa::path(
    get, path = "/tracking-v2/stream", tag = "tracking", operation_id = "streamTrackingEvents",
    params(Filters),
    responses((status = 200, description = "Events without an end.", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn watch(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tenant = caller.target(filters.tenant.as_ref())?;
    let wanted = Wanted {
        site: site(filters.site_id.as_deref())?,
        kind: kind(filters.event_type.as_deref())?,
    };
    let last = sse::last_place(&headers)?;
    let reader = app.engine.tracking().live().read(tenant, last);
    let events = Events {
        reader: reader.ok_or_else(too_many)?,
        may_miss: last.is_some(),
        wanted,
        app: Arc::clone(&app),
    };
    Ok(sse::answer(app.for_streams(), caller, events))
}

fn too_many() -> Problem {
    Problem::new(
        Code::Overloaded,
        "as many read the stream as may (setting tracking.stream.max_readers); wait as told by Retry-After",
    )
    .retry_after(FULL_AFTER)
}

/// Which events a reader wants.
struct Wanted {
    site: Option<SiteId>,
    kind: Option<EventKind>,
}

impl Wanted {
    fn fits(&self, row: &Row) -> bool {
        self.site.is_none_or(|site| site == row.site)
            && self.kind.as_ref().is_none_or(|kind| *kind == row.kind)
    }
}

/// The events of one reader.
struct Events {
    app: Arc<App>,
    reader: Reader,
    wanted: Wanted,
    /// It comes back, so that what it missed is not its own fault.
    may_miss: bool,
}

impl Telling for Events {
    fn tell(&mut self) -> Option<Told> {
        let live = self.app.engine.tracking().live();
        let next = live.next(&mut self.reader, |row| self.wanted.fits(row))?;
        let may_miss = std::mem::take(&mut self.may_miss);
        Some(match next {
            Next::Events(events) => Told::More(told(&events)),
            Next::Missed(count) if may_miss => Told::More(sse::lagged(count)),
            Next::Missed(count) => Told::Last(sse::lagged(count)),
        })
    }

    async fn wait(&mut self) {
        self.reader.wait().await;
    }
}

fn told(events: &[(Place, LiveEvent)]) -> Bytes {
    let mut text = Vec::with_capacity(events.len() * 400);
    for (place, event) in events {
        let view = EventView::from(event.row().clone());
        let head = format!("id: {}\nevent: tracking\ndata: ", sse::id(*place));
        text.extend_from_slice(head.as_bytes());
        // Strings and numbers always have a JSON form, and it has no line breaks.
        let _ = serde_json::to_writer(&mut text, &view);
        text.extend_from_slice(b"\n\n");
    }
    text.into()
}
