//! Numbers that want no messages, and want them again.

use std::sync::Arc;

use axum::extract::State;
use cauce_destinations::{message::phone::Phone, normalize::country::Country};
use cauce_engine::contacts::field;

use super::{OptedBy, Whose};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    control::answer::Json,
    problem::{Code, Fault, Problem},
    query::Query,
    wire::{Affected, contact::Phones},
};

/// Note that numbers want no messages.
///
/// It holds from the answer on for every campaign of the tenant, one that is being sent too, and for
/// contacts that come later.
#[utoipa::path(
    post, path = "/api/contacts/opt-out", tag = "contacts", operation_id = "optOut",
    params(Whose),
    request_body = Phones,
    responses((status = 200, description = "How many had not opted out before.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(whose): Query<Whose>,
    body::Json(body): body::Json<Phones>,
) -> Result<Json<Affected>, Problem> {
    let (tenant, country) = whose.read(&app, &caller)?;
    let phones = phones(&app, &body, country)?;
    let deed = Deed {
        verb: "contacts.opt_out",
        object: numbers(phones.len()),
        tenant: Some(tenant.clone()),
    };
    let work = async {
        let phones: Vec<&str> = phones.iter().map(Phone::as_str).collect();
        let now = app.engine.now();
        let store = app.engine.campaigns();
        Ok(store.opt_out(&tenant, &phones, OptedBy::Api, now).await?)
    };
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Affected { count }))
}

/// Note that numbers want messages again.
#[utoipa::path(
    post, path = "/api/contacts/opt-in", tag = "contacts", operation_id = "optIn",
    params(Whose),
    request_body = Phones,
    responses((status = 200, description = "How many had opted out.", body = Affected)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn back_in(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(whose): Query<Whose>,
    body::Json(body): body::Json<Phones>,
) -> Result<Json<Affected>, Problem> {
    let (tenant, country) = whose.read(&app, &caller)?;
    let phones = phones(&app, &body, country)?;
    let deed = Deed {
        verb: "contacts.opt_in",
        object: numbers(phones.len()),
        tenant: Some(tenant.clone()),
    };
    let work = async {
        let phones: Vec<&str> = phones.iter().map(Phone::as_str).collect();
        Ok(app.engine.campaigns().opt_in(&tenant, &phones).await?)
    };
    let count = app.audited(&caller, deed, work).await?;
    Ok(Json(Affected { count }))
}

/// So many numbers; which they are is nothing for a log.
fn numbers(count: usize) -> String {
    match count {
        1 => "1 number".to_owned(),
        many => format!("{many} numbers"),
    }
}

fn phones(app: &App, body: &Phones, country: Option<Country>) -> Result<Vec<Phone>, Problem> {
    let most = app.settings.max_entries;
    match body.phones.len() {
        0 => {
            let fault = Fault::at("/phones", "empty; name at least one number");
            return Err(Problem::invalid(vec![fault]));
        }
        many if many > most => {
            let detail = format!(
                "{many} numbers, more than {most} (setting http.max_entries); split the call"
            );
            return Err(Problem::new(Code::TooManyEntries, detail));
        }
        _ => {}
    }
    let (mut phones, mut faults) = (Vec::new(), Vec::new());
    for (place, text) in body.phones.iter().enumerate() {
        match field::phone(text, country) {
            Ok(phone) => phones.push(phone),
            Err(fault) => faults.push(Fault::at(format!("/phones/{place}"), fault.to_string())),
        }
    }
    match faults.is_empty() {
        true => Ok(phones),
        false => Err(Problem::invalid(faults)),
    }
}
