//! What a page asks first, answered in the page.
//!
//! A page that was only a frame would ask who is signed in, then for its figures, and stand empty
//! until the last of them is there. A browser that is signed in gets them with the page: the
//! answers of the API to the calls that the page is about to make, found as if it had made them,
//! through the same gates. They stand in an element that holds data and is no script to be run.
//! What is not answered well, or is too large, is left out, and then the page asks by itself.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, Uri, header},
};
use futures_util::future::join_all;
use tower_service::Service;

use crate::auth::signed_in;

/// What all answers in a page may come to: more would keep the page itself waiting.
const MAX_BYTES: usize = 64 * 1024;
const SESSION: &str = "/api/session";
const END_OF_BODY: &str = "</body>";

/// The page with the answers in it; none where nobody is signed in.
pub(super) async fn told(
    calls: &Router,
    page: &'static [u8],
    uri: &Uri,
    headers: &HeaderMap,
) -> Option<String> {
    signed_in::token(headers)?;
    let (begin, end) = std::str::from_utf8(page).ok()?.rsplit_once(END_OF_BODY)?;
    let asked = asked(uri);
    let answers = join_all(asked.iter().map(|call| answer(calls, call, headers))).await;
    let found: Vec<_> = asked.iter().zip(answers).collect();
    // Without a session, or with one that has ended, there is nothing to tell.
    found
        .iter()
        .find(|(call, answer)| *call == SESSION && answer.is_some())?;
    Some(format!(
        "{begin}<script type=\"application/json\" id=\"first\">{}</script>\n  {END_OF_BODY}{end}",
        written(found)
    ))
}

/// The calls that the page at an address makes at once, in the words in which it makes them.
fn asked(uri: &Uri) -> Vec<String> {
    let parts: Vec<_> = uri
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    // A list that is narrowed is asked for in other words.
    let is_plain = uri.query().is_none();
    let mut asked = vec![
        SESSION.to_owned(),
        "/api/alerts?state=firing&limit=100".to_owned(),
    ];
    let mut more = |calls: &[&str]| asked.extend(calls.iter().map(|call| (*call).to_owned()));
    match parts[..] {
        [] => more(&[
            "/api/queues",
            "/api/destinations",
            "/readyz",
            "/api/pixels/stats?interval=1d",
            "/metrics/batch",
        ]),
        ["queues" | "dead"] => more(&["/api/queues"]),
        ["queues", name] => {
            more(&[&format!("/api/queues/{name}")]);
            if is_plain {
                more(&[&format!("/api/queues/{name}/jobs?limit=50")]);
            }
        }
        ["alerts"] if is_plain => more(&[
            "/api/alerts?state=over&limit=50",
            "/api/alerts/rules",
            "/api/alerts/channels",
        ]),
        _ => {}
    }
    asked
}

/// The answer to one call, if it is a good one.
async fn answer(calls: &Router, call: &str, headers: &HeaderMap) -> Option<String> {
    let mut request = Request::get(call).body(Body::empty()).ok()?;
    for cookie in headers.get_all(header::COOKIE) {
        request.headers_mut().append(header::COOKIE, cookie.clone());
    }
    let Ok(response) = calls.clone().call(request).await;
    if response.status() != StatusCode::OK {
        return None;
    }
    let bytes = to_bytes(response.into_body(), MAX_BYTES).await.ok()?;
    String::from_utf8(bytes.into()).ok()
}

