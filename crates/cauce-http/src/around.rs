//! What goes around every route: the cap on requests, the time limit, panics, hang-ups, the
//! headers of every answer, and counting.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;

use crate::{
    app::App,
    body::STREAMED,
    lasting::Lasting,
    metrics::Counted,
    problem::{Code, Problem},
};

/// The route that stands for all that do not exist: a label for each would have no end.
const NO_ROUTE: &str = "(none)";

/// Headers of every answer that does not set them itself. An API has no pages, so nothing may
/// run, frame or store what it says (OWASP REST Security Cheat Sheet).
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

/// Answers a request, whatever the route does.
pub(crate) async fn around(
    State(app): State<Arc<App>>,
    pattern: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let mut response = match app.metrics.request(app.settings.max_in_flight) {
        Some(counted) => within(&app, counted, request, next).await,
        None => {
            app.metrics.refused("requests");
            Problem::overloaded().into_response()
        }
    };
    harden(response.headers_mut());
    let pattern = pattern.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    app.metrics.answered(
        &method,
        pattern,
        response.status().as_u16(),
        begun.elapsed(),
    );
    response
}

/// Runs the route, unless the caller cannot read what it answers.
///
/// A call that changes something goes on to its end, with its entry in the audit log and its
/// remembered answer, when the caller hangs up or has waited long enough. It counts as in flight
/// until then.
async fn within(app: &App, counted: Counted, request: Request, next: Next) -> Response {
    // Where there is no route, what is accepted decides between a page and a problem.
    if request.extensions().get::<MatchedPath>().is_some()
        && let Err(problem) = check_accept(&request)
    {
        return problem.into_response();
    }
    let changes = !request.method().is_safe();
    let patient = request.uri().path() == STREAMED;
    let route = async move {
        let response = guarded(next.run(request)).await;
        drop(counted);
        response
    };
    match changes {
        // A file goes on for as long as it comes; its pieces have a time of their own.
        true if patient => Lasting::new(&app.calls, route).await,
        true => in_time(app, Lasting::new(&app.calls, route)).await,
        false => in_time(app, route).await,
    }
}

/// Turns a panic into a problem.
async fn guarded(route: impl Future<Output = Response>) -> Response {
    let caught = AssertUnwindSafe(route).catch_unwind().await;
    caught.unwrap_or_else(|panic| Problem::internal(&panic_text(&*panic)).into_response())
}

/// Answers in time, with a problem if there is no answer yet.
async fn in_time(app: &App, answer: impl Future<Output = Response>) -> Response {
    let limit = app.settings.request_timeout;
    let answered = tokio::time::timeout(limit, answer).await;
    answered.unwrap_or_else(|_| {
        Problem::new(
            Code::Timeout,
            "it may still be done; look, or send it again with the same Idempotency-Key",
        )
        .into_response()
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_default())
}

fn harden(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(value);
    }
}

/// What a route answers in. Nearly all answer JSON.
fn kinds(path: &str) -> &'static [&'static str] {
    match path {
        "/metrics" => &["text/plain"],
        "/webhooks/whatsapp-cloud" => &["application/json", "text/plain"],
        "/t.js" => &["text/javascript", "application/javascript"],
        "/tracking-v2/stream" | "/api/stream" => &["text/event-stream"],
        "/tracking-v2/export" => &[
            "text/csv",
            "application/x-ndjson",
            "application/vnd.apache.parquet",
            "application/octet-stream",
        ],
        path if path.starts_with("/api/contacts/imports/") && path.ends_with("/rejected") => {
            &["text/csv"]
        }
        _ => &["application/json"],
    }
}

/// Whoever accepts nothing of what a route answers in is told so before anything is done (RFC 9110,
/// section 12.5.1).
fn check_accept(request: &Request) -> Result<(), Problem> {
    let Some(accept) = request.headers().get(header::ACCEPT) else {
        return Ok(());
    };
    let kinds = kinds(request.uri().path());
    let fits = |name: &str| {
        let group = |kind: &str| kind.split_once('/').map(|(group, _)| format!("{group}/*"));
        let of_route = kinds.iter().any(|kind| {
            name.eq_ignore_ascii_case(kind)
                || group(kind).is_some_and(|group| name.eq_ignore_ascii_case(&group))
        });
        let of_all = ["*/*", "application/problem+json"];
        of_route || of_all.iter().any(|kind| name.eq_ignore_ascii_case(kind))
    };
    let accepts = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        !refused && (name.is_empty() || fits(name))
    };
    if accept
        .to_str()
        .is_ok_and(|ranges| ranges.split(',').any(accepts))
    {
        return Ok(());
    }
    let kinds = kinds.join(" or ");
    Err(Problem::new(
        Code::NotAcceptable,
        format!("the route answers in {kinds}; accept that or */*"),
    ))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn accepts(path: &str, accept: &str) -> bool {
        let request = Request::builder().uri(path).header(header::ACCEPT, accept);
        check_accept(&request.body(Body::empty()).unwrap()).is_ok()
    }

    #[test]
    fn caller_has_to_accept_what_the_route_answers() {
        for accept in [
            "*/*",
            "application/json",
            "text/html, application/*;q=0.5",
            "APPLICATION/JSON",
            "",
        ] {
            assert!(accepts("/api/queues", accept), "{accept}");
        }
        for accept in [
            "text/html",
            "application/xml",
            "application/json;q=0",
            "image/*",
        ] {
            assert!(!accepts("/api/queues", accept), "{accept}");
        }
        assert!(accepts("/tracking-v2/stream", "text/event-stream"));
        assert!(accepts("/api/stream", "text/event-stream"));
        assert!(!accepts("/tracking-v2/stream", "application/json"));
        assert!(
            accepts("/metrics", "text/plain;version=0.0.4")
                && !accepts("/metrics", "application/json")
        );
    }

    #[tokio::test]
    async fn panic_becomes_a_problem_that_says_nothing_of_the_inside() {
        let answer = guarded(async { panic!("secret {}", 7) }).await;
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 10_000)
            .await
            .unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(
            text.contains("\"code\":\"internal\"") && !text.contains("secret"),
            "{text}"
        );
    }

    #[test]
    fn headers_that_an_answer_sets_itself_stay() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("max-age=60"),
        );
        harden(&mut headers);
        assert_eq!(headers[header::CACHE_CONTROL], "max-age=60");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
