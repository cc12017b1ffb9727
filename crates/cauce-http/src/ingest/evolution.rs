//! `POST /webhooks/evolution/{sender}`: a gateway tells of its sessions and messages by itself.
//!
//! The gateway does not sign its bodies. It shows the secret that the configuration names: in the
//! header `x-webhook-secret`, or as the key of a JWT in `Authorization`, which is how the gateway
//! turns its header `jwt_key`. It repeats what is answered with 5xx for some minutes and gives up on
//! most of 4xx, so trouble of our own is 503. A repeat is known by its body.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use cauce_destinations::{jwt, senders::Hears};
use cauce_engine::{messages::Sender, sessions::Update, settings::Evolution};
use cauce_flow::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    sessions::check_status,
    webhooks::{text as header_text, unreadable},
};
use crate::{
    app::App,
    body::{self, Raw},
    control::{answer::Json, sessions::SessionId},
    problem::{Code, Fault, Problem},
    query::Segment,
    wire::session::HeardView,
};

/// The header that carries the secret as it is.
const SECRET: &str = "x-webhook-secret";

/// What every webhook has.
#[derive(Deserialize)]
struct Envelope {
    event: String,
    #[serde(default)]
    instance: String,
    #[serde(default)]
    data: Value,
}

/// What a webhook tells of a session.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Status(String),
    Qr(String),
    Nothing,
}

