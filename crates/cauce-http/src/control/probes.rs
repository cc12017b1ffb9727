//! Probes: does it run, is it ready, which version is it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

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
        (status = 200, description = "It is.", body = Ready),
        (status = 503, description = "Some check fails.", body = Ready),
    ),
    security(())
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let checks: Vec<CheckView> = app
        .engine
        .readiness()
        .into_iter()
        .map(CheckView::from)
        .collect();
    let (code, status) = match checks.iter().all(|check| check.ok) {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (code, Json(Ready { status, checks })).into_response()
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
