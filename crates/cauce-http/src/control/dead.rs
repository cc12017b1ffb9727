//! Dead letters: list them, group them by reason, put them back, remove them.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_flow::{
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    job::State as JobState,
};
use cauce_store::jobs::{GroupGate, JobSummary, Replay, Select};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Json,
    jobs,
    queues::{self, OfTenant},
};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    problem::{Fault, Problem, wrong_state},
    query::{Limit, Query, Segment},
    wire::{
        Page,
        job::{DeadReasonView, JobView},
    },
};

/// Most jobs that are named one by one.
const MAX_IDS: usize = 1_000;

/// Which dead letters to list: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// `reason` answers one item for each reason, with how many there are, instead of jobs.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Of this group.
    #[param(value_type = Option<String>)]
    group: Option<GroupName>,
    /// Of this account.
    #[param(value_type = Option<String>)]
    account: Option<AccountName>,
    /// With this text in the reason, its code or its sentence.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// By what to group.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GroupBy {
    /// By reason.
    Reason,
}

/// A page of dead letters, or of their reasons.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "stands for the answer in the OpenAPI document")]
pub(crate) enum DeadPage {
    /// Without `groupBy`.
    Jobs(Page<JobView>),
    /// With `groupBy=reason`.
    Reasons(Page<DeadReasonView>),
}

/// List the dead letters of a queue, or their reasons.
#[utoipa::path(
    get, path = "/api/queues/{queue}/dead", tag = "dead letters", operation_id = "listDead",
    params(("queue" = String, Path, description = "The queue."), Filters),
    responses((status = 200, description = "One page of dead letters, or every reason.", body = DeadPage)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(queue): Segment<QueueName>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    queues::find(&app, &queue, &scope)?;
    let select = Select {
        queue: Some(queue),
        states: vec![JobState::Dead],
        group: filters.group,
        account: filters.account,
        text: jobs::search(filters.q)?,
        ..Select::all(scope)
    };
    match filters.group_by {
        None => {
            let page = jobs::page(&app, select, filters.limit, filters.cursor.as_deref()).await?;
            Ok(page.into_response())
        }
        Some(GroupBy::Reason) => {
            let reasons = app.engine.jobs().dead_reasons(select).await?.into_iter();
            Ok(Json(Page::whole(reasons.map(DeadReasonView::from).collect())).into_response())
        }
    }
}

/// How many jobs were put back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    /// How many.
    count: u64,
    /// Whether they were counted only.
    dry_run: bool,
}

impl Replayed {
    pub(super) fn new(count: u64, dry_run: bool) -> Replayed {
        Replayed { count, dry_run }
    }
}

/// Put one dead letter or unknown job back in its line.
///
/// It has all its attempts again.
#[utoipa::path(
    post, path = "/api/dead/{id}/retry", tag = "dead letters", operation_id = "retryDead",
    params(("id" = String, Path, description = "The job.")),
    responses((status = 200, description = "It waits again.", body = Replayed)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<Json<Replayed>, Problem> {
    let deed = Deed {
        verb: "dead.retry",
        object: id.to_string(),
        tenant: None,
    };
    let work = async {
        let found = jobs::find(&app, &caller, id).await?;
        let select = Select {
            ids: Some(vec![id]),
            ..Select::all(caller.scope(None)?)
        };
        let replay = Replay {
            select,
            dry_run: false,
            per_second: None,
        };
        match app.engine.replay(replay).await? {
            0 => Err(not_put_back(&app, &found)),
            count => Ok((found, count)),
        }
    };
    let of = |(job, _): &(JobSummary, u64), deed: &mut Deed| jobs::of_job(job, deed);
    let (_, count) = app.audited_of(&caller, deed, work, of).await?;
    Ok(Json(Replayed {
        count,
        dry_run: false,
    }))
}

/// Why a job was not put back.
pub(super) fn not_put_back(app: &App, job: &JobSummary) -> Problem {
    let by_state = wrong_state(&job.id.to_string(), job.state.as_str());
    let gate = |group: &GroupName| app.engine.jobs().group_gate(&job.tenant, group);
    let stopped = job.group.as_ref();
    let stopped = stopped.filter(|group| gate(group) == GroupGate::Stopped);
    match (stopped, job.state) {
        (Some(group), JobState::Dead | JobState::Unknown) => by_state.saying(format!(
            "job {} belongs to {group}, which was stopped for good: nothing of it is sent again",
            job.id
        )),
        _ => by_state,
    }
}

/// Which dead letters to put back: all filters have to fit, and none means all.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RetryMany {
    /// These alone, at most 1,000.
    #[schema(value_type = Option<Vec<String>>, max_items = 1000)]
    ids: Option<Vec<JobId>>,
    /// Of this group.
    #[schema(value_type = Option<String>)]
    group: Option<GroupName>,
    /// Of this account.
    #[schema(value_type = Option<String>)]
    account: Option<AccountName>,
    /// With this text in the reason, its code or its sentence.
    #[schema(max_length = 200)]
    q: Option<String>,
    /// Unknown jobs too. They may have been delivered: the receiver may get them twice.
    unknown: bool,
    /// Only count them.
    dry_run: bool,
    /// At most so many become due in a second; without it, all at once.
    #[schema(minimum = 1)]
    per_second: Option<u32>,
}

