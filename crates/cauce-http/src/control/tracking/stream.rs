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

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use cauce_engine::tracking::{LiveEvent, Next, Place, Reader};
use cauce_events::row::Row;
use cauce_flow::{
    event::{EventKind, SiteId},
    id::TenantId,
};
use futures_util::stream;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use super::{events::kind, stats::site};
use crate::{
    app::App,
    auth::Caller,
    problem::{Code, Problem},
    query::Query,
    wire::tracking_out::EventView,
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A sign of life while nothing happens. Connections that rest longer are closed on the way.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// For how long a client waits before it comes back.
const RETRY: &str = "retry: 2000\n: events follow\n\n";
const FULL_AFTER: Duration = Duration::from_secs(10);

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
    let last = headers.get(LAST_EVENT_ID).map(place).transpose()?;
    let reader = app.engine.tracking().live().read(tenant, last);
    let reader = reader.ok_or_else(too_many)?;
    let telling = Telling {
        heartbeat: HEARTBEAT.min(app.settings.idle_timeout / 3),
        closing: app.closing.clone(),
        waiting: VecDeque::from([Bytes::from_static(RETRY.as_bytes())]),
        may_miss: last.is_some(),
        ended: false,
        caller,
        reader,
        wanted,
        app,
    };
    let body = stream::unfold(telling, |mut telling| async move {
        let piece = telling.next().await?;
        Some((Ok::<_, std::io::Error>(piece), telling))
    });
    let mut response = Response::new(Body::from_stream(body));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    // Proxies of this kind would hold events back until there are many.
    let unbuffered = HeaderValue::from_static("no");
    response
        .headers_mut()
        .insert("x-accel-buffering", unbuffered);
    Ok(response)
}

fn too_many() -> Problem {
    Problem::new(
        Code::Overloaded,
        "as many read the stream as may (setting tracking.stream.max_readers); wait as told by Retry-After",
    )
    .retry_after(FULL_AFTER)
}

/// The place that an id of the stream names.
fn place(id: &HeaderValue) -> Result<Place, Problem> {
    let parsed = id.to_str().ok().and_then(|id| {
        let (run, number) = id.split_once('-')?;
        Some(Place {
            run: u32::from_str_radix(run, 16).ok()?,
            number: number.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| {
        Problem::bad_parameter(
            "Last-Event-ID",
            "not an id of this stream; leave it out to begin anew",
        )
    })
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

/// One reader and what it is told.
struct Telling {
    app: Arc<App>,
    caller: Caller,
    reader: Reader,
    wanted: Wanted,
    waiting: VecDeque<Bytes>,
    heartbeat: Duration,
    closing: CancellationToken,
    /// It comes back, so that what it missed is not its own fault.
    may_miss: bool,
    ended: bool,
}

impl Telling {
    /// The next piece; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Some(piece);
            }
            if self.ended || self.closing.is_cancelled() {
                return None;
            }
            let (app, wanted) = (&self.app, &self.wanted);
            let live = app.engine.tracking().live();
            let next = live.next(&mut self.reader, |row| wanted.fits(row));
            match next {
                Some(next) => self.tell(next),
                None => self.wait().await,
            }
        }
    }

    fn tell(&mut self, next: Next) {
        match next {
            Next::Events(events) => self.waiting.push_back(told(&events)),
            Next::Missed(count) => {
                let count = count.map_or("null".to_owned(), |count| count.to_string());
                let lagged = format!("event: lagged\ndata: {{\"missed\":{count}}}\n\n");
                self.waiting.push_back(lagged.into());
                self.ended = !self.may_miss;
            }
        }
        self.may_miss = false;
    }

    /// Waits for events, and shows a sign of life now and then, as long as the key is good.
    async fn wait(&mut self) {
        tokio::select! {
            () = self.closing.cancelled() => {}
            () = self.reader.wait() => {}
            () = tokio::time::sleep(self.heartbeat) => {
                let engine = &self.app.engine;
                self.ended = !engine.control().is_usable(&self.caller.key, engine.now());
                self.waiting.push_back(Bytes::from_static(b": still here\n\n"));
            }
        }
    }
}

fn told(events: &[(Place, LiveEvent)]) -> Bytes {
    let mut text = Vec::with_capacity(events.len() * 400);
    for (place, event) in events {
        let view = EventView::from(event.row().clone());
        let head = format!(
            "id: {:08x}-{}\nevent: tracking\ndata: ",
            place.run, place.number
        );
        text.extend_from_slice(head.as_bytes());
        // Strings and numbers always have a JSON form, and it has no line breaks.
        let _ = serde_json::to_writer(&mut text, &view);
        text.extend_from_slice(b"\n\n");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_of_an_event_comes_back() {
        let found = place(&HeaderValue::from_static("0000a1b2-42")).unwrap();
        assert_eq!((found.run, found.number), (0xa1b2, 42));
        for id in ["", "42", "x-1", "1-x", "1-2-3", "-1"] {
            assert!(place(&HeaderValue::from_static(id)).is_err(), "{id}");
        }
    }
}
