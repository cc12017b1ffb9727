//! Relays: which there are, and those that are made here.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::relays::{MakeError, NewRelay};
use cauce_flow::id::{AccountName, TenantId};

use super::{answer::Json, queues::OfTenant};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    problem::{Code, Fault, Problem},
    query::{Query, Segment},
    wire::{
        Affected, Page,
        session::{NewRelayBody, RelayView},
    },
};

/// List the relays.
#[utoipa::path(
    get, path = "/api/relays", tag = "relays", operation_id = "listRelays",
    params(OfTenant),
    responses((status = 200, description = "Every relay.", body = Page<RelayView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<RelayView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let relays = app.engine.relays(&scope).into_iter();
    let view = relays.map(|(relay, url, made)| RelayView {
        id: relay.line.account,
        tenant: relay.tenant,
        queue: relay.line.queue,
        url,
        key: relay.key,
        created_at: made.map(|made| made.created_at),
    });
    Ok(Json(Page::whole(view.collect())))
}

/// Make a relay.
///
/// It works from the answer on, with the policy of the queue `relays`. It reaches public https
/// addresses only; what its name leads to is judged whenever a connection is opened, and no redirect
/// is followed. Its secret and headers are never shown.
#[utoipa::path(
    post, path = "/api/relays", tag = "relays", operation_id = "makeRelay",
    request_body = NewRelayBody,
    responses((status = 201, description = "The relay.", body = RelayView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    caller: Caller,
    body::Json(body): body::Json<NewRelayBody>,
) -> Result<Response, Problem> {
    let Some(tenant) = caller.target(body.tenant.as_ref())? else {
        let what = "missing; a key for all tenants has to name one";
        return Err(Problem::invalid(vec![Fault::at("/tenant", what)]));
    };
    let new = NewRelay {
        name: body.name,
        tenant: tenant.clone(),
        url: body.url,
        secret: body.secret,
        headers: body.headers,
        body: body.body,
        results: body.results,
        key: body.key,
        created_at: app.engine.now(),
    };
    let (name, created_at) = (new.name.clone(), new.created_at);
    let deed = Deed {
        verb: "relay.make",
        object: name.to_string(),
        tenant: Some(tenant.clone()),
    };
    let work = async {
        app.engine
            .make_relay(new)
            .await
            .map_err(|error| refused(error, &name))
    };
    app.audited(&caller, deed, work).await?;
    let scope = cauce_store::jobs::Scope::Tenant(tenant);
    let mut relays = app.engine.relays(&scope).into_iter();
    let made = relays.find(|(relay, ..)| relay.line.account == name);
    let (relay, url, _) = made.ok_or_else(|| Problem::not_found("relay", name.as_str()))?;
    let view = RelayView {
        id: relay.line.account,
        tenant: relay.tenant,
        queue: relay.line.queue,
        url,
        key: relay.key,
        created_at: Some(created_at),
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Remove a relay that was made here.
///
/// What waits in its queue stays there until a relay of the same name takes it up, or it expires.
#[utoipa::path(
    delete, path = "/api/relays/{name}", tag = "relays", operation_id = "removeRelay",
    params(("name" = String, Path, description = "The relay.")),
    responses((status = 200, description = "How many were removed.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(name): Segment<AccountName>,
) -> Result<Json<Affected>, Problem> {
    let deed = Deed {
        verb: "relay.remove",
        object: name.to_string(),
        tenant: None,
    };
    let work = async {
        let scope = caller.scope(None)?;
        let removed = app.engine.remove_relay(&name, &scope).await;
        removed.map_err(|error| refused(error, &name))
    };
    let of = |owner: &TenantId, deed: &mut Deed| deed.is_of(owner);
    app.audited_of(&caller, deed, work, of).await?;
    Ok(Json(Affected { count: 1 }))
}

fn refused(error: MakeError, name: &AccountName) -> Problem {
    let at = |pointer: String| Problem::invalid(vec![Fault::at(pointer, error.to_string())]);
    match &error {
        MakeError::Taken(_) | MakeError::Name(_) => at("/name".to_owned()),
        MakeError::Url => at("/url".to_owned()),
        MakeError::Config(config) => at(format!("/{}", config.setting())),
        MakeError::Pointer(name) => at(format!("/{name}")),
        MakeError::TooMany | MakeError::Configured => {
            Problem::new(Code::WrongState, error.to_string())
        }
        MakeError::Unknown => Problem::not_found("relay", name.as_str()),
        MakeError::Control(control) => control.clone().into(),
    }
}
