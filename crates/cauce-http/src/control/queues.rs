//! Queues: look at them, pause, resume, drain, clean, cancel.

use std::sync::Arc;

use axum::extract::State;
use cauce_engine::status::QueueStatus;
use cauce_flow::{
    id::{AccountName, GroupName, QueueName, TenantId},
    job::State as JobState,
    priority::Priority,
    time::Timestamp,
};
use cauce_store::jobs::{Scope, Select};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::answer::Json;
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    problem::{Fault, Problem},
    query::{Query, Segment},
    wire::{
        Affected, Page,
        queue::{QueueView, gate_word},
    },
};

/// Most jobs of one `clean`.
const MAX_CLEAN: u64 = 1_000_000;
const DEFAULT_CLEAN: u64 = 10_000;

/// Narrows a key for all tenants to one.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfTenant {
    /// Only of this tenant. A key of one tenant sees no other.
    #[param(value_type = Option<String>)]
    pub(crate) tenant: Option<TenantId>,
}

/// List all queues.
#[utoipa::path(
    get, path = "/api/queues", tag = "queues", operation_id = "listQueues",
    params(OfTenant),
    responses((status = 200, description = "Every queue.", body = Page<QueueView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<QueueView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let now = app.engine.now();
    let mut queues = app.engine.queues(&scope);
    let lines = queues.iter_mut().flat_map(|queue| &mut queue.lines);
    app.engine.tell_gates(lines).await;
    Ok(Json(Page::whole(
        queues
            .into_iter()
            .map(|queue| QueueView::new(queue, now))
            .collect(),
    )))
}

/// Look at one queue.
#[utoipa::path(
    get, path = "/api/queues/{queue}", tag = "queues", operation_id = "getQueue",
    params(("queue" = String, Path, description = "Its name."), OfTenant),
    responses((status = 200, description = "The queue.", body = QueueView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(queue): Segment<QueueName>,
    Query(of): Query<OfTenant>,
) -> Result<Json<QueueView>, Problem> {
    let mut found = find(&app, &queue, &caller.scope(of.tenant.as_ref())?)?;
    app.engine.tell_gates(&mut found.lines).await;
    Ok(Json(QueueView::new(found, app.engine.now())))
}

/// A queue that the scope can see.
pub(crate) fn find(app: &App, queue: &QueueName, scope: &Scope) -> Result<QueueStatus, Problem> {
    let mut queues = app.engine.queues(scope).into_iter();
    queues
        .find(|status| status.name == *queue)
        .ok_or_else(|| Problem::not_found("queue", queue.as_str()))
}

/// The gate of a queue after it was moved.
#[derive(Serialize, ToSchema)]
pub(crate) struct GateMoved {
    /// The queue.
    queue: String,
    /// The tenant it was moved for; `*` for all.
    tenant: String,
    /// `open`, `paused` or `draining`.
    #[schema(value_type = String, example = "paused")]
    gate: &'static str,
}

macro_rules! moves {
    ($($(#[$doc:meta])* $name:ident $path:literal $id:literal $verb:literal $gate:ident;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "queues", operation_id = $id,
            params(("queue" = String, Path, description = "Its name."), OfTenant),
            responses((status = 200, description = "Done.", body = GateMoved)),
            security(("bearer" = ["manage"]))
        )]
        pub(crate) async fn $name(
            State(app): State<Arc<App>>,
            caller: Caller,
            Segment(queue): Segment<QueueName>,
            Query(of): Query<OfTenant>,
        ) -> Result<Json<GateMoved>, Problem> {
            let tenant = caller.target(of.tenant.as_ref())?;
            find(&app, &queue, &caller.scope(tenant.as_ref())?)?;
            let deed = Deed { verb: $verb, object: queue.to_string(), tenant: tenant.clone() };
            let moved = async { Ok(app.engine.$name(&queue, tenant.clone()).await?) };
            app.audited(&caller, deed, moved).await?;
            Ok(Json(GateMoved {
                queue: queue.to_string(),
                tenant: tenant.map_or_else(|| "*".to_owned(), |tenant| tenant.to_string()),
                gate: gate_word(cauce_store::jobs::Gate::$gate),
            }))
        }
    )*};
}

moves! {
    /// Pause a queue.
    ///
    /// Jobs come in and wait. After the answer no new attempt starts. A key of one tenant pauses
    /// the jobs of that tenant alone.
    pause "/api/queues/{queue}/pause" "pauseQueue" "queue.pause" Paused;
    /// Resume a queue.
    ///
    /// Ends a pause or a drain.
    resume "/api/queues/{queue}/resume" "resumeQueue" "queue.resume" Open;
    /// Drain a queue.
    ///
    /// Takes no new jobs and finishes what is there.
    drain "/api/queues/{queue}/drain" "drainQueue" "queue.drain" Draining;
}

/// Which finished jobs to remove from the history.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Clean {
    /// End states: `completed`, `dead`, `unknown`, `expired`, `cancelled`. Without it, `completed`,
    /// `expired` and `cancelled`.
    #[schema(value_type = Option<Vec<String>>, example = json!(["completed"]))]
    states: Option<Vec<JobState>>,
    /// Only what ended before this.
    #[schema(value_type = String, format = DateTime)]
    pub(super) before: Timestamp,
    /// At most so many: from 1 to 1,000,000; without it, 10,000.
    #[schema(minimum = 1, maximum = 1_000_000)]
    limit: Option<u64>,
}

