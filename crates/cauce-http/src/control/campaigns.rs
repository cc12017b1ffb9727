//! Campaigns: made, looked at, changed, taken away.

pub(crate) mod orders;
pub(crate) mod recipients;

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::campaigns::{Draft, Refusal, Unfit};
use cauce_flow::{
    campaign::{skip::Skip, state},
    id::{AccountName, GroupName, TenantId},
};
use cauce_store::{
    campaigns::campaign::{Campaign, Filter, Made, Named},
    jobs::Scope,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    answer::Json,
    contacts::entry::{self, Inline},
    queues::OfTenant,
};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body, cursor,
    problem::{Code, Fault, Problem},
    query::{Limit, Query, Segment},
    wire::{
        Page,
        campaign::{CampaignBody, ContactRef},
        campaign_view::CampaignView,
        recipient::PreviewView,
    },
};

/// Contacts of a preview where the caller does not say.
const DEFAULT_PREVIEW: usize = 5;
/// Most contacts of a preview.
const MAX_PREVIEW: usize = 100;

/// Which campaigns to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// In this state.
    #[param(value_type = Option<String>, example = "sending")]
    status: Option<state::State>,
    /// Of this account.
    #[param(value_type = Option<String>)]
    sender: Option<AccountName>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List campaigns, newest first.