/// Answers by their calls, as JSON that stays what it is within HTML: only in its strings can a `<`
/// stand, and so it may be written as JSON writes what it likes (RFC 8259, section 7).
fn written<'a>(found: impl IntoIterator<Item = (&'a String, Option<String>)>) -> String {
    let mut text = "{".to_owned();
    for (call, answer) in found {
        let Some(answer) = answer.filter(|answer| text.len() + answer.len() <= MAX_BYTES) else {
            continue;
        };
        let comma = if text.len() > 1 { "," } else { "" };
        text += &format!("{comma}{}:{answer}", serde_json::Value::from(call.as_str()));
    }
    text.push('}');
    text.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use axum::{extract::RawQuery, routing::get};

    use super::*;

    fn asked_at(address: &str) -> Vec<String> {
        asked(&address.parse().unwrap()).split_off(2)
    }

    #[test]
    fn page_of_a_queue_comes_with_its_jobs_unless_they_are_narrowed() {
        assert_eq!(
            asked_at("/queues/relay.orders"),
            [
                "/api/queues/relay.orders",
                "/api/queues/relay.orders/jobs?limit=50"
            ]
        );
        assert_eq!(asked_at("/queues/a%2Fb?state=dead"), ["/api/queues/a%2Fb"]);
        assert_eq!(asked_at("/queues/a/b"), [""; 0]);
        assert_eq!(asked_at("/campaigns"), [""; 0]);
    }

    /// Tells a page what these routes answer.
    async fn told_by(calls: Router, address: &str, cookie: &str) -> Option<serde_json::Value> {
        let cookie = [(header::COOKIE, cookie.parse().unwrap())];
        let page = b"<html><body><p>page</p></body></html>";
        let uri = address.parse().unwrap();
        let text = told(&calls, page, &uri, &HeaderMap::from_iter(cookie)).await?;
        let (begin, rest) = text.split_once(" id=\"first\">").unwrap();
        let (json, end) = rest.split_once("</script>").unwrap();
        assert!(begin.starts_with("<html><body><p>page</p><script type=\"application/json\""));
        assert_eq!(end.trim(), "</body></html>");
        Some(serde_json::from_str(json).unwrap())
    }

    /// A session for one cookie, and queues that cannot be read.
    fn calls() -> Router {
        let session = get(|headers: HeaderMap| async move {
            let known = headers[header::COOKIE] == "a=b; cauce_session=good";
            let status = match known {
                true => StatusCode::OK,
                false => StatusCode::UNAUTHORIZED,
            };
            (status, r#"{"name":"ops"}"#)
        });
        let failing = get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "{}") });
        let alerts = get(|query: RawQuery| async { format!("[{:?}]", query.0.unwrap()) });
        Router::new()
            .route("/api/session", session)
            .route("/api/queues", failing)
            .route("/api/alerts", alerts)
    }

    #[tokio::test]
    async fn page_comes_with_the_answers_that_are_good_to_whoever_is_signed_in() {
        let told = told_by(calls(), "/queues", "a=b; cauce_session=good").await;
        let firing = "state=firing&limit=100";
        let wanted = serde_json::json!({
            "/api/session": { "name": "ops" },
            (format!("/api/alerts?{firing}")): [firing],
        });
        assert_eq!(told.unwrap(), wanted);
        assert!(told_by(calls(), "/queues", "a=b").await.is_none());
        let over = told_by(calls(), "/queues", "cauce_session=over").await;
        assert!(over.is_none());
    }

    #[test]
    fn nothing_that_is_told_ends_the_element_that_it_stands_in() {
        let call = "/api/queues/</script>".to_owned();
        let answer = r#"{"name":"</script><script>boom()</script><!--"}"#.to_owned();
        let text = written([(&call, Some(answer.clone()))]);
        assert!(!text.contains('<'), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of_call = serde_json::from_str::<serde_json::Value>(&answer).unwrap();
        assert_eq!(read[&call], of_call);
    }

    #[test]
    fn what_is_missing_or_too_large_is_left_out() {
        let calls = ["a", "b", "c"].map(str::to_owned);
        let large = format!("\"{}\"", "x".repeat(MAX_BYTES));
        let answers = [None, Some(large), Some("1".to_owned())];
        assert_eq!(written(calls.iter().zip(answers)), r#"{"c":1}"#);
        assert_eq!(written([]), "{}");
    }
}
