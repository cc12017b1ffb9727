//! Signing in with a browser, over real sockets.

use std::time::Duration;

use cauce_http::testing::{Answer, call};
use cauce_store::{control::KeyScope, jobs::Scope};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::bench::{Bench, key};

/// What a browser on one of our pages sends.
struct Browser {
    origin: String,
    cookie: String,
}

impl Browser {
    async fn sign_in(bench: &Bench, secret: &str) -> Browser {
        let answer = sign_in(bench, secret).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.headers["set-cookie"].split(';').next().unwrap();
        Browser {
            origin: format!("http://{}", bench.addr()),
            cookie: cookie.to_owned(),
        }
    }

    async fn ask(&self, bench: &Bench, request: &str) -> Answer {
        let headers = [("cookie", self.cookie.as_str()), ("origin", &self.origin)];
        call(bench.addr(), request, &headers, None).await.unwrap()
    }
}

async fn sign_in(bench: &Bench, secret: &str) -> Answer {
    let body = json!({"key": secret}).to_string();
    call(bench.addr(), "POST /api/session", &[], Some(&body))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_opens_what_its_key_opens_until_it_is_given_back() {
    let bench = Bench::start().await;
    let browser = Browser::sign_in(&bench, &bench.key).await;
    let who = browser.ask(&bench, "GET /api/session").await.json();
    assert_eq!(who["tenant"], "acme", "{who}");
    assert_eq!(browser.ask(&bench, "GET /api/queues").await.status, 200);
    assert_eq!(browser.ask(&bench, "GET /metrics/cache").await.status, 200);
    let paused = browser.ask(&bench, "POST /api/queues/meta/pause").await;
    assert_eq!(paused.status, 200, "{}", paused.body);

    let out = browser.ask(&bench, "DELETE /api/session").await;
    assert_eq!(out.status, 204);
    assert!(out.headers["set-cookie"].contains("Max-Age=0"));
    let ended = browser.ask(&bench, "GET /api/queues").await;
    assert_eq!((ended.status, ended.code().as_str()), (401, "bad_key"));

    let audit = bench.ask("GET /api/audit", None).await.json();
    let done = |verb: &str| {
        audit["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|entry| entry["action"] == verb)
    };
    for verb in ["sign_in.begin", "queue.pause", "sign_in.end"] {
        assert!(done(verb), "no {verb}: {audit}");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_of_whoever_signs_out_ends() {
    let bench = Bench::start().await;
    for path in ["/api/stream", "/tracking-v2/stream"] {
        let browser = Browser::sign_in(&bench, &bench.key).await;
        let mut stream = TcpStream::connect(bench.addr()).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n\r\n",
            bench.addr(),
            browser.cookie
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200", "{path}");
        assert_eq!(browser.ask(&bench, "DELETE /api/session").await.status, 204);
        let mut heard = Vec::new();
        let end = async {
            while !heard.ends_with(b"0\r\n\r\n") && stream.read_buf(&mut heard).await.unwrap() > 0 {
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(10), end).await;
        assert!(ended.is_ok(), "{path} goes on");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pages_change_nothing_with_the_cookie() {
    let bench = Bench::start().await;
    let mut browser = Browser::sign_in(&bench, &bench.key).await;
    browser.origin = "https://evil.example".to_owned();
    let refused = browser.ask(&bench, "POST /api/queues/meta/pause").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "wrong_origin")
    );
    let refused = browser.ask(&bench, "DELETE /api/session").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "wrong_origin")
    );
    let gate = bench.ask("GET /api/queues/meta", None).await.json();
    assert_eq!(gate["gate"], "open");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookie_lacks_what_its_key_lacks_and_ends_with_it() {
    let bench = Bench::start().await;
    let (id, secret) = key(&bench.engine, Some("acme"), [KeyScope::Read]).await;
    let browser = Browser::sign_in(&bench, &secret).await;
    let refused = browser.ask(&bench, "POST /api/queues/meta/pause").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "missing_scope")
    );
    let control = bench.engine.control();
    control
        .revoke_key(&id, &Scope::All, bench.engine.now())
        .await
        .unwrap();
    let ended = browser.ask(&bench, "GET /api/queues").await;
    assert_eq!((ended.status, ended.code().as_str()), (401, "bad_key"));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_public_keys_do_not_sign_in_and_tries_are_limited() {
    let bench = Bench::start().await;
    let public = crate::tracking::write_key(&bench).await;
    for secret in ["", "ck_live_wrong", &public, &"x".repeat(600)] {
        let answer = sign_in(&bench, secret).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "bad_key"),
            "{secret}"
        );
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let mut last = sign_in(&bench, "wrong").await;
    for _ in 0..20 {
        last = sign_in(&bench, "wrong").await;
    }
    assert_eq!((last.status, last.code().as_str()), (429, "rate_limited"));
    assert!(last.headers.contains_key("retry-after"));
    bench.stop().await;
}
