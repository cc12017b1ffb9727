//! Who did what.

use std::sync::Arc;

use axum::extract::State;

use super::answer::Json;
use crate::{
    app::App,
    auth::Caller,
    cursor,
    problem::Problem,
    query::{OfPage, Query},
    wire::{Page, system::AuditView},
};

/// Read the audit log, newest first.
#[utoipa::path(
    get, path = "/api/audit", tag = "keys", operation_id = "listAudit",
    params(OfPage),
    responses((status = 200, description = "One page of the log.", body = Page<AuditView>)),
    security(("bearer" = ["admin"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<OfPage>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    let before = filters.cursor.as_deref().map(cursor::row).transpose()?;
    let limit = filters.limit.0;
    let mut entries = app
        .engine
        .control()
        .audit(&scope, before, limit + 1)
        .await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries
        .last()
        .filter(|_| more)
        .map(|entry| cursor::of_row(entry.id));
    Ok(Json(Page {
        items: entries.into_iter().map(AuditView::from).collect(),
        next_cursor: next,
    }))
}
