//! The queues of messages, taken together: their figures, their gate, their dead letters.

use std::sync::Arc;

use axum::extract::State;
use cauce_engine::engine::message_queues;
use cauce_flow::{
    id::{AccountName, GroupName, JobId, TenantId},
    job::State as JobState,
};
use cauce_store::jobs::{Gate, JobSummary, Page as StorePage, Replay, Scope, Select};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Json,
    dead::{Replayed, not_put_back},
    jobs,
    messages::job_of,
    queues::{Clean, OfTenant},
};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body, cursor,
    problem::{Fault, Problem},
    query::{Limit, Query, Segment},
    wire::{
        Affected, Page,
        job::JobView,
        message_queue::{GateView, MetricsView},
        queue::gate_word,
    },
};

/// What a deed on these queues is done to, in the audit log.
const OBJECT: &str = "messages";

/// See how the queues of messages do.
#[utoipa::path(
    get, path = "/api/whatsapp/queue/metrics", tag = "messages", operation_id = "getMessageMetrics",
    params(OfTenant),
    responses((status = 200, description = "Their figures.", body = MetricsView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<MetricsView>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    Ok(Json(app.engine.message_queues(&scope).await.into()))
}

macro_rules! moves {
    ($($(#[$doc:meta])* $name:ident $path:literal $id:literal $verb:literal $gate:ident;)*) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "messages", operation_id = $id,
            params(OfTenant),
            responses((status = 200, description = "Done.", body = GateView)),
            security(("bearer" = ["manage"]))
        )]
        pub(crate) async fn $name(
            State(app): State<Arc<App>>,
            caller: Caller,
            Query(of): Query<OfTenant>,
        ) -> Result<Json<GateView>, Problem> {
            move_gates(&app, &caller, &of, $verb, Gate::$gate).await
        }
    )*};
}

moves! {
    /// Pause messages.
    ///
    /// They come in and wait. After the answer no new attempt starts. A key of one tenant pauses the
    /// messages of that tenant alone.
    pause "/api/whatsapp/queue/pause" "pauseMessages" "messages.pause" Paused;
    /// Resume messages.
    ///
    /// Ends a pause or a drain.
    resume "/api/whatsapp/queue/resume" "resumeMessages" "messages.resume" Open;
    /// Drain messages.
    ///
    /// Takes no new ones and sends what is there.
    drain "/api/whatsapp/queue/drain" "drainMessages" "messages.drain" Draining;
}

async fn move_gates(
    app: &App,
    caller: &Caller,
    of: &OfTenant,
    verb: &'static str,
    gate: Gate,
) -> Result<Json<GateView>, Problem> {
    let tenant = caller.target(of.tenant.as_ref())?;
    let deed = Deed {
        verb,
        object: OBJECT.to_owned(),
        tenant: tenant.clone(),
    };
    let moved = async { Ok(app.engine.move_message_gates(tenant.clone(), gate).await?) };
    app.audited(caller, deed, moved).await?;
    Ok(Json(GateView {
        tenant: tenant.map_or_else(|| "*".to_owned(), |tenant| tenant.to_string()),
        gate: gate_word(gate),
    }))
}

/// Remove finished messages from the history of the queue.
///
/// They stay counted, and what became of each can be looked at for as long as messages are kept.
#[utoipa::path(
    post, path = "/api/whatsapp/queue/clean", tag = "messages", operation_id = "cleanMessages",
    params(OfTenant),
    request_body = Clean,
    responses((status = 200, description = "How many were removed.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn clean(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    body::Json(clean): body::Json<Clean>,
) -> Result<Json<Affected>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let (states, limit) = clean.checked()?;
    let deed = Deed {
        verb: "messages.clean",
        object: OBJECT.to_owned(),
        tenant: caller.target(of.tenant.as_ref())?,
    };
    let work = async {
        let mut count = 0;
        for queue in message_queues() {
            let select = Select {
                queue: Some(queue),
                states: states.clone(),
                ..Select::all(scope.clone())
            };
            let left = limit - count;
            if left > 0 {
                count += app.engine.jobs().clean(select, clean.before, left).await?;
            }
        }
        Ok(count)
    };
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Affected { count }))
}

/// Which dead letters to list: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Of this account.
    #[param(value_type = Option<String>)]
    sender: Option<AccountName>,
    /// Of this campaign.
    #[param(value_type = Option<String>)]
    campaign_id: Option<GroupName>,
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

