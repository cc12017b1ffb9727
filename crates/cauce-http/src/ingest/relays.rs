//! `POST /api/relays/{name}`: items for an endpoint of one's own.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use cauce_engine::relays::Refusal;
use cauce_flow::{
    id::{AccountName, TenantId},
    priority::Priority,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use crate::{
    app::App,
    auth::Caller,
    body::{self, Raw},
    control::answer::Json,
    problem::{Code, Fault, Problem},
    query::{Query, Segment},
    wire::session::RelayedView,
};

/// How items are relayed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// Whose relay it is. Only a key for all tenants needs it.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// How urgent the items are: `critical`, `high`, `normal` or `low`.
    #[param(value_type = Option<String>)]
    priority: Option<Priority>,
}

/// Hand items to a relay.
///
/// One item, which is any JSON but an array, or an array of items. All of them are taken or none.
/// Where the relay has a key, the newest item of each key replaces those that still wait. The answer
/// comes when the items are durable.
#[utoipa::path(
    post, path = "/api/relays/{name}", tag = "relays", operation_id = "relay",
    params(("name" = String, Path, description = "The relay."), How),
    request_body(content = Object, description = "One item or an array of items."),
    responses((status = 202, description = "The job of each item.", body = RelayedView)),
    security(("bearer" = ["ingest"]))
)]
pub(crate) async fn relay(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(name): Segment<AccountName>,
    Query(how): Query<How>,
    Raw(bytes): Raw,
) -> Result<Response, Problem> {
    let tenant = caller.target(how.tenant.as_ref())?;
    let text = body::text(&bytes, app.settings.max_depth)?;
    let (items, many) = items(text, app.settings.max_entries)?;
    let priority = how.priority.unwrap_or(Priority::Normal);
    let taken = app
        .engine
        .take_relayed(tenant.as_ref(), name.as_str(), items, priority)
        .await
        .map_err(|refusal| refused(refusal, &name, many))?;
    Ok((StatusCode::ACCEPTED, Json(RelayedView::from(taken))).into_response())
}

/// The items of a body, each as it was written, and whether they stood in an array.
fn items(text: &str, max: usize) -> Result<(Vec<Bytes>, bool), Problem> {
    let many = text.trim_start().starts_with('[');
    let raw: Vec<&RawValue> = match many {
        true => serde_json::from_str(text).map_err(|error| body::not_json(&error.to_string()))?,
        false => {
            let one: &RawValue =
                serde_json::from_str(text).map_err(|error| body::not_json(&error.to_string()))?;
            vec![one]
        }
    };
    if raw.len() > max {
        return Err(Problem::new(
            Code::TooManyEntries,
            format!(
                "the array holds more than {max} items (setting http.max_entries); split it into several requests"
            ),
        ));
    }
    let items = raw
        .into_iter()
        .map(|item| Bytes::copy_from_slice(item.get().as_bytes()));
    Ok((items.collect(), many))
}

fn refused(refusal: Refusal, name: &AccountName, many: bool) -> Problem {
    match refusal {
        Refusal::Unknown => Problem::not_found("relay", name.as_str()),
        Refusal::Faulty(faults) => {
            let fault = |(place, pointer, what): (usize, String, String)| {
                let pointer = if many {
                    format!("/{place}{pointer}")
                } else {
                    pointer
                };
                Fault::at(pointer, what)
            };
            Problem::invalid(faults.into_iter().map(fault).collect())
        }
        Refusal::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_as_they_were_written() {
        let (items, many) = items(r#" [{"b": 1.0, "a":2}, "x", 7]"#, 3).unwrap();
        assert!(many);
        assert_eq!(items, [r#"{"b": 1.0, "a":2}"#, r#""x""#, "7"]);
        let (items, many) = super::items(r#"{"a":[1]}"#, 3).unwrap();
        assert!(!many);
        assert_eq!(items, [r#"{"a":[1]}"#]);
    }

    #[test]
    fn bodies_that_are_none_are_refused() {
        for (text, code) in [
            ("", Code::BadJson),
            ("[1,", Code::BadJson),
            ("{} x", Code::BadJson),
            ("[1,2,3,4]", Code::TooManyEntries),
        ] {
            let Err(problem) = items(text, 3) else {
                panic!("{text} was taken")
            };
            assert_eq!(problem.code, code, "{text}");
        }
    }
}
