//! `POST /api/pixels/events`: the path on which most requests come.
//!
//! The body is read once, the engine is called once, and the answer is written from plain structs.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_destinations::pixel::PixelEvent;
use cauce_engine::status::{PixelOutcome, PixelRefusal};
use cauce_flow::id::TenantId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::pixels_read::{Body, read};
use crate::{
    app::App,
    auth::Caller,
    body::{self, Raw},
    control::answer::Json,
    idempotency::Call,
    problem::{Fault, Problem},
    query::Query,
    wire::{
        pixel::{Rejected, Taken, TakenEvent, WithheldFrom},
        pixel_event::Events,
    },
};

/// Whose events they are.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Owner {
    /// The tenant of events that do not name one. Only a key for all tenants needs it.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// Take conversion events.
///
/// One event, or an array of up to 1,000. Every event is judged by itself: the good ones are taken
/// even where others are faulty. The answer comes when all of them are durable; it never waits for
/// a platform. An event whose `eventId` was taken within 24 hours counts as a duplicate.
#[utoipa::path(
    post,
    path = "/api/pixels/events",
    tag = "pixels",
    operation_id = "takePixelEvents",
    params(Owner),
    request_body(content = Events, description = "One event or an array of events."),
    responses((status = 202, description = "What became of each event.", body = Taken)),
    security(("bearer" = ["ingest"]))
)]
pub(crate) async fn take_events(
    State(app): State<Arc<App>>,
    caller: Caller,
    call: Option<Extension<Call>>,
    Query(owner): Query<Owner>,
    Raw(bytes): Raw,
) -> Result<Response, Problem> {
    let text = body::text(&bytes, app.settings.max_depth)?;
    let from = From {
        tenant: caller.target(owner.tenant.as_ref())?,
        call: call.map(|Extension(call)| call),
        bulk: false,
    };
    let events = match read(text, app.settings.max_entries)? {
        Body::One(event) => return take_one(&app, from, *event).await,
        Body::Many(events) => events,
    };
    let taken = take_many(&app, From { bulk: true, ..from }, events).await?;
    Ok((StatusCode::ACCEPTED, Json(taken)).into_response())
}

/// Where events come from.
struct From {
    /// The tenant of events that do not name one.
    tenant: Option<TenantId>,
    /// The call that may be made again, where it has a key.
    call: Option<Call>,
    /// Whether they came in an array.
    bulk: bool,
}

/// A single event that is faulty makes the whole request faulty.
async fn take_one(app: &App, from: From, event: PixelEvent) -> Result<Response, Problem> {
    let mut taken = take_many(app, from, vec![Ok(event)]).await?;
    match taken.rejected.pop() {
        Some(rejected) => Err(Problem::invalid(rejected.errors)),
        None => Ok((StatusCode::ACCEPTED, Json(taken)).into_response()),
    }
}

async fn take_many(
    app: &App,
    from: From,
    events: Vec<Result<PixelEvent, Fault>>,
) -> Result<Taken, Problem> {
    let mut taken = Taken::default();
    let (places, events) = from.owned(events, &mut taken.rejected);
    let outcomes = app
        .engine
        .take_pixels(events)
        .await
        .map_err(|refusal| refused(refusal, &places, from.bulk))?;
    for (index, outcome) in places.into_iter().zip(outcomes) {
        note(&mut taken, index, outcome);
    }
    taken
        .rejected
        .sort_unstable_by_key(|rejected| rejected.index);
    Ok(taken)
}

impl From {
    /// Each event that could be read with its tenant, and its place in the request.
    fn owned(
        &self,
        events: Vec<Result<PixelEvent, Fault>>,
        rejected: &mut Vec<Rejected>,
    ) -> (Vec<usize>, Vec<(TenantId, PixelEvent)>) {
        let (mut places, mut owned) = (Vec::new(), Vec::with_capacity(events.len()));
        for (index, event) in events.into_iter().enumerate() {
            let read = event.and_then(|event| Ok((owner_of(self.tenant.as_ref(), &event)?, event)));
            match read {
                Ok((owner, mut event)) => {
                    self.name(&mut event, &owner, index);
                    places.push(index);
                    owned.push((owner, event));
                }
                Err(fault) => rejected.push(Rejected {
                    index,
                    errors: vec![fault],
                }),
            }
        }
        (places, owned)
    }