/// List the messages that were given up, newest first.
#[utoipa::path(
    get, path = "/api/whatsapp/dlq", tag = "messages", operation_id = "listDeadMessages",
    params(Filters),
    responses((status = 200, description = "One page of dead letters.", body = Page<JobView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn dead(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<JobView>>, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    let select = Select {
        states: vec![JobState::Dead],
        group: filters.campaign_id,
        account: filters.sender,
        text: jobs::search(filters.q)?,
        ..Select::all(scope)
    };
    let before = filters.cursor.as_deref().map(cursor::job).transpose()?;
    let limit = filters.limit.0;
    let (mut found, mut more) = (Vec::new(), false);
    for queue in message_queues() {
        let select = Select {
            queue: Some(queue),
            ..select.clone()
        };
        let listed = app
            .engine
            .jobs()
            .list(select, StorePage { limit, before })
            .await?;
        more |= listed.next.is_some();
        found.extend(listed.jobs);
    }
    // The numbers of jobs grow with time over all queues.
    found.sort_unstable_by_key(|job| std::cmp::Reverse(job.id.number()));
    more |= found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| cursor::of_job(last.id));
    Ok(Json(Page {
        items: found.into_iter().map(JobView::from).collect(),
        next_cursor: next,
    }))
}

/// Put one message that was given up back in its line.
///
/// It has all its attempts again.
#[utoipa::path(
    post, path = "/api/whatsapp/dlq/{id}/retry", tag = "messages", operation_id = "retryDeadMessage",
    params(("id" = String, Path, description = "The message.")),
    responses((status = 200, description = "It waits again.", body = Replayed)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn retry(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<Json<Replayed>, Problem> {
    let deed = Deed {
        verb: "messages.retry",
        object: id.to_string(),
        tenant: None,
    };
    let work = async {
        let scope = caller.scope(None)?;
        let found = job_of(&app, scope.clone(), id).await?.summary;
        let select = Select {
            ids: Some(vec![id]),
            states: vec![JobState::Dead],
            ..Select::all(scope)
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
    Ok(Json(Replayed::new(count, false)))
}

/// Which messages to put back: all filters have to fit.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = RetryMessages)]
pub(crate) struct RetryBody {
    /// Of this account.
    #[schema(value_type = Option<String>)]
    sender: Option<AccountName>,
    /// Of this campaign.
    #[schema(value_type = Option<String>)]
    campaign_id: Option<GroupName>,
    /// With this text in the reason, its code or its sentence.
    #[schema(max_length = 200)]
    q: Option<String>,
    /// Count only.
    dry_run: bool,
    /// At most so many become due in a second.
    #[schema(minimum = 1)]
    per_second: Option<u32>,
}

/// Put messages that were given up back in their lines.
#[utoipa::path(
    post, path = "/api/whatsapp/dlq/retry", tag = "messages", operation_id = "retryDeadMessages",
    params(OfTenant),
    request_body = RetryBody,
    responses((status = 200, description = "They wait again.", body = Replayed)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn retry_many(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<RetryBody>,
) -> Result<Json<Replayed>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    if body.per_second == Some(0) {
        let what = "at least 1; leave it out to put all back at once";
        return Err(Problem::invalid(vec![Fault::at("/perSecond", what)]));
    }
    let deed = Deed {
        verb: if body.dry_run {
            "messages.count"
        } else {
            "messages.retry"
        },
        object: OBJECT.to_owned(),
        tenant: caller.target(of.tenant.as_ref())?,
    };
    let text = jobs::search(body.q.clone())?;
    let work = replay_all(&app, &scope, &body, text);
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Replayed::new(count, body.dry_run)))
}

async fn replay_all(
    app: &App,
    scope: &Scope,
    body: &RetryBody,
    text: Option<String>,
) -> Result<u64, Problem> {
    let mut count = 0;
    for queue in message_queues() {
        let select = Select {
            queue: Some(queue),
            states: vec![JobState::Dead],
            group: body.campaign_id.clone(),
            account: body.sender.clone(),
            text: text.clone(),
            ..Select::all(scope.clone())
        };
        let replay = Replay {
            select,
            dry_run: body.dry_run,
            per_second: body.per_second,
        };
        count += app.engine.replay(replay).await?;
    }
    Ok(count)
}
