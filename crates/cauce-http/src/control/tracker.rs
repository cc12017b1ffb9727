//! `GET /t.js`: the script that web pages track their visitors with.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    assets,
    problem::{Code, Problem},
};

/// A browser takes it from its cache for a day, and for a week while it looks for a newer one.
const CACHE: HeaderValue =
    HeaderValue::from_static("public, max-age=86400, stale-while-revalidate=604800");

/// The browser tracker.
///
/// See the guide on tracking for the tag that a page needs.
#[utoipa::path(
    get, path = "/t.js", tag = "tracking", operation_id = "getTracker",
    responses(
        (status = 200, description = "The script.", body = String, content_type = "text/javascript"),
        (status = 304, description = "The caller has it already."),
    ),
    security(())
)]
pub(crate) async fn tracker(headers: HeaderMap) -> Result<Response, Problem> {
    let Some(asset) = assets::tracker() else {
        return Err(Problem::new(
            Code::NotFound,
            "this binary was built without the tracker; run `cargo xtask web`, then build it again",
        ));
    };
    let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
    let mut response = assets::answer(asset, kind, CACHE, &headers);
    let headers = response.headers_mut();
    // Any page may load it, also with integrity checks.
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let cross = HeaderValue::from_static("cross-origin");
    headers.insert("cross-origin-resource-policy", cross);
    Ok(response)
}
