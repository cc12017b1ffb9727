//! Messages: look at them, change or take back one that waits, and what came in.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use cauce_destinations::message::Phone;
use cauce_engine::{engine::message_queues, messages::is_past};
use cauce_flow::{
    id::{AccountName, GroupName, JobId, TenantId},
    priority::Priority,
    time::Timestamp,
};
use cauce_store::{
    jobs::{Change, JobDetail, Scope, Select},
    messages::{Filter, MessageState},
};
use serde::{Deserialize, Deserializer, de};
use utoipa::{IntoParams, ToSchema};

use super::{answer::Json, jobs::of_job};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body, cursor,
    problem::{Fault, Problem, wrong_state},
    query::{Limit, List, OfPage, Query, Segment},
    wire::{
        Page,
        message_out::{InView, OutDetailView, OutView},
    },
};

/// A state to filter by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Queued, and not due yet.
    Scheduled,
    /// This one.
    Of(MessageState),
}

impl Status {
    fn of_message(self) -> Option<MessageState> {
        match self {
            Status::Scheduled => None,
            Status::Of(state) => Some(state),
        }
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "scheduled" => Ok(Status::Scheduled),
            text => text
                .parse()
                .map(Status::Of)
                .map_err(|error| de::Error::custom(format!("{error}; or scheduled"))),
        }
    }
}

/// Which messages to list: all filters have to fit.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// In one of these states, with commas between them. Those that are `scheduled` are `queued`,
    /// too.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "failed,unknown")]
    status: List<Status>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Sent from this account.
    #[param(value_type = Option<String>)]
    sender: Option<AccountName>,
    /// Of this campaign.
    #[param(value_type = Option<String>)]
    campaign_id: Option<GroupName>,
    /// Of this conversation.
    conversation_id: Option<String>,
    /// To this phone number. A key for all tenants has to name the tenant with it.
    to: Option<String>,
    /// Answered, or not.
    answered: Option<bool>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List messages, newest first.
