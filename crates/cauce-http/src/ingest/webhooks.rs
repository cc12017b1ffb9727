//! `POST /webhooks/twilio`, `/webhooks/whatsapp-cloud`: what providers tell of messages.
//!
//! Nothing is believed that is not signed: Twilio's signature is over the address it called, which
//! is the configured public one, and the parameters; Meta's over the body, byte for byte. What is
//! told is on disk before it is answered, and a repeat has no effect. A body that is signed and
//! cannot be read is answered with success: its provider would only send it again.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use cauce_destinations::{
    senders::Hears,
    twilio::callback::{self, Call},
    whatsapp_cloud::webhook,
};
use cauce_engine::messages::Sender;

use crate::{
    app::App,
    body,
    problem::{Code, Problem},
};

/// Hear what Twilio tells of messages.
///
/// Status callbacks and inbound messages, signed with the account's auth token over the configured
/// public address (`public_url`). The answer comes when it is durable.
#[utoipa::path(
    post, path = "/webhooks/twilio", tag = "messages", operation_id = "hearTwilio",
    request_body(
        content = Object, content_type = "application/x-www-form-urlencoded",
        description = "A status callback or an inbound message of Twilio."
    ),
    responses((status = 204, description = "It is heard.")),
    security(())
)]
pub(crate) async fn twilio(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let path = request.uri().path_and_query();
    let path = path.map_or_else(String::new, ToString::to_string);
    let (headers, bytes) = whole(&app, request).await?;
    let Some(public) = &app.settings.public_url else {
        let what =
            "the signature cannot be checked; set public_url to the address that Twilio calls";
        return Err(Problem::new(Code::BadKey, what));
    };
    let url = format!("{}{path}", public.trim_end_matches('/'));
    let call = Call {
        url: &url,
        body: &bytes,
        signature: text(&headers, callback::SIGNATURE).unwrap_or_default(),
    };
    let mut is_authentic = false;
    for sender in app.engine.senders() {
        let Hears::Twilio(callbacks) = &*sender.hears else {
            continue;
        };
        if !callbacks.is_authentic(&call) {
            continue;
        }
        is_authentic = true;
        if callbacks.is_ours(&call) {
            app.engine.hear(&sender, callback::told(&call)).await?;
            break;
        }
    }
    match is_authentic {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(not_signed(
            "the auth token of a Twilio account, over public_url",
        )),
    }
}

/// Hear what Meta tells of messages.
///
/// States and inbound messages, signed with the app's secret. The answer comes when all of it is
/// durable.
#[utoipa::path(
    post, path = "/webhooks/whatsapp-cloud", tag = "messages", operation_id = "hearWhatsappCloud",
    request_body(content = Object, description = "A webhook of the WhatsApp Cloud API."),
    responses((status = 200, description = "It is heard.")),
    security(())
)]
pub(crate) async fn whatsapp_cloud(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (headers, bytes) = whole(&app, request).await?;
    let signature = text(&headers, webhook::SIGNATURE).unwrap_or_default();
    let mut is_authentic = false;
    for sender in app.engine.senders() {
        let Hears::WhatsappCloud(webhooks) = &*sender.hears else {
            continue;
        };
        if !webhooks.is_authentic(&bytes, signature) {
            continue;
        }
        is_authentic = true;
        // One body may be about several numbers; each sender finds its own.
        match webhooks.told(&bytes) {
            Some(told) => drop(app.engine.hear(&sender, told).await?),
            None => unreadable(&sender),
        }
    }
    match is_authentic {
        true => Ok(StatusCode::OK),
        false => Err(not_signed("the app_secret of a whatsapp_cloud account")),
    }
}

/// Prove to Meta that the address is ours.
#[utoipa::path(
    get, path = "/webhooks/whatsapp-cloud", tag = "messages", operation_id = "challengeWhatsappCloud",
    params(
        ("hub.mode" = Option<String>, Query, description = "`subscribe`."),
        ("hub.verify_token" = Option<String>, Query, description = "The account's `verify_token`."),
        ("hub.challenge" = Option<String>, Query, description = "What to answer."),
    ),
    responses((status = 200, description = "The challenge.", body = String, content_type = "text/plain")),
    security(())
)]
pub(crate) async fn challenge(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let query = request.uri().query().unwrap_or_default();
    let answer = app
        .engine
        .senders()
        .iter()
        .find_map(|sender| match &*sender.hears {
            Hears::WhatsappCloud(webhooks) => webhooks.challenge(query),
            Hears::Twilio(_) | Hears::Evolution(_) => None,
        });
    let answer = answer.ok_or_else(|| {
        let what = "not the verify_token of a whatsapp_cloud account";
        Problem::new(Code::BadKey, what)
    })?;
    let mut response = answer.into_response();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

/// The headers and the whole body of a request, byte for byte.
pub(super) async fn whole(app: &App, request: Request) -> Result<(HeaderMap, Bytes), Problem> {
    let (parts, stream) = request.into_parts();
    let bytes = body::read(stream, &parts.headers, &app.settings).await?;
    Ok((parts.headers, bytes))
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

pub(super) fn unreadable(sender: &Sender) {
    tracing::warn!(account = %sender.account, "a webhook is signed and cannot be read; it is left alone");
}

fn not_signed(with: &str) -> Problem {
    Problem::new(Code::BadKey, format!("not signed with {with}"))
}
