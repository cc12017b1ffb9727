//! Keys: list, make, revoke.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::{
    control::{CreatedKey, Key, KeyScope, NewKey},
    jobs::Scope,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Json;
use crate::{
    app::{App, Deed},
    auth::Caller,
    body, cursor,
    idempotency::HoldsSecret,
    problem::{Fault, Problem},
    query::{OfPage, Query, Segment},
    wire::{
        Page,
        system::{KeyView, NewKeyView},
    },
};

/// List keys, newest first, revoked ones too.
#[utoipa::path(
    get, path = "/api/keys", tag = "keys", operation_id = "listKeys",
    params(OfPage),
    responses((status = 200, description = "One page of keys.", body = Page<KeyView>)),
    security(("bearer" = ["admin"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<OfPage>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let keys = app
        .engine
        .control()
        .keys(&caller.scope(filters.tenant.as_ref())?);
    // The cursor is a place counted from the oldest key: new keys come in before it.
    let place = match filters.cursor.as_deref().map(cursor::row).transpose()? {
        Some(left) => keys
            .len()
            .saturating_sub(usize::try_from(left).unwrap_or(0)),
        None => 0,
    };
    let page = keys.iter().skip(place).take(filters.limit.0);
    let items: Vec<KeyView> = page.map(|key| KeyView::from(&**key)).collect();
    let left = keys.len().saturating_sub(place + items.len());
    let next = i64::try_from(left).unwrap_or(0);
    Ok(Json(Page {
        items,
        next_cursor: (next > 0).then(|| cursor::of_row(next)),
    }))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = KeyRequest)]
pub(crate) struct Create {
    /// Its name, for people.
    #[schema(min_length = 1, max_length = 100, example = "web shop")]
    name: String,
    /// The tenant it belongs to; `*` for all. Without it, that of the key that asks.
    #[schema(example = "acme")]
    tenant: Option<String>,
    /// What it allows: `ingest`, `send`, `read`, `manage`, `admin`.
    #[schema(example = json!(["ingest"]), min_items = 1)]
    scopes: Vec<String>,
    /// When it ends; without it, never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Makes it a public write key for this site. It has the scope `ingest` alone.
    #[schema(max_length = 100)]
    site: Option<String>,
    /// The origins whose pages may use a public write key.
    #[serde(default)]
    #[schema(max_items = 20, example = json!(["https://shop.example"]))]
    origins: Vec<String>,
}

/// Make a key.
///
/// The key itself is in this answer and nowhere else, unless the call is made again with its
/// `Idempotency-Key` within 24 hours. A key can be given no scope and no tenant
/// that the key which asks does not have.
#[utoipa::path(
    post, path = "/api/keys", tag = "keys", operation_id = "createKey",
    request_body = Create,
    responses((status = 201, description = "The key, shown this once.", body = NewKeyView)),
    security(("bearer" = ["admin"]))
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    body::Json(body): body::Json<Create>,
) -> Result<Response, Problem> {
    let now = app.engine.now();
    let new = checked(&caller, body, now)?;
    let deed = Deed {
        verb: "key.create",
        object: new.name.clone(),
        tenant: owner(&new.tenant),
    };
    let work = async { Ok(app.engine.control().create_key(new, now).await?) };
    let done = |made: &CreatedKey, deed: &mut Deed| {
        deed.object = format!("{} ({})", made.key.id, deed.object);
    };
    let made = app.audited_of(&caller, deed, work, done).await?;
    let view = NewKeyView {
        about: KeyView::from(&*made.key),
        key: made.secret,
    };
    let mut response = (StatusCode::CREATED, Json(&view)).into_response();
    response.extensions_mut().insert(HoldsSecret);
    Ok(response)
}

/// The key that is asked for, or everything that is wrong with it.
fn checked(caller: &Caller, body: Create, now: Timestamp) -> Result<NewKey, Problem> {
    let mut faults = Vec::new();
    let scopes = scopes(caller, &body.scopes, &mut faults);
    let tenant = tenant(caller, body.tenant.as_deref()).unwrap_or_else(|fault| {
        faults.push(fault);
        caller.key.tenant.clone()
    });
    let bad_scopes = faults
        .iter()
        .any(|fault| fault.pointer.as_deref() != Some("/tenant"));
    let new = NewKey {
        name: body.name,
        tenant,
        scopes,
        expires_at: body.expires_at,
        site: body.site,
        origins: body.origins,
    };
    for (field, what) in new.faults(now) {
        // Scopes that could not be read are named already, one by one.
        if field != "scopes" || !bad_scopes {
            faults.push(Fault::at(format!("/{field}"), what));
        }
    }
    if faults.is_empty() {
        Ok(new)
    } else {
        Err(Problem::invalid(faults))
    }
}

fn scopes(caller: &Caller, names: &[String], faults: &mut Vec<Fault>) -> BTreeSet<KeyScope> {
    let mut scopes = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        match name.parse::<KeyScope>() {
            Ok(scope) if caller.key.allows(scope) => {
                scopes.insert(scope);
            }
            Ok(scope) => faults.push(Fault::at(
                format!("/scopes/{index}"),
                format!("your own key lacks `{scope}` and cannot give it away"),
            )),
            Err(error) => faults.push(Fault::at(format!("/scopes/{index}"), error.to_string())),
        }
    }
    scopes
}

fn tenant(caller: &Caller, name: Option<&str>) -> Result<Scope, Fault> {
    let asked = match name {
        None => return Ok(caller.key.tenant.clone()),
        Some("*") => Scope::All,
        Some(name) => Scope::Tenant(
            TenantId::new(name).map_err(|error| Fault::at("/tenant", error.to_string()))?,
        ),
    };
    if caller.key.tenant == Scope::All || caller.key.tenant == asked {
        return Ok(asked);
    }
    Err(Fault::at(
        "/tenant",
        "not the tenant of your own key; leave it out",
    ))
}

/// Revoke a key at once.
#[utoipa::path(
    delete, path = "/api/keys/{id}", tag = "keys", operation_id = "revokeKey",
    params(("id" = String, Path, description = "The key's id, not the key.")),
    responses((status = 204, description = "Revoked.")),
    security(("bearer" = ["admin"]))
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
) -> Result<StatusCode, Problem> {
    let deed = Deed {
        verb: "key.revoke",
        object: shown(&id),
        tenant: None,
    };
    let work = async {
        let scope = caller.scope(None)?;
        Ok(app
            .engine
            .control()
            .revoke_key(&id, &scope, app.engine.now())
            .await?)
    };
    let done = |key: &Arc<Key>, deed: &mut Deed| deed.tenant = owner(&key.tenant);
    app.audited_of(&caller, deed, work, done).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whose a key is; none for one for all tenants.
fn owner(scope: &Scope) -> Option<TenantId> {
    match scope {
        Scope::All => None,
        Scope::Tenant(tenant) => Some(tenant.clone()),
    }
}

/// Somebody may give a key in place of its id; the audit log must not keep it.
fn shown(id: &str) -> String {
    if id.starts_with("key_") {
        id.chars().take(40).collect()
    } else {
        "(not an id)".to_owned()
    }
}
