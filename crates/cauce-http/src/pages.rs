//! The dashboard and the reference of the API: their files, their pages, and what is said where they
//! were not built.
//!
//! Their files carry a hash in their names and are kept by browsers for good; the two pages are asked
//! for anew each time. Every address that is no file and asks for HTML gets one of them, which finds
//! out by itself what to show there: `/docs` and what is below it the reference, all else the dashboard.
//! Whoever is signed in gets the dashboard with what it would ask [`first`].

mod first;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};

use crate::assets::{self, Asset};

/// Scripts, styles and pictures come from here alone, and nothing may frame the pages (CSP 3).
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
);
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// What is of whoever is signed in is kept nowhere.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const INDEX: &str = "/index.html";
const REFERENCE: &str = "/docs.html";
/// What is not the dashboard's, so that a call that goes wrong there is answered as a problem.
const OF_THE_API: [&str; 3] = ["/api/", "/tracking-v2/", "/webhooks/"];

/// The answer to a request that no route takes, if it is one for the dashboard. `calls` answers what
/// its page asks first.
pub(crate) async fn answer(calls: &Router, request: &Parts) -> Option<Response> {
    let path = request.uri.path();
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if !reads || OF_THE_API.iter().any(|prefix| path.starts_with(prefix)) {
        return None;
    }
    let headers = &request.headers;
    if ![INDEX, REFERENCE].contains(&path)
        && let Some(asset) = assets::dashboard(path)
    {
        return Some(file(asset, kind_of(path), FOR_GOOD, headers));
    }
    if !["/", "/docs"].contains(&path) && !asks_for_html(headers) {
        return None;
    }
    let page = page_at(path);
    let Some(asset) = assets::dashboard(page) else {
        return Some(not_built());
    };
    let told = match page {
        INDEX => first::told(calls, asset.plain(), &request.uri, headers).await,
        _ => None,
    };
    Some(match told {
        Some(page) => html(page.into(), NOT_KEPT),
        None => file(asset, HTML, ASK_AGAIN, headers),
    })
}

/// The page that is shown at an address.
fn page_at(path: &str) -> &'static str {
    let is_reference = path == REFERENCE || path == "/docs" || path.starts_with("/docs/");
    if is_reference { REFERENCE } else { INDEX }
}

fn file(
    asset: &'static Asset,
    kind: HeaderValue,
    cache: HeaderValue,
    asked: &HeaderMap,
) -> Response {
    let mut response = assets::answer(asset, kind, cache, asked);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

fn asks_for_html(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|ranges| ranges.contains("text/html"))
}

fn kind_of(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    })
}

fn not_built() -> Response {
    let mut response = html(include_str!("pages/not_built.html").into(), NOT_KEPT);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn html(page: Body, cache: HeaderValue) -> Response {
    let mut response = Response::new(page);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HTML);
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

#[cfg(test)]
mod tests;
