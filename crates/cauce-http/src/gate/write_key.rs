//! The gate before the one route that pages may call: it opens to public write keys, too.
//!
//! A public write key stands in web pages for all to see. What makes it harmless is that it only
//! hands in events, of one site, and only from pages of the origins that it names. A browser always
//! says where a page comes from (`Origin`, <https://fetch.spec.whatwg.org/#origin-header>), so a
//! request without that is no page's; a server that hands in events has a secret key for it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Uri, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use cauce_store::control::{Key, KeyScope};
use utoipa_axum::router::OpenApiRouter;

use super::pass_as;
use crate::{
    app::App,
    auth::{self, Caller},
    problem::{Code, Problem},
};

/// The header that carries a public write key.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-write-key");
/// The parameter that carries it where no header can be set: `sendBeacon` sets none.
const PARAMETER: &str = "key";

/// Puts routes behind a gate that opens to the scope `ingest` and to public write keys.
pub(crate) fn behind(app: &Arc<App>, routes: OpenApiRouter<Arc<App>>) -> OpenApiRouter<Arc<App>> {
    routes.route_layer(from_fn_with_state(Arc::clone(app), pass))
}

async fn pass(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let caller = match caller(&app, request.headers(), request.uri()) {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    // Keys are kept nowhere but as hashes, and addresses are kept with remembered answers.
    *request.uri_mut() = without_key(request.uri());
    pass_as(&app, caller, request, next).await
}

fn caller(app: &App, headers: &HeaderMap, uri: &Uri) -> Result<Caller, Problem> {
    let (control, now) = (app.engine.control(), app.engine.now());
    let Some(secret) = presented(headers, uri) else {
        return auth::authenticate(headers, control, KeyScope::Ingest, now);
    };
    let key = auth::verify(&secret, control, now)?;
    if !key.is_public() {
        return Err(Problem::new(
            Code::BadKey,
            "a secret key belongs into the header `Authorization: Bearer …`, never into a page or an address",
        ));
    }
    check_origin(&key, headers.get(header::ORIGIN))?;
    Ok(Caller::with_key(key))
}

/// The write key of a request, if it has one.
pub(crate) fn presented(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    if let Some(key) = headers.get(HEADER) {
        return Some(key.to_str().unwrap_or_default().to_owned());
    }
    let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(uri.query()?).ok()?;
    let mut keys = pairs
        .into_iter()
        .filter(|(name, key)| name == PARAMETER && !key.is_empty());
    keys.next().map(|(_, key)| key)
}

fn check_origin(key: &Key, origin: Option<&HeaderValue>) -> Result<(), Problem> {
    match origin {
        Some(origin) if allows(key, origin) => Ok(()),
        Some(_) => Err(Problem::new(
            Code::WrongOrigin,
            "the page comes from an origin that the key does not name; make a key with this origin",
        )),
        None => Err(Problem::new(
            Code::WrongOrigin,
            "a write key opens this route to web pages, which say their origin; a server uses a key of the scope `ingest`",
        )),
    }
}

/// Whether a key may be used by pages of an origin. Scheme and host have no case (RFC 6454).
pub(crate) fn allows(key: &Key, origin: &HeaderValue) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    key.origins
        .iter()
        .any(|own| own.eq_ignore_ascii_case(origin))
}

fn without_key(uri: &Uri) -> Uri {
    let Some(query) = uri.query() else {
        return uri.clone();
    };
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| pair.split('=').next() != Some(PARAMETER))
        .collect();
    let text = match rest.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), rest.join("&")),
    };
    text.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_taken_out_of_the_address_and_the_rest_stays() {
        for (uri, rest) in [
            ("/e", "/e"),
            ("/e?key=cw_1", "/e"),
            ("/e?partial=true&key=cw_1", "/e?partial=true"),
            ("/e?key=cw_1&partial=true&key=x", "/e?partial=true"),
            ("/e?keys=1&monkey=2", "/e?keys=1&monkey=2"),
        ] {
            assert_eq!(
                without_key(&uri.parse().unwrap()).to_string(),
                rest,
                "{uri}"
            );
        }
    }

    #[test]
    fn header_stands_over_the_address_and_empty_is_none() {
        let none = HeaderMap::new();
        let header = HeaderMap::from_iter([(HEADER, HeaderValue::from_static("cw_h"))]);
        let uri: Uri = "/e?key=cw_q".parse().unwrap();
        assert_eq!(presented(&none, &uri).as_deref(), Some("cw_q"));
        assert_eq!(presented(&header, &uri).as_deref(), Some("cw_h"));
        assert_eq!(presented(&none, &"/e?key=".parse().unwrap()), None);
        assert_eq!(presented(&none, &"/e".parse().unwrap()), None);
    }
}
