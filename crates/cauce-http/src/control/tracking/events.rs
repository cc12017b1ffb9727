//! A visitor's events: to be looked at, and to be forgotten.

use std::sync::Arc;

use axum::extract::State;
use cauce_events::store::{Filter, Page as StorePage};
use cauce_flow::{
    event::{EventKind, ParseIdError, VisitorId},
    id::TenantId,
    time::Timestamp,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{one_tenant, stats::site};
use crate::{
    app::{App, Deed},
    auth::Caller,
    control::{answer::Json, queues::OfTenant},
    cursor,
    problem::Problem,
    query::{Limit, Query, Segment},
    wire::{
        Page,
        tracking_out::{EventView, ReceiptView},
    },
};

/// Which events to list: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// Of this visitor.
    visitor_id: String,
    /// Of this tenant. Only a key for all tenants needs it.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Of this site.
    site_id: Option<String>,
    /// Of this type.
    event_type: Option<String>,
    /// From here: RFC 3339 or epoch milliseconds; without it, from the first.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To before here; without it, to the last.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the events of a visitor, oldest first.
#[utoipa::path(
    get, path = "/tracking-v2/events", tag = "tracking", operation_id = "listTrackingEvents",
    params(Filters),
    responses((status = 200, description = "One page of events.", body = Page<EventView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<EventView>>, Problem> {
    let tenant = one_tenant(&caller, filters.tenant.as_ref())?;
    let filter = Filter {
        tenant: Some(tenant),
        site: site(filters.site_id.as_deref())?,
        visitor: Some(visitor(&filters.visitor_id)?),
        kind: kind(filters.event_type.as_deref())?,
        from: filters.from.unwrap_or(Timestamp::from_millis(i64::MIN)),
        to: filters.to.unwrap_or(Timestamp::NEVER),
    };
    let page = StorePage {
        limit: filters.limit.0,
        after: filters.cursor.as_deref().map(cursor::event).transpose()?,
    };
    let paged = app.engine.tracking().list(filter, page).await?;
    Ok(Json(Page {
        items: paged.rows.into_iter().map(EventView::from).collect(),
        next_cursor: paged.next.as_deref().map(cursor::of_event),
    }))
}

fn visitor(text: &str) -> Result<VisitorId, Problem> {
    text.parse()
        .map_err(|error: ParseIdError| Problem::bad_parameter("visitorId", error.to_string()))
}

/// An event type in a parameter.
pub(super) fn kind(text: Option<&str>) -> Result<Option<EventKind>, Problem> {
    let parsed = text.map(EventKind::new).transpose();
    parsed.map_err(|error| Problem::bad_parameter("eventType", error.to_string()))
}

/// Erase everything that is known of a visitor.
///
/// It is gone from every partition, from the statistics by visitor and from the log when this
/// answers, and events of the visitor from before this moment are refused from here on. The audit
/// log keeps the receipt's id, not the visitor's.
///
/// A visitor has one receipt: asked again, it answers that, with what has been removed in all. So it
/// is after an answer that got lost, or a fault: what was begun is completed, and the visitor's events
/// are not shown meanwhile.
#[utoipa::path(
    delete, path = "/tracking-v2/visitors/{id}", tag = "tracking", operation_id = "eraseVisitor",
    params(("id" = String, Path, description = "The visitor."), OfTenant),
    responses((status = 200, description = "The receipt.", body = ReceiptView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(visitor): Segment<VisitorId>,
    Query(of): Query<OfTenant>,
) -> Result<Json<ReceiptView>, Problem> {
    let tenant = one_tenant(&caller, of.tenant.as_ref())?;
    let (tracking, now) = (app.engine.tracking(), app.engine.now());
    let id = match tracking.erased(&tenant, visitor) {
        Some(erased) => erased.id,
        None => uuid::Uuid::new_v4().as_u128(),
    };
    let deed = Deed {
        verb: "visitor.erase",
        object: ReceiptView::name(id),
        tenant: Some(tenant.clone()),
    };
    let work = async { Ok(tracking.erase(tenant, visitor, id, now).await?) };
    let erased = app.audited(&caller, deed, work).await?;
    Ok(Json(ReceiptView::new(&erased)))
}