#[utoipa::path(
    get, path = "/api/whatsapp/messages", tag = "messages", operation_id = "listMessages",
    params(Filters),
    responses((status = 200, description = "One page of messages.", body = Page<OutView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<OutView>>, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    let to = filters
        .to
        .as_deref()
        .map(|to| phone(&app, &scope, to))
        .transpose()?;
    let now = app.engine.now();
    let wants_scheduled = filters.status.0.contains(&Status::Scheduled);
    let states = filters.status.0.into_iter().filter_map(Status::of_message);
    let filter = Filter {
        scope,
        states: states.collect(),
        due_after: wants_scheduled.then_some(now),
        of_audience: false,
        sender: filters.sender,
        campaign: filters.campaign_id,
        conversation: filters.conversation_id,
        to,
        answered: filters.answered,
        before: filters.cursor.as_deref().map(cursor::job).transpose()?,
        limit: filters.limit.0,
    };
    let listed = app.engine.messages().list(filter).await?;
    let items = listed.messages.into_iter();
    Ok(Json(Page {
        items: items.map(|message| OutView::new(message, now)).collect(),
        next_cursor: listed.next.map(cursor::of_job),
    }))
}

fn phone(app: &App, scope: &Scope, to: &str) -> Result<String, Problem> {
    let Scope::Tenant(tenant) = scope else {
        let what = "missing; phone numbers are looked for within one tenant";
        return Err(Problem::bad_parameter("tenant", what));
    };
    let phone = Phone::parse(to, app.engine.country_of(tenant));
    let phone = phone.map_err(|error| Problem::bad_parameter("to", error.to_string()))?;
    Ok(phone.as_str().to_owned())
}

/// Look at one message with every attempt and everything its provider said of it.
#[utoipa::path(
    get, path = "/api/whatsapp/messages/{id}", tag = "messages", operation_id = "getMessage",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "The message.", body = OutDetailView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<Json<OutDetailView>, Problem> {
    look(&app, caller.scope(None)?, id).await.map(Json)
}

/// A message as the picture of messages shows it, or as its job does where it is too new for that.
async fn look(app: &App, scope: Scope, id: JobId) -> Result<OutDetailView, Problem> {
    let position = app.engine.jobs().place(id).map(|before| before + 1);
    let found = app.engine.messages().one(id, scope.clone()).await?;
    if let Some(found) = found {
        return Ok(OutDetailView::new(found, position, app.engine.now()));
    }
    let job = job_of(app, scope, id).await?;
    OutDetailView::of_job(job, position).ok_or_else(|| not_found(id))
}

/// The job of a message; another job is no message.
pub(super) async fn job_of(app: &App, scope: Scope, id: JobId) -> Result<JobDetail, Problem> {
    let job = app.engine.jobs().job(id, scope).await;
    let job = job.map_err(|error| match error {
        cauce_store::jobs::Error::NotFound { .. } => not_found(id),
        other => other.into(),
    })?;
    match message_queues().contains(&job.summary.line.queue) {
        true => Ok(job),
        false => Err(not_found(id)),
    }
}

fn not_found(id: JobId) -> Problem {
    Problem::not_found("message", &id.to_string())
}

/// What to change of a message that waits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MessageChange)]
pub(crate) struct ChangeBody {
    /// Not before this, from now on.
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Timestamp>,
    /// Its new priority.
    #[schema(value_type = Option<String>, example = "high")]
    priority: Option<Priority>,
}

/// Change the time or the priority of a message that waits.
#[utoipa::path(
    patch, path = "/api/whatsapp/messages/{id}", tag = "messages", operation_id = "changeMessage",
    params(("id" = String, Path, description = "Its id.")),
    request_body = ChangeBody,
    responses((status = 200, description = "The message as it is afterwards.", body = OutDetailView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
    body::Json(body): body::Json<ChangeBody>,
) -> Result<Json<OutDetailView>, Problem> {
    check_change(&body, app.engine.now())?;
    let change = Change {
        priority: body.priority,
        due_at: body.scheduled_at,
    };
    let work = async {
        let scope = caller.scope(None)?;
        job_of(&app, scope.clone(), id).await?;
        let jobs = app.engine.jobs();
        jobs.change(id, scope.clone(), change, app.engine.now())
            .await?;
        // The picture of messages follows in a moment; the job is changed already.
        let position = jobs.place(id).map(|before| before + 1);
        Ok((jobs.job(id, scope).await?, position))
    };
    let of = |(job, _): &(JobDetail, _), deed: &mut Deed| of_job(&job.summary, deed);
    let deed = deed("message.change", id);
    let (job, position) = app.audited_of(&caller, deed, work, of).await?;
    let view = OutDetailView::of_job(job, position);
    view.map(Json).ok_or_else(|| not_found(id))
}

fn check_change(body: &ChangeBody, now: Timestamp) -> Result<(), Problem> {
    let fault = match (body.scheduled_at, body.priority) {
        (None, None) => {
            let what = "name `scheduledAt`, `priority` or both; null is neither a time nor a \
                        priority, and to send at once, name the time that it is now";
            Fault::at("", what)
        }
        (Some(at), _) if is_past(at, now) => Fault::at(
            "/scheduledAt",
            "lies in the past; to send at once, name the time that it is now",
        ),
        _ => return Ok(()),
    };
    Err(Problem::invalid(vec![fault]))
}

/// Take back a message that is not on its way.
#[utoipa::path(
    delete, path = "/api/whatsapp/messages/{id}", tag = "messages", operation_id = "cancelMessage",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 204, description = "Cancelled.")),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<JobId>,
) -> Result<StatusCode, Problem> {
    let work = async {
        let scope = caller.scope(None)?;
        let found = job_of(&app, scope.clone(), id).await?;
        let select = Select {
            ids: Some(vec![id]),
            ..Select::all(scope)
        };
        match app.engine.jobs().cancel(select, app.engine.now()).await? {
            0 => Err(wrong_state(&id.to_string(), found.summary.state.as_str())),
            _ => Ok(found.summary),
        }
    };
    let deed = deed("message.cancel", id);
    app.audited_of(&caller, deed, work, of_job).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn deed(verb: &'static str, id: JobId) -> Deed {
    Deed {
        verb,
        object: id.to_string(),
        tenant: None,
    }
}

/// List the messages that came in, newest first.
#[utoipa::path(
    get, path = "/api/whatsapp/inbound", tag = "messages", operation_id = "listInbound",
    params(OfPage),
    responses((status = 200, description = "One page of messages.", body = Page<InView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn inbound(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<OfPage>,
) -> Result<Json<Page<InView>>, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    let before = filters.cursor.as_deref().map(cursor::row).transpose()?;
    let limit = filters.limit.0;
    let mut found = app
        .engine
        .messages()
        .inbound(scope, before, limit + 1)
        .await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| cursor::of_row(last.id));
    Ok(Json(Page {
        items: found.into_iter().map(InView::from).collect(),
        next_cursor: next,
    }))
}
