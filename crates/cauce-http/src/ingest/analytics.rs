//! `POST /api/analytics/track`: events about messages, conversations and conversions.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::Engine;
use cauce_flow::id::TenantId;
use cauce_store::analytics::{EventId, Tracked};
use serde_json::value::RawValue;

use super::analytics_read::{Rules, read};
use crate::{
    app::App,
    auth::Caller,
    body::{self, Kind, Raw},
    control::{answer::Json, queues::OfTenant, sessions::owner},
    idempotency::Call,
    problem::{Code, Fault, Problem},
    query::Query,
    wire::{
        analytics::{EventBody, Events},
        analytics_out::TakenView,
        pixel::Rejected,
    },
};

/// Track events.
///
/// One event, or an array of up to 1,000 (`http.max_entries`). Every event is judged by itself: the good ones are taken
/// even where others are faulty. The answer comes when all of them are durable and counted. What
/// Cauce itself sends and hears is tracked without a call.
#[utoipa::path(
    post, path = "/api/analytics/track", tag = "analytics", operation_id = "trackAnalytics",
    params(OfTenant),
    request_body(content = Events, description = "One event or an array of events."),
    responses((status = 202, description = "What became of them.", body = TakenView)),
    security(("bearer" = ["ingest"]))
)]
pub(crate) async fn track(
    State(app): State<Arc<App>>,
    caller: Caller,
    call: Option<Extension<Call>>,
    Query(of): Query<OfTenant>,
    Raw(bytes): Raw,
) -> Result<Response, Problem> {
    let tenant = owner(&caller, &of)?;
    let text = body::text(&bytes, app.settings.max_depth)?;
    let is_many = text.trim_start().starts_with('[');
    let bodies = match is_many {
        true => many(text, app.settings.max_entries)?,
        false => vec![Ok(body::parse(text)?)],
    };
    let call = call.map(|Extension(call)| call);
    let (events, mut rejected) = judge(&app.engine, &tenant, call.as_ref(), bodies);
    if let Some(only) = rejected.pop_if(|_| !is_many) {
        return Err(Problem::invalid(only.errors));
    }
    let taken = app.engine.analytics().track(events).await?;
    let accepted = taken.iter().filter(|is_new| **is_new).count();
    let view = TakenView {
        accepted,
        duplicates: taken.len() - accepted,
        rejected,
    };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// Each event of an array, or what is wrong with it.
fn many(text: &str, most: usize) -> Result<Vec<Result<EventBody, Fault>>, Problem> {
    let pieces: Vec<&RawValue> = body::parse(text)?;
    if pieces.len() > most {
        let what = format!(
            "the array holds more than {most} events (setting http.max_entries); split it into several calls"
        );
        return Err(Problem::new(Code::TooManyEntries, what));
    }
    let read = pieces
        .into_iter()
        .map(|piece| match body::parse_at(piece.get()) {
            Ok(body) => Ok(Ok(body)),
            Err((Kind::Shape, fault)) => Ok(Err(fault)),
            Err((Kind::Syntax, fault)) => Err(body::not_json(&fault.detail)),
        });
    read.collect()
}

/// The events that are good, and what is wrong with the others.
fn judge(
    engine: &Engine,
    tenant: &TenantId,
    call: Option<&Call>,
    bodies: Vec<Result<EventBody, Fault>>,
) -> (Vec<Tracked>, Vec<Rejected>) {
    let now = engine.now();
    let rules = Rules {
        tenant,
        now,
        oldest: engine.analytics().oldest(now),
        country: engine.country_of(tenant),
    };
    let (mut events, mut rejected) = (Vec::with_capacity(bodies.len()), Vec::new());
    for (index, body) in bodies.into_iter().enumerate() {
        match body
            .map_err(|fault| vec![fault])
            .and_then(|body| read(body, &rules))
        {
            Ok(event) => events.push(named(event, call, tenant, index)),
            Err(errors) => rejected.push(Rejected { index, errors }),
        }
    }
    (events, rejected)
}

/// Gives an event without an id one that is the same when the call is made again.
fn named(mut event: Tracked, call: Option<&Call>, tenant: &TenantId, index: usize) -> Tracked {
    if let (EventId::None, Some(call)) = (&event.id, call) {
        event.id = EventId::Named(format!("call:{}", call.id(tenant.as_str(), index)));
    }
    event
}
