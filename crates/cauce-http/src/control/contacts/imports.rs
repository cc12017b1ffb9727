//! Imports that were made, and the rows that they did not take.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use cauce_flow::id::TenantId;
use cauce_store::campaigns::imports::Import;
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{OfTenant, tenant_of};
use crate::{
    app::App,
    auth::Caller,
    control::answer::Json,
    cursor,
    problem::Problem,
    query::{Limit, Query, Segment},
    wire::{Page, contact::ImportView},
};

/// Which imports to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// Of this tenant; a key for all tenants has to name one.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the imports of the last seven days, newest first.
#[utoipa::path(
    get, path = "/api/contacts/imports", tag = "contacts", operation_id = "listContactImports",
    params(Filters),
    responses((status = 200, description = "One page of imports.", body = Page<ImportView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<ImportView>>, Problem> {
    let tenant = tenant_of(&caller, filters.tenant.as_ref())?;
    let before = filters.cursor.as_deref().map(cursor::row).transpose()?;
    let (before, limit) = (before.map(i64::unsigned_abs), filters.limit.0);
    let store = app.engine.campaigns();
    // One more tells whether there is another page.
    let mut found = store.imports(&tenant, before, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next = last.map(|last| cursor::of_row(i64::try_from(last.number).unwrap_or(i64::MAX)));
    Ok(Json(Page {
        items: found.into_iter().map(ImportView::from).collect(),
        next_cursor: next,
    }))
}

/// Look an import up, also while it goes on.
#[utoipa::path(
    get, path = "/api/contacts/imports/{id}", tag = "contacts", operation_id = "getContactImport",
    params(("id" = String, Path, description = "The import."), OfTenant),
    responses((status = 200, description = "How far it is.", body = ImportView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Query(of): Query<OfTenant>,
) -> Result<Json<ImportView>, Problem> {
    Ok(Json(known(&app, &caller, &of, &id).await?.into()))
}

/// The rows that an import did not take, as a CSV file.
///
/// It is the file that came, with the columns `cauce_line` and `cauce_reason` in front. Mended, it can
/// be imported as it is.
#[utoipa::path(
    get, path = "/api/contacts/imports/{id}/rejected", tag = "contacts",
    operation_id = "getRejectedContacts",
    params(("id" = String, Path, description = "The import."), OfTenant),
    responses((status = 200, description = "The rows.", body = String, content_type = "text/csv")),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn rejected(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Query(of): Query<OfTenant>,
) -> Result<Response, Problem> {
    let import = known(&app, &caller, &of, &id).await?;
    let name = format!("attachment; filename=\"{}-rejected.csv\"", import.id);
    let store = app.engine.campaigns().clone();
    let pieces = stream::try_unfold((store, import, 0), |(store, import, piece)| async move {
        let text = store.rejected(&import, piece).await?;
        Ok::<_, cauce_store::campaigns::Error>(text.map(|text| (text, (store, import, piece + 1))))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn known(app: &App, caller: &Caller, of: &OfTenant, id: &str) -> Result<Import, Problem> {
    let tenant = tenant_of(caller, of.tenant.as_ref())?;
    let found = app.engine.campaigns().import(&tenant, id).await?;
    found.ok_or_else(|| Problem::not_found("object", id))
}