    /// Gives an event without an id one that is the same when the call is made again: if it crashed
    /// after the event was kept and before its answer was, the event is known.
    fn name(&self, event: &mut PixelEvent, tenant: &TenantId, index: usize) {
        if let Some(call) = &self.call {
            let id = || call.id(tenant.as_str(), index).to_string();
            event.event_id.get_or_insert_with(id);
        }
    }
}

fn owner_of(tenant: Option<&TenantId>, event: &PixelEvent) -> Result<TenantId, Fault> {
    match (tenant, event.tenant_id.as_deref()) {
        (Some(own), None) => Ok(own.clone()),
        (Some(own), Some(named)) if own.as_str() == named => Ok(own.clone()),
        (Some(_), Some(_)) => Err(Fault::at(
            "/tenantId",
            "not the tenant of the key; leave it out",
        )),
        (None, None) => Err(Fault::at(
            "/tenantId",
            "missing; a key for all tenants has to name one",
        )),
        (None, Some(named)) => {
            TenantId::new(named).map_err(|error| Fault::at("/tenantId", error.to_string()))
        }
    }
}

/// Names each event that a queue has no place for: the rest could go without that platform.
fn refused(refusal: PixelRefusal, places: &[usize], bulk: bool) -> Problem {
    let why = refusal.to_string();
    let faults = refusal.entries.into_iter().map(|(event, platforms)| {
        let pointer = match places.get(event) {
            Some(place) if bulk => format!("/{place}"),
            Some(_) | None => String::new(),
        };
        let platforms = platforms.join(", ");
        let detail = format!("{why}; hint: name `platforms` without {platforms}, or send it later");
        Fault::at(pointer, detail)
    });
    let faults = faults.collect();
    Problem::from(refusal.error).with_faults(faults)
}

fn note(taken: &mut Taken, index: usize, outcome: PixelOutcome) {
    match outcome {
        PixelOutcome::Taken {
            event_id,
            platforms,
            withheld,
            duplicate,
            queued_on,
        } => {
            let count = if duplicate {
                &mut taken.duplicates
            } else {
                &mut taken.accepted
            };
            *count += 1;
            let withheld = withheld.into_iter();
            taken.events.push(TakenEvent {
                index,
                event_id,
                platforms,
                withheld: withheld
                    .map(|(platform, reason)| WithheldFrom { platform, reason })
                    .collect(),
                duplicate,
                queued_on,
            });
        }
        PixelOutcome::Rejected { faults } => {
            let faults = faults.into_iter();
            let errors = faults
                .map(|(pointer, detail)| Fault::at(pointer, detail))
                .collect();
            taken.rejected.push(Rejected { index, errors });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(tenant: Option<&str>) -> Result<PixelEvent, Fault> {
        Ok(PixelEvent {
            tenant_id: tenant.map(str::to_owned),
            ..PixelEvent::default()
        })
    }

    fn owned(
        tenant: Option<&str>,
        events: Vec<Result<PixelEvent, Fault>>,
    ) -> (Vec<(usize, String)>, Vec<usize>) {
        let from = From {
            tenant: tenant.map(|name| TenantId::new(name).unwrap()),
            call: None,
            bulk: true,
        };
        let mut rejected = Vec::new();
        let (places, events) = from.owned(events, &mut rejected);
        let owners = events.into_iter().map(|(owner, _)| owner.to_string());
        (
            places.into_iter().zip(owners).collect(),
            rejected.iter().map(|rejected| rejected.index).collect(),
        )
    }

    #[test]
    fn key_of_a_tenant_hands_in_events_of_that_tenant_alone() {
        let events = vec![event(None), event(Some("acme")), event(Some("globex"))];
        assert_eq!(
            owned(Some("acme"), events),
            (
                vec![(0, "acme".to_owned()), (1, "acme".to_owned())],
                vec![2]
            )
        );
    }

    #[test]
    fn key_for_all_tenants_has_to_name_one_for_each_event() {
        let fault = Err(Fault::at("/user", "expected a map"));
        let events = vec![
            event(Some("b")),
            fault,
            event(None),
            event(Some("a")),
            event(Some("b")),
        ];
        let (owners, rejected) = owned(None, events);
        let expected = [(0, "b"), (3, "a"), (4, "b")];
        assert_eq!(
            owners,
            expected.map(|(place, name)| (place, name.to_owned()))
        );
        assert_eq!(rejected, [1, 2]);
    }
}
