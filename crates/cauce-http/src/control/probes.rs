//! Probes: does it run, is it ready, which version is it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use cauce_engine::status::{Found, ReadyCheck};

use super::answer::{Json, json_of};
use crate::{
    app::App,
    wire::system::{Alive, CheckView, Ready, Version},
};

/// Does the process run?
#[utoipa::path(
    get, path = "/livez", tag = "probes", operation_id = "livez",
    responses((status = 200, description = "It does.", body = Alive)),
    security(())
)]
pub(crate) async fn livez() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Is everything ready?
#[utoipa::path(
    get, path = "/readyz", tag = "probes", operation_id = "readyz",
    responses(
        (status = 200, description = "It serves; `degraded` where somebody should look.", body = Ready),
        (status = 503, description = "Some check fails.", body = Ready),
    ),
    security(())
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let checks = app.engine.readiness();
    let (code, status) = judge(&checks);
    let checks = checks.into_iter().map(CheckView::from).collect();
    (code, Json(Ready { status, checks })).into_response()
}

/// Only what keeps it from serving says no: a balancer that took it out for a warning would make
/// things worse.
fn judge(checks: &[ReadyCheck]) -> (StatusCode, &'static str) {
    let any = |found: Found| checks.iter().any(|check| check.found == found);
    match (any(Found::Failed), any(Found::Warning)) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        (false, true) => (StatusCode::OK, "degraded"),
        (false, false) => (StatusCode::OK, "ok"),
    }
}

/// Which version runs?
#[utoipa::path(
    get, path = "/version", tag = "probes", operation_id = "version",
    responses((status = 200, description = "The version.", body = Version)),
    security(())
)]
pub(crate) async fn version(State(app): State<Arc<App>>) -> Json<Version> {
    Json(Version {
        name: "cauce",
        version: app.settings.version.clone(),
    })
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "probes", operation_id = "openapi",
    responses((status = 200, description = "Every route, in OpenAPI 3.1.", body = Object)),
    security(())
)]
pub(crate) async fn document(State(app): State<Arc<App>>) -> Response {
    json_of(app.document.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_says_that_it_is_not_ready() {
        let check = |found| ReadyCheck {
            name: "log",
            found,
            detail: String::new(),
        };
        let code = |found: &[Found]| {
            let checks: Vec<ReadyCheck> = found.iter().copied().map(check).collect();
            let (code, status) = judge(&checks);
            (code.as_u16(), status)
        };
        assert_eq!(code(&[Found::Ok]), (200, "ok"));
        assert_eq!(code(&[Found::Ok, Found::Warning]), (200, "degraded"));
        assert_eq!(code(&[Found::Warning, Found::Failed]), (503, "unavailable"));
    }
}
