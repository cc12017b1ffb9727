//! Lets pages of other origins hand in events, and see what became of them (CORS,
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! Only one route is for pages. A batch that is sent as `text/plain` asks for nothing beforehand;
//! one with a header of its own sends a preflight, which is answered here. An origin is named in the
//! answer if a write key names it: in every answer, refusals too, because the tracker has to know
//! whether and when to come again. No cookie is looked at on that route, so none is allowed.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use cauce_store::control::KeyHash;

use crate::{
    app::App,
    gate::write_key::{allows, presented},
    problem::{Code, Problem},
};

/// The route that pages call.
const PATH: &str = "/tracking-v2/events";
const METHODS: HeaderValue = HeaderValue::from_static("POST");
const HEADERS: HeaderValue =
    HeaderValue::from_static("content-type, content-encoding, x-write-key, idempotency-key");
/// What a page may read beside the body.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("retry-after, ratelimit, ratelimit-policy, idempotency-replayed");
/// Two hours, the longest that Chromium heeds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const REQUESTED_METHOD: HeaderName = header::ACCESS_CONTROL_REQUEST_METHOD;

/// Goes around everything, so that refusals of every kind can be read by pages.
pub(crate) async fn cors(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.uri().path() != PATH {
        return next.run(request).await;
    }
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return varied(next.run(request).await);
    };
    let allowed = is_allowed(&app, request.headers(), request.uri(), &origin);
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(REQUESTED_METHOD);
    let mut response = match (preflight, allowed) {
        (true, true) => preflight_answer(),
        (true, false) => no_such_origin().into_response(),
        (false, _) => next.run(request).await,
    };
    if allowed {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    varied(response)
}

/// A request that brings a key is judged by that key. A preflight brings none unless it stands in
/// the address; it is enough for it that some key is for the origin.
fn is_allowed(app: &App, headers: &HeaderMap, uri: &Uri, origin: &HeaderValue) -> bool {
    let (control, now) = (app.engine.control(), app.engine.now());
    match presented(headers, uri) {
        Some(secret) => {
            let key = control.peek(&KeyHash::of(&secret), now);
            key.is_some_and(|key| allows(&key, origin))
        }
        None => control.any_key(now, |key| allows(key, origin)),
    }
}

fn preflight_answer() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

fn no_such_origin() -> Problem {
    Problem::new(
        Code::WrongOrigin,
        "no write key names the origin of the page; make a key with this origin",
    )
}

/// What is answered depends on the origin, which a cache has to know.
fn varied(mut response: Response) -> Response {
    let vary = HeaderValue::from_static("origin");
    response.headers_mut().append(header::VARY, vary);
    response
}
