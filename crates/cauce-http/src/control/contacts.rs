//! Contacts: handed in, listed, changed, taken away; and numbers that want no messages.

pub(super) mod entry;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod opting;

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_destinations::normalize::country::Country;
use cauce_flow::id::TenantId;
use cauce_store::campaigns::{
    Filter, Place,
    contact::{Contact, OptedBy},
    upsert::Upsert,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::Json;
use crate::{
    app::{App, Deed},
    auth::Caller,
    body, cursor,
    problem::{Code, Problem},
    query::{Limit, Query, Segment},
    wire::{
        Page,
        contact::{ContactBody, ContactTaken, ContactView, ContactsTaken, TagView},
    },
};

/// Whose contacts, and what completes their numbers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Whose {
    /// Of this tenant; a key for all tenants has to name one.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// The country that completes national numbers, two letters; without it, the one of the
    /// setting `pixels.default_country`.
    #[param(example = "ES")]
    default_country: Option<String>,
}

/// Whose contacts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfTenant {
    /// Of this tenant; a key for all tenants has to name one.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// Which contacts to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// Of this tenant; a key for all tenants has to name one.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// With this tag.
    tag: Option<String>,
    /// With this number, in any common form.
    phone: Option<String>,
    /// Whose number wants no messages, or does.
    opted_out: Option<bool>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Hand in contacts.