/// Hear what a WhatsApp gateway tells of its sessions and messages.
///
/// As a gateway of the configuration: `connection.update` and `qrcode.updated` are taken as if they
/// had been put at the session. As an account that sends messages: states of messages, inbound
/// messages and the connection are heard. Everything else is answered and left alone. The answer
/// comes when it is durable.
#[utoipa::path(
    post, path = "/webhooks/evolution/{sender}", tag = "sessions", operation_id = "hearEvolution",
    params(("sender" = String, Path, description = "The gateway, as sessions.evolution names it, or the account.")),
    request_body(content = Object, description = "A webhook of the gateway."),
    responses((status = 200, description = "Whether anything was made of it.", body = HeardView)),
    security(())
)]
pub(crate) async fn hear(
    State(app): State<Arc<App>>,
    Segment(name): Segment<String>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Result<Response, Problem> {
    take(&app, &name, &headers, &bytes).await
}

/// Hear what a WhatsApp gateway tells, each kind of event at an address of its own.
///
/// A gateway whose setting `webhookByEvents` is on puts the name of the event behind the address:
/// `/messages-upsert`. What it tells is taken as without that.
#[utoipa::path(
    post, path = "/webhooks/evolution/{sender}/{event}", tag = "sessions",
    operation_id = "hearEvolutionByEvent",
    params(
        ("sender" = String, Path, description = "The gateway, as sessions.evolution names it, or the account."),
        ("event" = String, Path, description = "The event, as `messages-upsert`; the one in the body counts."),
    ),
    request_body(content = Object, description = "A webhook of the gateway."),
    responses((status = 200, description = "Whether anything was made of it.", body = HeardView)),
    security(())
)]
pub(crate) async fn hear_by_event(
    State(app): State<Arc<App>>,
    Segment(name): Segment<String>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Result<Response, Problem> {
    take(&app, &name, &headers, &bytes).await
}

async fn take(
    app: &App,
    name: &str,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Result<Response, Problem> {
    let now = app.engine.now();
    let gateway = app.engine.evolution(name);
    let gateway = gateway.filter(|gateway| is_believed(gateway, headers, now));
    let account = app.engine.senders().into_iter().find(|sender| {
        sender.account.as_str() == name && is_authentic(&sender.hears, headers, now)
    });
    if gateway.is_none() && account.is_none() {
        let what = "no such gateway or account, or not its secret; see sessions.evolution and the \
                    account's webhook_secret in the configuration";
        return Err(Problem::new(Code::BadKey, what));
    }
    let text = body::text(bytes, app.settings.max_depth)?;
    let mut taken = false;
    if let Some(sender) = account {
        taken |= hear_messages(app, &sender, bytes).await?;
    }
    if let Some(gateway) = gateway {
        let key = format!(
            "evolution:{name}:{}",
            data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
        );
        taken |= hear_session(app, &gateway, body::parse(text)?, &key).await?;
    }
    Ok((StatusCode::OK, Json(HeardView { taken })).into_response())
}

async fn hear_messages(app: &App, sender: &Sender, bytes: &[u8]) -> Result<bool, Problem> {
    let Hears::Evolution(webhooks) = &*sender.hears else {
        return Ok(false);
    };
    let Some(told) = webhooks.told(bytes) else {
        unreadable(sender);
        return Ok(false);
    };
    let taken = !told.is_empty();
    app.engine.hear(sender, told).await?;
    Ok(taken)
}

async fn hear_session(
    app: &App,
    gateway: &Evolution,
    envelope: Envelope,
    key: &str,
) -> Result<bool, Problem> {
    let told = told(&envelope);
    let update = |text| Update {
        tenant: &gateway.tenant,
        session: &envelope.instance,
        text,
        idempotency_key: Some(key),
    };
    if told != Told::Nothing && envelope.instance.parse::<SessionId>().is_err() {
        let what = "not the name of an instance";
        return Err(Problem::invalid(vec![Fault::at("/instance", what)]));
    }
    match &told {
        Told::Status(status) => {
            check_status(status).map_err(|fault| Problem::invalid(vec![fault]))?;
            app.engine
                .take_status(update(status), None)
                .await
                .map(drop)?;
        }
        Told::Qr(qr) if qr.len() > app.engine.max_qr_bytes() => {
            let what = "longer than the setting sessions.max_qr allows";
            return Err(Problem::invalid(vec![Fault::at("/data/qrcode", what)]));
        }
        Told::Qr(qr) => app.engine.take_qr(update(qr)).await.map(drop)?,
        Told::Nothing => {}
    }
    Ok(told != Told::Nothing)
}

fn is_authentic(hears: &Hears, headers: &HeaderMap, now: Timestamp) -> bool {
    let Hears::Evolution(webhooks) = hears else {
        return false;
    };
    let (shown, token) = (
        header_text(headers, SECRET),
        header_text(headers, "authorization"),
    );
    webhooks.is_authentic(shown, token, now)
}

fn is_believed(gateway: &Evolution, headers: &HeaderMap, now: Timestamp) -> bool {
    let secret = gateway.secret.expose();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(shown) = text(SECRET) {
        return jwt::is_same(shown.as_bytes(), secret.as_bytes());
    }
    let token = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    token.is_some_and(|token| jwt::is_signed(token, secret, now))
}

/// What a webhook says, in the words of this server: the gateway's `open` and `close` are the
/// statuses that go first.
fn told(envelope: &Envelope) -> Told {
    let text = |pointer: &str| {
        let found = envelope.data.pointer(pointer).and_then(Value::as_str);
        found.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    match envelope.event.as_str() {
        "connection.update" => match text("/state").as_deref() {
            Some("open") => Told::Status("connected".to_owned()),
            Some("close") => Told::Status("disconnected".to_owned()),
            Some(other) => Told::Status(other.to_owned()),
            None => Told::Nothing,
        },
        // Without a code it tells that the limit of codes is reached.
        "qrcode.updated" => match text("/qrcode/code").or_else(|| text("/qrcode/base64")) {
            Some(qr) => Told::Qr(qr),
            None if envelope.data.get("message").is_some() => Told::Status("refused".to_owned()),
            None => Told::Nothing,
        },
        _ => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heard(event: &str, data: Value) -> Told {
        told(&Envelope {
            event: event.to_owned(),
            instance: "s1".to_owned(),
            data,
        })
    }

    #[test]
    fn webhooks_are_understood() {
        let status = |text: &str| Told::Status(text.to_owned());
        let qr = |text: &str| Told::Qr(text.to_owned());
        for (event, data, expected) in [
            (
                "connection.update",
                json!({"state": "open"}),
                status("connected"),
            ),
            (
                "connection.update",
                json!({"state": "close", "statusReason": 401}),
                status("disconnected"),
            ),
            (
                "connection.update",
                json!({"state": "connecting"}),
                status("connecting"),
            ),
            ("connection.update", json!({}), Told::Nothing),
            (
                "qrcode.updated",
                json!({"qrcode": {"code": "2@x", "base64": "data:"}}),
                qr("2@x"),
            ),
            (
                "qrcode.updated",
                json!({"qrcode": {"code": "", "base64": "data:"}}),
                qr("data:"),
            ),
            (
                "qrcode.updated",
                json!({"message": "limit", "statusCode": 500}),
                status("refused"),
            ),
            ("messages.upsert", json!({"state": "open"}), Told::Nothing),
        ] {
            assert_eq!(heard(event, data.clone()), expected, "{event} {data}");
        }
    }
}
