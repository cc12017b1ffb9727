//! `Idempotency-Key`: a POST that is made again gets its first answer again.
//!
//! Only successes are remembered: a call that was refused has changed nothing and may be mended
//! and made again under the same key. Requests without the header pay nothing for all this.

use std::time::Duration;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use cauce_store::control::{
    SEAL_FILE,
    answers::{Answer, Begun, CallId, Ticket},
};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use crate::{
    app::App,
    auth::Caller,
    body,
    problem::{Code, Problem},
};

/// The header (draft-ietf-httpapi-idempotency-key-header).
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Tells that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MAX_KEY_BYTES: usize = 255;
/// Longer answers are not remembered; no route that creates something comes near it.
const MAX_ANSWER_BYTES: usize = 1 << 20;
const IN_FLIGHT_AFTER: Duration = Duration::from_secs(1);

/// Marks an answer that holds a secret: it is remembered encrypted.
#[derive(Clone, Copy)]
pub(crate) struct HoldsSecret;

/// The call that a request belongs to, in a digest of key, caller and body: the same whenever the
/// call is made again, also after a crash that left nothing else of it.
#[derive(Clone, Copy)]
pub(crate) struct Call([u8; 32]);

impl Call {
    fn new(call: &CallId, body: &[u8; 32]) -> Call {
        let mut digest = Sha256::new();
        // A header holds no NUL, so no two calls read alike.
        for part in [&call.owner, &call.route, &call.key] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        digest.update(body);
        Call(digest.finalize().into())
    }

    /// A UUID for the entry at this place of the body, where it came without an id.
    pub(crate) fn id(&self, tenant: &str, index: usize) -> Uuid {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update((index as u64).to_be_bytes());
        digest.update(tenant.as_bytes());
        let digest: [u8; 32] = digest.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        // Version 8: made in a way of one's own (RFC 9562, section 5.8).
        Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// The idempotency key of a POST. A file that is streamed has none: it is not held as a whole, and
/// to take it again changes nothing.
pub(crate) fn key_of(request: &Request) -> Option<HeaderValue> {
    let may = request.method() == Method::POST && request.uri().path() != body::STREAMED;
    may.then(|| request.headers().get(HEADER).cloned())?
}

/// Carries a call out, unless it was carried out before.
pub(crate) async fn once(
    app: &App,
    caller: &Caller,
    key: HeaderValue,
    request: Request,
    next: Next,
) -> Response {
    match begin(app, caller, &key, request).await {
        Ok(Step::Answered(answer)) => replayed(answer),
        Ok(Step::Fresh(fresh)) => {
            let (ticket, request) = *fresh;
            remember(app, ticket, next.run(request).await).await
        }
        Err(problem) => problem.into_response(),
    }
}

enum Step {
    Answered(Answer),
    Fresh(Box<(Ticket, Request)>),
}

async fn begin(
    app: &App,
    caller: &Caller,
    key: &HeaderValue,
    request: Request,
) -> Result<Step, Problem> {
    let (mut parts, stream) = request.into_parts();
    let bytes = body::read(stream, &parts.headers, &app.settings).await?;
    let call = CallId {
        owner: caller.key.id.clone(),
        route: format!("{} {}", parts.method, parts.uri),
        key: text_of(key)?,
    };
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    parts.extensions.insert(Call::new(&call, &hash));
    match app
        .engine
        .control()
        .begin(call, hash, app.engine.now())
        .await?
    {
        Begun::Fresh(ticket) => {
            let request = Request::from_parts(parts, Body::from(bytes));
            Ok(Step::Fresh(Box::new((ticket, request))))
        }
        Begun::Known(answer) => Ok(Step::Answered(answer)),
        Begun::Lost => Err(lost()),
        Begun::InFlight => Err(Problem::new(
            Code::CallInFlight,
            "a call with this idempotency key has not ended yet; try again as told by Retry-After",
        )
        .retry_after(IN_FLIGHT_AFTER)),
        Begun::OtherBody => Err(Problem::new(
            Code::KeyReused,
            "this idempotency key was used for another body within 24 hours; use a new key for a new call",
        )),
    }
}

fn lost() -> Problem {
    tracing::warn!(
        "an answer cannot be given again: the key that it was encrypted with is gone ({SEAL_FILE} in the data folder)"
    );
    Problem::new(
        Code::AnswerLost,
        "the call was carried out before, but its answer cannot be decrypted any more; look for what \
         it made (GET /api/keys), take that back, and make the call under a new idempotency key",
    )
}

fn text_of(key: &HeaderValue) -> Result<String, Problem> {
    let text = key
        .to_str()
        .ok()
        .filter(|text| (1..=MAX_KEY_BYTES).contains(&text.len()));
    text.map(str::to_owned).ok_or_else(|| {
        Problem::bad_parameter(
            "Idempotency-Key",
            format!("use 1 to {MAX_KEY_BYTES} visible ASCII characters, a UUID say"),
        )
    })
}

fn replayed(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::try_from(answer.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

async fn remember(app: &App, ticket: Ticket, response: Response) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (mut parts, stream) = response.into_parts();
    let body = match axum::body::to_bytes(stream, MAX_ANSWER_BYTES).await {
        Ok(body) => body,
        Err(error) => return Problem::internal(&error).into_response(),
    };
    let secret = parts.extensions.remove::<HoldsSecret>().is_some();
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let answer = Answer {
        status: parts.status.as_u16(),
        content_type: kind.unwrap_or_default().to_owned(),
        body: body.clone(),
        secret,
    };
    // The work is done; without the memory of it a repeated call would be done again, no worse
    // than without the header.
    if let Err(error) = ticket.keep(answer, app.engine.now()).await {
        tracing::warn!(%error, "cannot remember an answer for its idempotency key");
    }
    Response::from_parts(parts, Body::from(body))
}