///
/// Each entry makes a contact, or changes the one with its id, or, without an id, the oldest one
/// with its phone. All entries are taken in one commit, or none.
#[utoipa::path(
    post, path = "/api/contacts", tag = "contacts", operation_id = "putContacts",
    params(Whose),
    request_body = Vec<ContactBody>,
    responses(
        (status = 200, description = "All were there before, and are changed.", body = ContactsTaken),
        (status = 201, description = "Some of them are new.", body = ContactsTaken),
    ),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(whose): Query<Whose>,
    body::Json(body): body::Json<Vec<ContactBody>>,
) -> Result<Response, Problem> {
    let (tenant, country) = whose.read(&app, &caller)?;
    let most = app.settings.max_entries;
    if body.len() > most {
        let many = body.len();
        let detail = format!(
            "{many} contacts, more than {most} (setting http.max_entries); split the call, or use POST /api/contacts/import"
        );
        return Err(Problem::new(Code::TooManyEntries, detail));
    }
    let entries = entry::read_all(body, country).map_err(Problem::invalid)?;
    let upsert = Upsert {
        tenant,
        entries,
        all_or_none: true,
    };
    let outcome = app
        .engine
        .campaigns()
        .upsert(upsert, app.engine.now())
        .await?;
    let taken = taken(outcome)?;
    let status = match taken.created {
        0 => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    Ok((status, Json(taken)).into_response())
}

fn taken(outcome: cauce_store::campaigns::upsert::Outcome) -> Result<ContactsTaken, Problem> {
    let (mut items, mut faults) = (Vec::new(), Vec::new());
    for (place, done) in outcome.into_iter().enumerate() {
        match done {
            Ok(done) => items.push(ContactTaken {
                id: done.id,
                created: done.made,
            }),
            Err(refusal) => faults.push(entry::refused(place, &refusal)),
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let created = items.iter().filter(|item| item.created).count() as u64;
    Ok(ContactsTaken {
        created,
        updated: items.len() as u64 - created,
        items,
    })
}

/// List contacts, in the order in which they came.
#[utoipa::path(
    get, path = "/api/contacts", tag = "contacts", operation_id = "listContacts",
    params(Filters),
    responses((status = 200, description = "One page of contacts.", body = Page<ContactView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filters): Query<Filters>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let tenant = tenant_of(&caller, filters.tenant.as_ref())?;
    let country = app.engine.country_of(&tenant);
    let phone = filters.phone.as_deref();
    let phone = phone.map(|phone| cauce_engine::contacts::field::phone(phone, country));
    let phone = phone
        .transpose()
        .map_err(|fault| Problem::bad_parameter("phone", fault.to_string()))?;
    let after = filters.cursor.as_deref().map(cursor::row).transpose()?;
    let filter = Filter {
        tag: filters.tag,
        phone: phone.map(|phone| phone.as_str().to_owned()),
        opted_out: filters.opted_out,
    };
    let limit = filters.limit.0;
    let place = Place {
        after: after.map_or(0, i64::unsigned_abs),
        // One more tells whether there is another page.
        limit: limit + 1,
    };
    let mut found = app
        .engine
        .campaigns()
        .contacts(&tenant, filter, place)
        .await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next = last.map(|last| cursor::of_row(i64::try_from(last.row).unwrap_or(i64::MAX)));
    Ok(Json(Page {
        items: found.into_iter().map(ContactView::from).collect(),
        next_cursor: next,
    }))
}

/// List the tags of contacts.
#[utoipa::path(
    get, path = "/api/contacts/tags", tag = "contacts", operation_id = "listContactTags",
    params(OfTenant),
    responses((status = 200, description = "Every tag that a contact has.", body = Page<TagView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn tags(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<TagView>>, Problem> {
    let tenant = tenant_of(&caller, of.tenant.as_ref())?;
    let tags = app.engine.campaigns().tags(&tenant).await?.into_iter();
    let tags = tags.map(|(tag, contacts)| TagView { tag, contacts });
    Ok(Json(Page::whole(tags.collect())))
}

/// Look a contact up.
#[utoipa::path(
    get, path = "/api/contacts/{id}", tag = "contacts", operation_id = "getContact",
    params(("id" = String, Path, description = "The contact."), OfTenant),
    responses((status = 200, description = "The contact.", body = ContactView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Query(of): Query<OfTenant>,
) -> Result<Json<ContactView>, Problem> {
    let tenant = tenant_of(&caller, of.tenant.as_ref())?;
    Ok(Json(known(&app, &tenant, &id).await?.into()))
}

/// Change a contact.
///
/// `optedOut` holds for its number, whatever other contact has it. An `id` cannot be changed.
#[utoipa::path(
    patch, path = "/api/contacts/{id}", tag = "contacts", operation_id = "changeContact",
    params(("id" = String, Path, description = "The contact."), Whose),
    request_body = ContactBody,
    responses((status = 200, description = "The contact as it is now.", body = ContactView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Query(whose): Query<Whose>,
    body::Json(fields): body::Json<ContactBody>,
) -> Result<Json<ContactView>, Problem> {
    let (tenant, country) = whose.read(&app, &caller)?;
    known(&app, &tenant, &id).await?;
    let opts_in = fields.opted_out == Some(false);
    let entry = entry::read_one(&id, fields, country).map_err(Problem::invalid)?;
    let upsert = Upsert {
        tenant: tenant.clone(),
        entries: vec![entry],
        all_or_none: true,
    };
    let store = app.engine.campaigns();
    let outcome = store.upsert(upsert, app.engine.now()).await?;
    if let Some(Err(refusal)) = outcome.first() {
        return Err(Problem::invalid(vec![entry::refused_alone(refusal)]));
    }
    let mut contact = known(&app, &tenant, &id).await?;
    if opts_in && contact.opted_out.is_some() {
        store.opt_in(&tenant, &[&contact.number.0]).await?;
        contact.opted_out = None;
    }
    Ok(Json(contact.into()))
}

/// Take a contact away.
///
/// That its number wants no messages stays known.
#[utoipa::path(
    delete, path = "/api/contacts/{id}", tag = "contacts", operation_id = "deleteContact",
    params(("id" = String, Path, description = "The contact."), OfTenant),
    responses((status = 204, description = "It is gone.")),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Query(of): Query<OfTenant>,
) -> Result<StatusCode, Problem> {
    let tenant = tenant_of(&caller, of.tenant.as_ref())?;
    let deed = Deed {
        verb: "contact.delete",
        object: shown(&id),
        tenant: Some(tenant.clone()),
    };
    let work = async {
        match app.engine.campaigns().delete_contact(&tenant, &id).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(Problem::not_found("object", &id)),
        }
    };
    app.audited(&caller, deed, work).await
}

impl Whose {
    fn read(self, app: &App, caller: &Caller) -> Result<(TenantId, Option<Country>), Problem> {
        let tenant = tenant_of(caller, self.tenant.as_ref())?;
        let named = self.default_country.as_deref().map(country).transpose()?;
        let country = named.or_else(|| app.engine.country_of(&tenant));
        Ok((tenant, country))
    }
}

/// A country that a parameter names.
fn country(code: &str) -> Result<Country, Problem> {
    let found = Some(code).filter(|code| code.len() == 2);
    found.and_then(Country::find).ok_or_else(|| {
        Problem::bad_parameter("defaultCountry", "not a country; write two letters, ES say")
    })
}

/// The one tenant that is meant.
fn tenant_of(caller: &Caller, asked: Option<&TenantId>) -> Result<TenantId, Problem> {
    caller.target(asked)?.ok_or_else(|| {
        let what = "missing; a key for all tenants has to name one";
        Problem::bad_parameter("tenant", what)
    })
}

async fn known(app: &App, tenant: &TenantId, id: &str) -> Result<Contact, Problem> {
    let found = app.engine.campaigns().contact(tenant, id).await?;
    found.ok_or_else(|| Problem::not_found("object", id))
}

/// An id that a caller has chosen may well be a phone number, which the audit log must not keep.
fn shown(id: &str) -> String {
    match id.starts_with("con_") {
        true => id.chars().take(40).collect(),
        false => "(an id of one's own)".to_owned(),
    }
}