/// Put the dead letters of a queue back in their lines.
#[utoipa::path(
    post, path = "/api/queues/{queue}/dead/retry", tag = "dead letters", operation_id = "retryDeadOfQueue",
    params(("queue" = String, Path, description = "The queue."), OfTenant),
    request_body = RetryMany,
    responses((status = 200, description = "How many wait again.", body = Replayed)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn retry_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(queue): Segment<QueueName>,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<RetryMany>,
) -> Result<Json<Replayed>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    queues::find(&app, &queue, &scope)?;
    let faults = retry_faults(&body);
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let deed = Deed {
        verb: if body.dry_run {
            "dead.count"
        } else {
            "dead.retry"
        },
        object: queue.to_string(),
        tenant: caller.target(of.tenant.as_ref())?,
    };
    let mut states = vec![JobState::Dead];
    states.extend(body.unknown.then_some(JobState::Unknown));
    let select = Select {
        ids: body.ids,
        queue: Some(queue),
        states,
        group: body.group,
        account: body.account,
        text: body.q,
        ..Select::all(scope)
    };
    let replay = Replay {
        select,
        dry_run: body.dry_run,
        per_second: body.per_second,
    };
    let work = async { Ok(app.engine.replay(replay).await?) };
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Replayed {
        count,
        dry_run: body.dry_run,
    }))
}

fn retry_faults(body: &RetryMany) -> Vec<Fault> {
    let mut faults = Vec::new();
    if body.per_second == Some(0) {
        faults.push(Fault::at(
            "/perSecond",
            "at least 1; leave it out to put all back at once",
        ));
    }
    if body
        .ids
        .as_ref()
        .is_some_and(|ids| ids.is_empty() || ids.len() > MAX_IDS)
    {
        faults.push(Fault::at(
            "/ids",
            format!("from 1 to {MAX_IDS} ids; use a filter for more"),
        ));
    }
    if body
        .q
        .as_ref()
        .is_some_and(|text| text.len() > jobs::MAX_SEARCH_BYTES)
    {
        faults.push(Fault::at(
            "/q",
            format!("at most {} bytes", jobs::MAX_SEARCH_BYTES),
        ));
    }
    faults
}

/// Remove a dead letter from the list.
///
/// It stays counted.
#[utoipa::path(
    delete, path = "/api/dead/{id}", tag = "dead letters", operation_id = "forgetDead",
    params(("id" = String, Path, description = "The job.")),
    responses((status = 204, description = "Removed.")),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn forget(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<StatusCode, Problem> {
    let deed = Deed {
        verb: "dead.forget",
        object: id.to_string(),
        tenant: None,
    };
    let work = async {
        let found = jobs::find(&app, &caller, id).await?;
        let (jobs, scope) = (app.engine.jobs(), caller.scope(None)?);
        jobs.forget(id, scope, app.engine.now()).await?;
        Ok(found)
    };
    app.audited_of(&caller, deed, work, jobs::of_job).await?;
    Ok(StatusCode::NO_CONTENT)
}