#[utoipa::path(
    get, path = "/api/campaigns", tag = "campaigns", operation_id = "listCampaigns",
    params(Filters),
    responses((status = 200, description = "One page of campaigns.", body = Page<CampaignView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<CampaignView>>, Problem> {
    let before = filters.cursor.as_deref().map(cursor::row).transpose()?;
    let filter = Filter {
        scope: caller.scope(filters.tenant.as_ref())?,
        state: filters.status,
        sender: filters.sender,
        before: before.map(i64::unsigned_abs),
        limit: filters.limit.0,
    };
    let listed = app.engine.campaigns().campaigns(filter).await?;
    let items = listed.campaigns.into_iter();
    let row = |row| cursor::of_row(i64::try_from(row).unwrap_or(i64::MAX));
    Ok(Json(Page {
        items: items
            .map(|campaign| CampaignView::new(campaign, None, None))
            .collect(),
        next_cursor: listed.next.map(row),
    }))
}

/// Make a campaign.
///
/// It is a draft, or `scheduled` where it says when it is to start. Contacts that come with it are
/// taken as `POST /api/contacts` takes them, all of them or none. Nothing is sent before it starts.
#[utoipa::path(
    post, path = "/api/campaigns", tag = "campaigns", operation_id = "makeCampaign",
    params(OfTenant),
    request_body = CampaignBody,
    responses((status = 201, description = "The campaign.", body = CampaignView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    body::Json(mut body): body::Json<CampaignBody>,
) -> Result<Response, Problem> {
    let tenant = tenant_of(&caller, of.tenant, body.tenant.take())?;
    if body.unchanged_since.is_some() {
        let what = "belongs into a change; leave it out of a new campaign";
        return Err(Problem::invalid(vec![Fault::at("/unchangedSince", what)]));
    }
    let mut draft = CampaignBody::empty(tenant);
    read(&app, body, &mut draft)?;
    let deed = Deed {
        verb: "campaign.make",
        // One that was refused has no id.
        object: named(&draft.name),
        tenant: Some(draft.tenant.clone()),
    };
    let work = async { Ok(app.engine.make_campaign(draft).await?) };
    let done = |made: &Made, deed: &mut Deed| {
        deed.object = format!("{} ({})", made.campaign.id, deed.object);
    };
    let made = app.audited_of(&caller, deed, work, done).await?;
    let view = view_of(&app, made).await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Whose a new campaign is: as the address says it, or the body.
fn tenant_of(
    caller: &Caller,
    in_query: Option<TenantId>,
    in_body: Option<TenantId>,
) -> Result<TenantId, Problem> {
    let fault = |what: &str| Problem::invalid(vec![Fault::at("/tenant", what)]);
    if in_query.is_some() && in_body.is_some() && in_query != in_body {
        return Err(fault("is another one than in the address; name it once"));
    }
    let named = caller.target(in_query.or(in_body).as_ref())?;
    named.ok_or_else(|| fault("missing; a key for all tenants has to name one, with ?tenant="))
}

/// Look a campaign up.
#[utoipa::path(
    get, path = "/api/campaigns/{id}", tag = "campaigns", operation_id = "getCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 200, description = "The campaign.", body = CampaignView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<Json<CampaignView>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    Ok(Json(view_of(&app, known(&app, scope, &id).await?).await?))
}

/// Change a campaign that has not started.
///
/// With `unchangedSince`, nobody's work is overwritten unseen: where the campaign was changed after
/// that, nothing is done.
#[utoipa::path(
    patch, path = "/api/campaigns/{id}", tag = "campaigns", operation_id = "changeCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    request_body = CampaignBody,
    responses((status = 200, description = "The campaign as it is now.", body = CampaignView)),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<CampaignBody>,
) -> Result<Json<CampaignView>, Problem> {
    if body.tenant.is_some() {
        let what = "cannot be changed; make a new campaign";
        return Err(Problem::invalid(vec![Fault::at("/tenant", what)]));
    }
    let scope = caller.scope(of.tenant.as_ref())?;
    let known = known(&app, scope, &id).await?.campaign;
    known.state.on(state::Order::Edit).map_err(Refusal::from)?;
    let as_of = known.updated_at;
    if body.unchanged_since.is_some_and(|since| since != as_of) {
        return Err(Refusal::Changed.into());
    }
    let mut draft = Draft::of(&known).ok_or(Refusal::Unfit(Unfit::Content))?;
    read(&app, body, &mut draft)?;
    let deed = deed("campaign.change", &id, Some(draft.tenant.clone()));
    let work = async { Ok(app.engine.change_campaign(id, draft, as_of).await?) };
    let made = app.audited(&caller, deed, work).await?;
    Ok(Json(view_of(&app, made).await?))
}

/// Take a campaign away that has not started.
///
/// Contacts that came with it stay.
#[utoipa::path(
    delete, path = "/api/campaigns/{id}", tag = "campaigns", operation_id = "deleteCampaign",
    params(("id" = String, Path, description = "The campaign."), OfTenant),
    responses((status = 204, description = "It is gone.")),
    security(("bearer" = ["send"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(of): Query<OfTenant>,
) -> Result<StatusCode, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let work = async {
        let known = known(&app, scope.clone(), &id).await?;
        let gone = app.engine.delete_campaign(scope, &id).await;
        gone.map_err(|refusal| refused(refusal, &id))?;
        Ok(known.campaign)
    };
    let deed = deed("campaign.delete", &id, of.tenant.clone());
    let done = |campaign: &Campaign, deed: &mut Deed| deed.is_of(&campaign.tenant);
    app.audited_of(&caller, deed, work, done).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many contacts to preview.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct First {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// The first so many contacts; without it, 5.
    #[param(minimum = 1, maximum = 100, example = 5)]
    limit: Option<usize>,
}

/// See what the first contacts of a campaign would be sent.
///
/// Nothing is sent and nothing is kept.
#[utoipa::path(
    post, path = "/api/campaigns/{id}/preview", tag = "campaigns", operation_id = "previewCampaign",
    params(("id" = String, Path, description = "The campaign."), First),
    responses((status = 200, description = "What each would be sent, or why nothing.", body = Page<PreviewView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn preview(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(first): Query<First>,
) -> Result<Json<Page<PreviewView>>, Problem> {
    let limit = first.limit.unwrap_or(DEFAULT_PREVIEW);
    if !(1..=MAX_PREVIEW).contains(&limit) {
        let what = format!("a preview holds from 1 to {MAX_PREVIEW} contacts");
        return Err(Problem::bad_parameter("limit", what));
    }
    let scope = caller.scope(first.tenant.as_ref())?;
    let previews = app.engine.preview_campaign(scope, &id, limit).await;
    let previews = previews.map_err(|refusal| refused(refusal, &id))?;
    let views = previews.into_iter().map(PreviewView::from);
    Ok(Json(Page::whole(views.collect())))
}

/// Reads a body into a campaign, with the contacts that it names.
fn read(app: &App, mut body: CampaignBody, draft: &mut Draft) -> Result<(), Problem> {
    let named = body.contacts.take();
    let mut faults = body.apply(draft).err().unwrap_or_default();
    if let Some(named) = named {
        let country = app.engine.country_of(&draft.tenant);
        let mut contacts = Vec::with_capacity(named.len());
        for (place, contact) in named.into_iter().enumerate() {
            contacts.push(match contact {
                ContactRef::Id(id) => Named::Id(id),
                ContactRef::Entry(body) => {
                    let at = format!("/contacts/{place}");
                    match entry::inline(*body, at, country, &mut faults) {
                        Inline::Entry(entry) => Named::Entry(entry),
                        Inline::BadPhone(id) => Named::Bad {
                            id,
                            why: Skip::BadNumber,
                        },
                    }
                }
            });
        }
        draft.contacts = Some(contacts);
    }
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Problem::invalid(faults)),
    }
}

async fn known(app: &App, scope: Scope, id: &GroupName) -> Result<Made, Problem> {
    let found = app.engine.campaigns().campaign(scope, id.as_str()).await?;
    let (campaign, skipped) = found.ok_or_else(|| unknown(id))?;
    Ok(Made { campaign, skipped })
}

async fn view_of(app: &App, made: Made) -> Result<CampaignView, Problem> {
    let audience = made.campaign.audience();
    let contacts = app.engine.campaigns().estimate(&audience).await?.contacts;
    let skipped = Some(made.skipped);
    Ok(CampaignView::new(made.campaign, Some(contacts), skipped))
}

fn deed(verb: &'static str, id: &GroupName, tenant: Option<TenantId>) -> Deed {
    Deed {
        verb,
        object: id.to_string(),
        tenant,
    }
}

/// A name as the audit log shows it.
fn named(name: &str) -> String {
    name.chars().take(80).collect()
}

fn unknown(id: &GroupName) -> Problem {
    Problem::not_found("campaign", id.as_str())
}

fn refused(refusal: Refusal, id: &GroupName) -> Problem {
    match refusal {
        Refusal::Unknown => unknown(id),
        refusal => refusal.into(),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::Unknown => Problem::not_found("campaign", "(unknown)"),
            Refusal::State(refusal) => Problem::new(Code::WrongState, refusal.to_string()),
            Refusal::Changed => Problem::new(
                Code::ChangedMeanwhile,
                "the campaign was changed meanwhile; look at it as it is, and change that",
            ),
            Refusal::Faulty(faults) => {
                let faults = faults.into_iter();
                let faults = faults.map(|fault| Fault::at(fault.pointer, fault.detail));
                Problem::invalid(faults.collect())
            }
            Refusal::Unfit(why) => {
                let detail =
                    "correct the campaign with PATCH /api/campaigns/{id}, then start it again";
                let fault = Fault::at(pointer(&why), why.to_string());
                Problem::invalid(vec![fault]).saying(detail)
            }
            Refusal::Store(error) => error.into(),
            Refusal::Jobs(error) => error.into(),
            Refusal::Messages(error) => error.into(),
        }
    }
}

/// Where in a campaign it is that it cannot start with.
fn pointer(why: &Unfit) -> &'static str {
    match why {
        Unfit::Sender(_) => "/sender",
        Unfit::Content | Unfit::Variable { .. } => "/message",
        Unfit::Empty => "/contacts",
    }
}