impl Clean {
    /// The end states it is about, and at most how many jobs.
    pub(super) fn checked(&self) -> Result<(Vec<JobState>, u64), Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_CLEAN);
        if !(1..=MAX_CLEAN).contains(&limit) {
            return Err(Problem::invalid(vec![Fault::at(
                "/limit",
                format!("from 1 to {MAX_CLEAN}"),
            )]));
        }
        let usual = || vec![JobState::Completed, JobState::Expired, JobState::Cancelled];
        let states = self.states.clone().unwrap_or_else(usual);
        if states.is_empty() || states.iter().any(|state| state.is_pending()) {
            let what = "name end states alone: completed, dead, unknown, expired, cancelled";
            return Err(Problem::invalid(vec![Fault::at("/states", what)]));
        }
        Ok((states, limit))
    }
}

/// Remove finished jobs from the history of a queue.
///
/// They stay counted.
#[utoipa::path(
    post, path = "/api/queues/{queue}/clean", tag = "queues", operation_id = "cleanQueue",
    params(("queue" = String, Path, description = "Its name."), OfTenant),
    request_body = Clean,
    responses((status = 200, description = "How many were removed.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn clean(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(queue): Segment<QueueName>,
    Query(of): Query<OfTenant>,
    body::Json(clean): body::Json<Clean>,
) -> Result<Json<Affected>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    find(&app, &queue, &scope)?;
    let (states, limit) = clean.checked()?;
    let deed = Deed {
        verb: "queue.clean",
        object: queue.to_string(),
        tenant: caller.target(of.tenant.as_ref())?,
    };
    let select = Select {
        queue: Some(queue),
        states,
        ..Select::all(scope)
    };
    let work = async {
        let jobs = app.engine.jobs();
        Ok(jobs.clean(select, clean.before, limit).await?)
    };
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Affected { count }))
}

/// Which jobs to cancel: all filters have to fit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Cancel {
    /// Of this group.
    #[schema(value_type = Option<String>)]
    group: Option<GroupName>,
    /// Of this account.
    #[schema(value_type = Option<String>)]
    account: Option<AccountName>,
    /// Of this priority.
    #[schema(value_type = Option<String>)]
    priority: Option<Priority>,
    /// With this text in the last error.
    q: Option<String>,
    /// Every job of the queue. Needed where no filter is given.
    #[serde(default)]
    all: bool,
}

/// Cancel jobs of a queue.
///
/// Takes back unfinished jobs that are not on their way.
#[utoipa::path(
    post, path = "/api/queues/{queue}/cancel", tag = "queues", operation_id = "cancelJobs",
    params(("queue" = String, Path, description = "Its name."), OfTenant),
    request_body = Cancel,
    responses((status = 200, description = "How many were cancelled.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(queue): Segment<QueueName>,
    Query(of): Query<OfTenant>,
    body::Json(cancel): body::Json<Cancel>,
) -> Result<Json<Affected>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    find(&app, &queue, &scope)?;
    let filtered = cancel.group.is_some()
        || cancel.account.is_some()
        || cancel.priority.is_some()
        || cancel.q.is_some();
    if !filtered && !cancel.all {
        let what = "no filter is given; name one, or write \"all\": true to cancel every job";
        return Err(Problem::invalid(vec![Fault::at("", what)]));
    }
    let deed = Deed {
        verb: "queue.cancel",
        object: queue.to_string(),
        tenant: caller.target(of.tenant.as_ref())?,
    };
    let select = Select {
        queue: Some(queue),
        group: cancel.group,
        account: cancel.account,
        priority: cancel.priority,
        text: cancel.q,
        ..Select::all(scope)
    };
    let work = async { Ok(app.engine.jobs().cancel(select, app.engine.now()).await?) };
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Affected { count }))
}
