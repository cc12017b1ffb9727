//! Jobs: list, look at one, ask why it waits, change it, cancel it, settle an unknown one.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use cauce_flow::{
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    job::State as JobState,
    priority::Priority,
    time::Timestamp,
};
use cauce_store::jobs::{Change, JobDetail, JobSummary, Page as StorePage, Select};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{answer::Json, queues};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body, cursor,
    problem::{Fault, Problem, wrong_state},
    query::{Limit, List, Query, Segment},
    wire::{
        Page,
        job::{JobDetailView, JobView, WhyView},
    },
};

/// Most bytes of a text to search for.
pub(crate) const MAX_SEARCH_BYTES: usize = 200;

/// Which jobs to list: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filters {
    /// In one of these states, with commas between them.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "waiting,scheduled")]
    state: List<JobState>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Of this group.
    #[param(value_type = Option<String>)]
    group: Option<GroupName>,
    /// Of this account.
    #[param(value_type = Option<String>)]
    account: Option<AccountName>,
    /// Of this priority.
    #[param(value_type = Option<String>)]
    priority: Option<Priority>,
    /// With this text in the last error, its code or its sentence.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the jobs of a queue, newest first.
#[utoipa::path(
    get, path = "/api/queues/{queue}/jobs", tag = "jobs", operation_id = "listJobs",
    params(("queue" = String, Path, description = "The queue."), Filters),
    responses((status = 200, description = "One page of jobs.", body = Page<JobView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(queue): Segment<QueueName>,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<JobView>>, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    queues::find(&app, &queue, &scope)?;
    let select = Select {
        queue: Some(queue),
        states: filters.state.0,
        group: filters.group,
        account: filters.account,
        priority: filters.priority,
        text: search(filters.q)?,
        ..Select::all(scope)
    };
    page(&app, select, filters.limit, filters.cursor.as_deref()).await
}

/// One page of the jobs that are selected.
pub(crate) async fn page(
    app: &App,
    select: Select,
    limit: Limit,
    cursor: Option<&str>,
) -> Result<Json<Page<JobView>>, Problem> {
    let before = cursor.map(cursor::job).transpose()?;
    let listed = app
        .engine
        .jobs()
        .list(
            select,
            StorePage {
                limit: limit.0,
                before,
            },
        )
        .await?;
    Ok(Json(Page {
        items: listed.jobs.into_iter().map(JobView::from).collect(),
        next_cursor: listed.next.map(cursor::of_job),
    }))
}

/// A text to search for, no longer than a message is.
pub(crate) fn search(text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(long) if long.len() > MAX_SEARCH_BYTES => Err(Problem::bad_parameter(
            "q",
            format!("search for at most {MAX_SEARCH_BYTES} bytes"),
        )),
        text => Ok(text),
    }
}

/// Look at one job with every attempt that was made.
#[utoipa::path(
    get, path = "/api/jobs/{id}", tag = "jobs", operation_id = "getJob",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "The job.", body = JobDetailView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<Json<JobDetailView>, Problem> {
    let detail = app.engine.jobs().job(id, caller.scope(None)?).await?;
    Ok(Json(detail.into()))
}

/// Ask why a job is not running yet.
#[utoipa::path(
    get, path = "/api/jobs/{id}/why", tag = "jobs", operation_id = "whyJob",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "Every gate that is shut.", body = WhyView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn why(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<Json<WhyView>, Problem> {
    let why = app.engine.why(id, caller.scope(None)?).await?;
    Ok(Json(why.into()))
}

/// Cancel a job that is not on its way.
#[utoipa::path(
    delete, path = "/api/jobs/{id}", tag = "jobs", operation_id = "cancelJob",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 204, description = "Cancelled.")),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<StatusCode, Problem> {
    let deed = Deed {
        verb: "job.cancel",
        object: id.to_string(),
        tenant: None,
    };
    let work = async {
        let found = find(&app, &caller, id).await?;
        let select = Select {
            ids: Some(vec![id]),
            ..Select::all(caller.scope(None)?)
        };
        match app.engine.jobs().cancel(select, app.engine.now()).await? {
            0 => Err(wrong_state(&id.to_string(), found.state.as_str())),
            _ => Ok(found),
        }
    };
    app.audited_of(&caller, deed, work, of_job).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A job that the caller can see.
pub(crate) async fn find(app: &App, caller: &Caller, id: JobId) -> Result<JobSummary, Problem> {
    let found = app.engine.jobs().job(id, caller.scope(None)?).await?;
    Ok(found.summary)
}

/// Says whose job something was done to.
pub(crate) fn of_job(job: &JobSummary, deed: &mut Deed) {
    deed.is_of(&job.tenant);
}

/// What to change of a job that waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = JobChange)]
pub(crate) struct ChangeBody {
    /// Its new priority.
    #[schema(value_type = Option<String>, example = "high")]
    priority: Option<Priority>,
    /// Its new due time.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
}

/// Change the priority or the due time of a job that waits.
#[utoipa::path(
    patch, path = "/api/jobs/{id}", tag = "jobs", operation_id = "changeJob",
    params(("id" = String, Path, description = "Its id.")),
    request_body = ChangeBody,
    responses((status = 200, description = "The job as it is afterwards.", body = JobDetailView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
    body::Json(body): body::Json<ChangeBody>,
) -> Result<Json<JobDetailView>, Problem> {
    if body.priority.is_none() && body.due_at.is_none() {
        return Err(Problem::invalid(vec![Fault::at(
            "",
            "name `priority`, `dueAt` or both",
        )]));
    }
    let change = Change {
        priority: body.priority,
        due_at: body.due_at,
    };
    let deed = Deed {
        verb: "job.change",
        object: id.to_string(),
        tenant: None,
    };
    let work = async {
        let scope = caller.scope(None)?;
        let jobs = app.engine.jobs();
        jobs.change(id, scope.clone(), change, app.engine.now())
            .await?;
        Ok(jobs.job(id, scope).await?)
    };
    let of = |detail: &JobDetail, deed: &mut Deed| of_job(&detail.summary, deed);
    let detail = app.audited_of(&caller, deed, work, of).await?;
    Ok(Json(detail.into()))
}

/// What became of a job whose fate was not known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolve {
    outcome: ResolveOutcome,
}

/// How an unknown job ended.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ResolveOutcome {
    /// It was delivered after all.
    Delivered,
    /// It was not, and will not be.
    Dead,
}

/// Say what became of an unknown job.
///
/// To send it again instead, use `POST /api/dead/{id}/retry`.
#[utoipa::path(
    post, path = "/api/jobs/{id}/resolve", tag = "jobs", operation_id = "resolveJob",
    params(("id" = String, Path, description = "Its id.")),
    request_body = Resolve,
    responses((status = 200, description = "The job as it is afterwards.", body = JobDetailView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn resolve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
    body::Json(body): body::Json<Resolve>,
) -> Result<Json<JobDetailView>, Problem> {
    let delivered = matches!(body.outcome, ResolveOutcome::Delivered);
    let deed = Deed {
        verb: "job.resolve",
        object: id.to_string(),
        tenant: None,
    };
    let work = async {
        let scope = caller.scope(None)?;
        let jobs = app.engine.jobs();
        jobs.resolve(id, scope.clone(), delivered, app.engine.now())
            .await?;
        Ok(jobs.job(id, scope).await?)
    };
    let of = |detail: &JobDetail, deed: &mut Deed| of_job(&detail.summary, deed);
    let detail = app.audited_of(&caller, deed, work, of).await?;
    Ok(Json(detail.into()))
}
