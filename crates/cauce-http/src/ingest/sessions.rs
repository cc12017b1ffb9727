//! `PUT /api/sessions/{id}/qr` and `/status`: what a gateway tells of its sessions.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::sessions::{Refusal, Update};
use cauce_flow::priority::Priority;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::Caller,
    body,
    control::{
        answer::Json,
        queues::OfTenant,
        sessions::{SessionId, owner},
    },
    problem::{Code, Fault, Problem},
    query::{Query, Segment},
    wire::session::{QrTakenView, StatusTakenView},
};

/// Most bytes of a status.
pub(crate) const MAX_STATUS_BYTES: usize = 256;

/// A QR code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QrUpdate)]
pub(crate) struct QrBody {
    /// What the code says.
    #[schema(example = "2@zTq…")]
    qr: String,
}

/// A status.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StatusUpdate)]
pub(crate) struct StatusBody {
    /// What the session is doing, in the words of the backend.
    #[schema(example = "connected")]
    status: String,
    /// How urgent it is; by default `high` for the statuses that the configuration lists.
    #[schema(value_type = Option<String>, example = "high")]
    priority: Option<Priority>,
}

/// Tell of a session's QR code.
///
/// A code that is shown already is not sent again. The codes of a session leave with a distance
/// between them; of those that wait the newest counts. When a code expires, the backend hears that
/// there is none. The answer comes when the update is durable.
#[utoipa::path(
    put, path = "/api/sessions/{id}/qr", tag = "sessions", operation_id = "putSessionQr",
    params(("id" = String, Path, description = "The session."), OfTenant),
    request_body = QrBody,
    responses((status = 202, description = "What becomes of it.", body = QrTakenView)),
    security(("bearer" = ["ingest"]))
)]
pub(crate) async fn put_qr(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(session): Segment<SessionId>,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<QrBody>,
) -> Result<Response, Problem> {
    let tenant = owner(&caller, &of)?;
    let most = app.engine.max_qr_bytes();
    if body.qr.len() > most {
        let what = format!("longer than {most} bytes (setting sessions.max_qr)");
        return Err(Problem::invalid(vec![Fault::at("/qr", what)]));
    }
    if body.qr.trim().is_empty() {
        let what = "empty; a session without a code needs no word, its code expires by itself";
        return Err(Problem::invalid(vec![Fault::at("/qr", what)]));
    }
    let update = Update {
        tenant: &tenant,
        session: &session.0,
        text: &body.qr,
        idempotency_key: None,
    };
    let taken = app.engine.take_qr(update).await?;
    Ok((StatusCode::ACCEPTED, Json(QrTakenView::from(taken))).into_response())
}

/// Tell of a session's status.
///
/// Of the statuses of a session that wait, the newest counts; none overtakes another. The answer
/// comes when the update is durable.
#[utoipa::path(
    put, path = "/api/sessions/{id}/status", tag = "sessions", operation_id = "putSessionStatus",
    params(("id" = String, Path, description = "The session."), OfTenant),
    request_body = StatusBody,
    responses((status = 202, description = "What becomes of it.", body = StatusTakenView)),
    security(("bearer" = ["ingest"]))
)]
pub(crate) async fn put_status(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(session): Segment<SessionId>,
    Query(of): Query<OfTenant>,
    body::Json(body): body::Json<StatusBody>,
) -> Result<Response, Problem> {
    let tenant = owner(&caller, &of)?;
    check_status(&body.status).map_err(|fault| Problem::invalid(vec![fault]))?;
    let update = Update {
        tenant: &tenant,
        session: &session.0,
        text: &body.status,
        idempotency_key: None,
    };
    let taken = app.engine.take_status(update, body.priority).await?;
    Ok((StatusCode::ACCEPTED, Json(StatusTakenView::from(taken))).into_response())
}

pub(crate) fn check_status(status: &str) -> Result<(), Fault> {
    let fault = |what: &str| Err(Fault::at("/status", what));
    if status.trim().is_empty() {
        return fault("empty; write a word that the backend knows");
    }
    if status.len() > MAX_STATUS_BYTES {
        let what = format!("longer than {MAX_STATUS_BYTES} bytes");
        return Err(Fault::at("/status", what));
    }
    if status.chars().any(char::is_control) {
        return fault("holds a control character; write a plain word");
    }
    Ok(())
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::NoBackend => Problem::new(Code::WrongState, refusal.to_string()),
            Refusal::Absent => Problem::new(
                Code::NotFound,
                format!("{refusal}; tell of it with PUT /api/sessions/{{id}}/status"),
            ),
            Refusal::Unavailable(_) => Problem::new(
                Code::BackendUnavailable,
                format!("{refusal}; GET /api/destinations shows how it does"),
            )
            .retry_after(std::time::Duration::from_secs(5)),
            Refusal::Store(error) => error.into(),
            Refusal::Kept(_) => Problem::overloaded(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_word() {
        let long = "x".repeat(257);
        for bad in ["", "  ", "a\u{0}b", long.as_str()] {
            assert!(check_status(bad).is_err(), "{bad}");
        }
        assert!(check_status("esperando conexión").is_ok());
    }
}
