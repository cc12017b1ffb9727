//! The OpenAPI document, made from the code.
//!
//! Each route describes itself. What holds for all of them alike (problems, the idempotency
//! header, the rate limit) is added here in one place.

use std::{collections::BTreeMap, sync::LazyLock};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::{
    body::STREAMED,
    problem::{Code, Fault, ProblemBody},
    router::Routes,
    wire::figures::{CampaignFigures, Gone, QueueFigures, SessionFigures, TrackingFigures},
};

/// Where a key is shown to get a cookie for it.
const SIGN_IN: &str = "/api/session";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Cauce",
        description = "Takes events and messages, keeps them durably, and delivers them no faster than each outside system allows.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(
        ProblemBody<'_>, Fault,
        QueueFigures, CampaignFigures, TrackingFigures, SessionFigures, Gone<'_>,
    )),
    tags(
        (name = "pixels", description = "Conversion events for ad platforms."),
        (name = "tracking", description = "Events of web sites."),
        (name = "sessions", description = "QR codes and statuses of a gateway's sessions, for the company's backend."),
        (name = "relays", description = "Batches of whatever is handed in, for an endpoint of one's own."),
        (name = "messages", description = "Messages to people on WhatsApp, and what their providers tell."),
        (name = "contacts", description = "People to write to, and who wants no messages."),
        (name = "campaigns", description = "One message to many people: made, started, held, followed."),
        (name = "analytics", description = "Messages, conversations and conversions, counted: figures, series, campaigns."),
        (name = "queues", description = "The durable lines of jobs."),
        (name = "jobs", description = "What stands in the queues."),
        (name = "dead letters", description = "Jobs that will not be tried again by themselves."),
        (name = "destinations", description = "Where things go."),
        (name = "alerts", description = "What is wrong, by which rules, and who is told."),
        (name = "keys", description = "Who may call, and who did what."),
        (name = "probes", description = "For whoever watches the process."),
    )
)]
struct Base;

/// The document.
pub fn openapi() -> OpenApi {
    let Routes {
        open,
        to_pages,
        by_scope,
    } = Routes::new();
    let mut document = Base::openapi();
    for routes in by_scope
        .into_iter()
        .map(|(_, routes)| routes)
        .chain([open, to_pages])
    {
        document.merge(routes.into_openapi());
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A key, `ck_live_…`. Its scopes say what it allows; its tenant says whose things it reaches."))
        .build();
    let write_key = ApiKeyValue::with_description(
        "X-Write-Key",
        "A public write key, `cw_…`, for pages of the origins that it names; also in the parameter `key`.",
    );
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "writeKey",
        SecurityScheme::ApiKey(ApiKey::Header(write_key)),
    );
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}

/// The document as JSON, made once.
pub(crate) fn document() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi_json().into());
    DOCUMENT.clone()
}

/// The document as it is committed and served: with the problems that every route can answer.
///
/// # Panics
/// When the document cannot be written as JSON, which its tests rule out.
pub fn openapi_json() -> String {
    let mut document = serde_json::to_value(openapi()).expect("the document is plain JSON");
    document["components"]["responses"] = problems();
    document["components"]["headers"] = headers();
    allow_both(&mut document["components"]["schemas"]["DeadPage"]);
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete(path, method, operation);
        }
    }
    let mut text = serde_json::to_string_pretty(&document).expect("the document is plain JSON");
    text.push('\n');
    text
}

/// One answer for each status that a problem can have, listing its codes.
fn problems() -> Value {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in Code::ALL {
        by_status
            .entry(code.status().as_u16())
            .or_default()
            .push(code.as_str());
    }
    let one = |(status, codes): (u16, Vec<&str>)| {
        let mut answer = json!({
            "description": format!("Problem with `code` {}.", codes.join(", ")),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
        if matches!(status, 429 | 503 | 507) {
            answer["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/RetryAfter"}});
        }
        (format!("Problem{status}"), answer)
    };
    Value::Object(by_status.into_iter().map(one).collect::<Map<_, _>>())
}

/// A page without items is a page of dead letters as well as of reasons, which `oneOf` rules out.
fn allow_both(schema: &mut Value) {
    if let Some(schema) = schema.as_object_mut()
        && let Some(kinds) = schema.remove("oneOf")
    {
        schema.insert("anyOf".to_owned(), kinds);
    }
}

fn headers() -> Value {
    json!({
        "RetryAfter": {
            "description": "Seconds to wait before the next try.",
            "schema": {"type": "integer", "minimum": 1},
        },
    })
}

/// Adds to an operation what holds for all of its kind.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let protected = operation["security"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one.get("bearer").is_some()));
    let mut statuses = vec![406, 500, 503, 504];
    if protected {
        statuses.extend([401, 403, 429]);
    }
    if path == SIGN_IN {
        statuses.extend([401, 403, 429]);
    }
    // A webhook shows a secret of its sender in place of a key.
    if path.starts_with("/webhooks/") {
        statuses.push(401);
    }
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if parameters
        .iter()
        .any(|parameter| parameter["in"] == "query")
    {
        // A tenant that the key cannot see is not found.
        statuses.extend([400, 404]);
    }
    if path.contains('{') {
        statuses.push(404);
    }
    if path.contains("{id}") && method != "get" {
        statuses.push(409);
    }
    if operation.get("requestBody").is_some() {
        statuses.extend([400, 408, 413, 415, 422]);
    }
    if method == "post" {
        statuses.extend([400, 408, 409, 413, 422]);
        if path != STREAMED {
            add_idempotency_key(operation);
        }
    }
    if path.ends_with("/events") {
        statuses.push(507);
    }
    for status in statuses {
        let answer = json!({"$ref": format!("#/components/responses/Problem{status}")});
        let responses = operation["responses"].as_object_mut().into_iter();
        for responses in responses {
            responses
                .entry(status.to_string())
                .or_insert_with(|| answer.clone());
        }
    }
}

fn add_idempotency_key(operation: &mut Value) {
    let header = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "The same call with the same key within 24 hours gets the first answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(header),
        None => operation["parameters"] = json!([header]),
    }
}

#[cfg(test)]
mod tests;
