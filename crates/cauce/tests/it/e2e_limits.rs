//! What clients are told when they ask for too much or for nonsense, and when they dawdle.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    ADMIN, Outside, QUEUES, SOON, Server, Setup, Told, event, events, id, ms, secs,
};

const EVENTS: &str = "/api/pixels/events?tenant=acme";

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_is_named_in_its_refusal() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"))
        .and(
            "http",
            "max_body = \"64 KiB\"\nmax_entries = 20\nmax_depth = 8",
        )
        .and("limits", "max_jobs = 30")
        .with("queues.meta", "batch = { max_wait = \"1h\" }\n");
    let server = Server::start(&setup);
    let refused = async |body: &str| {
        let answer = server.ask(&format!("POST {EVENTS}"), Some(body)).await;
        (
            answer.status,
            answer.code(),
            answer.json()["detail"].as_str().unwrap().to_owned(),
        )
    };
    let (status, code, detail) = refused(&format!("\"{}\"", "x".repeat(70 << 10))).await;
    assert_eq!((status, code.as_str()), (413, "body_too_large"));
    assert!(
        detail.contains("max_body") || detail.contains("65536") || detail.contains("64 KiB"),
        "{detail}"
    );
    let (status, code, detail) = refused(&events("meta", 0, 21).to_string()).await;
    assert_eq!((status, code.as_str()), (413, "too_many_entries"));
    assert!(detail.contains("20"), "{detail}");
    let deep = format!("{}1{}", "[".repeat(12), "]".repeat(12));
    let (status, _, detail) = refused(&deep).await;
    assert!(status == 400 || status == 422, "{status}");
    assert!(detail.contains('8'), "{detail}");
    // 30 jobs fit; the events that do not fit are refused as a whole, and the queue goes on.
    server.post(EVENTS, &events("meta", 0, 20)).await;
    let answer = server
        .ask(
            &format!("POST {EVENTS}"),
            Some(&events("meta", 20, 15).to_string()),
        )
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "queue_full"));
    assert!(answer.headers.contains_key("retry-after"));
    assert!(answer.body.contains("max_jobs"), "{}", answer.body);
    assert_eq!(server.count("meta", "accepted").await, 20);
    server.post(EVENTS, &events("meta", 20, 10)).await;
    server.post(EVENTS, &events("tiktok", 100, 10)).await;
    server.emptied(&["tiktok"], SOON).await;
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_room_refuses_events_and_lets_everything_else_go_on() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    server.post("/api/queues/meta/pause", &json!({})).await;
    server.post(EVENTS, &events("meta", 0, 30)).await;
    server.kill();
    let setup = setup.with("limits", "min_free = \"900000 GiB\"\n");
    let server = Server::start(&setup);
    let body = events("meta", 100, 1).to_string();
    let refused = server.ask(&format!("POST {EVENTS}"), Some(&body)).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (507, "disk_full"),
        "{}",
        refused.body
    );
    assert!(refused.headers.contains_key("retry-after"));
    // Deliveries go on.
    server.post("/api/queues/meta/resume", &json!({})).await;
    server.emptied(&["meta"], SOON).await;
    assert_eq!(outside.meta.ledger().accepted_ids().len(), 30);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

/// Sends bytes and reads whatever comes, as text.
async fn raw(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(secs(4), read)
        .await
        .expect("the request hangs");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Bodies that are no events.
fn rubbish() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[[",
        "[{]",
        "null",
        "true",
        "0",
        "-",
        "1e999",
        "\"\"",
        "\"text\"",
        "[null]",
        "[1,2]",
        "[[]]",
        "[{}]",
        "{}",
        "{\"eventType\":null}",
        "{\"eventType\":[]}",
        "{\"eventType\":\"\"}",
        "{\"eventType\":{\"a\":1}}",
        "{\"eventType\":\"lead\",\"eventType\":\"lead\"}",
        "{\"eventType\":\"lead\",\"user\":[1]}",
        "{\"eventType\":\"lead\",\"data\":\"x\"}",
        "{\"eventType\":\"lead\",\"data\":{\"items\":{}}}",
        "{\"eventType\":\"lead\",\"data\":{\"value\":1e400}}",
        "{\"eventType\":\"lead\",\"occurredAt\":1e300}",
        "{\"eventType\":\"lead\",\"occurredAt\":-9e18}",
        "{\"eventType\":\"lead\",\"platforms\":[1]}",
        "{\"eventType\":\"lead\",\"platforms\":[\"nowhere\"]}",
        "{\"eventType\":\"lead\",\"eventId\":\"no uuid\"}",
        "{\"eventType\":\"\\ud800\"}",
        "{'eventType':'lead'}",
        "eventType=lead",
        "<event/>",
        "{\"eventType\":\"lead\"}}",
        "{\"eventType\":\"lead\"},",
        "NaN",
        "[1e9999]",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    all.extend([
        vec![0xff, 0xfe],
        vec![0; 64],
        b"{\"eventType\":\"\xff\"}".to_vec(),
        "[".repeat(50_000).into_bytes(),
        "{\"a\":".repeat(20_000).into_bytes(),
        format!("{{\"eventType\":\"{}\"}}", "x".repeat(100_000)).into_bytes(),
        format!(
            "{{\"eventType\":\"lead\",\"data\":{{\"value\":{}}}}}",
            "9".repeat(50_000)
        )
        .into_bytes(),
    ]);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_is_refused_and_never_breaks_or_hangs_the_server() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    for body in rubbish() {
        let mut request = format!(
            "POST {EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(&body);
        let answer = raw(server.addr, &request).await;
        let shown: String = String::from_utf8_lossy(&body).chars().take(60).collect();
        assert!(
            answer.starts_with("HTTP/1.1 4") || answer.contains("\"accepted\":0"),
            "{shown}: {answer}"
        );
        assert!(
            answer.contains("problem+json") || answer.contains("\"rejected\":["),
            "{shown}: {answer}"
        );
    }
    let heads: [&[u8]; 14] = [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/queues HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /%00%ff HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /api/jobs/../../etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"POST /api/pixels/events HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/pixels/events HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"POST /api/pixels/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /api/pixels/events HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc",
        b"TRACE / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nhost: x\r\nx: \x00\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for head in heads {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(head).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(secs(4), stream.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let shown = String::from_utf8_lossy(head);
        assert!(read.is_ok(), "{shown:?} hangs: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 5"), "{shown:?}: {answer}");
        assert!(!answer.starts_with("HTTP/1.1 2"), "{shown:?}: {answer}");
    }
    let paths = [
        "/api/queues/%2e%2e",
        "/api/queues/nowhere",
        "/api/queues/meta/jobs?limit=0",
        "/api/queues/meta/jobs?limit=x",
        "/api/queues/meta/jobs?cursor=rubbish",
        "/api/queues/meta/jobs?state=gone",
        "/api/jobs/x",
        "/api/jobs/x/why",
        "/api/pixels/stats?from=x",
        "/api/pixels/stats?interval=1ns",
        "/api/pixels/stats?platform=x",
        "/api/pixels/stats?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "/api/audit?limit=-1",
        "/api/nothing",
        "/api/queues?nothing=1",
        "/api/queues?tenant=%00",
    ];
    for path in paths {
        let answer = server.ask(&format!("GET {path}"), None).await;
        assert!(
            (400..500).contains(&answer.status),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{path}"
        );
    }
    assert_eq!(server.ask("GET /livez", None).await.status, 200);
    assert!(!setup.log().contains("panicked"), "{}", setup.log());
    let mut told = Told::default();
    told.post(&server, &event(&id(1))).await;
    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
}

/// Sends the start of a request and then a byte now and then; answers when it was sent away.
async fn dribble(addr: SocketAddr, start: String) -> Duration {
    let began = Instant::now();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(start.as_bytes()).await.unwrap();
    let mut answer = [0; 64];
    loop {
        match tokio::time::timeout(ms(200), stream.read(&mut answer)).await {
            Ok(_) => return began.elapsed(),
            Err(_) => {
                let _ = stream.write_all(b"x").await;
            }
        }
        assert!(began.elapsed() < secs(6), "a slow client is still there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_sent_away_and_harm_nobody() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme")).and(
        "http",
        "header_timeout = \"1s\"\nbody_timeout = \"1s\"\nidle_timeout = \"2s\"",
    );
    let server = Server::start(&setup);
    let head = "GET /api/queues HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned();
    let body = format!(
        "POST {EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN}\r\n\
         content-type: application/json\r\ncontent-length: 100000\r\n\r\n[ "
    );
    let slow: Vec<_> = (0..200)
        .map(|n| {
            tokio::spawn(dribble(
                server.addr,
                if n % 2 == 0 {
                    head.clone()
                } else {
                    body.clone()
                },
            ))
        })
        .collect();
    tokio::time::sleep(ms(100)).await;
    let mut slowest = ms(0);
    for number in 0..20 {
        let began = Instant::now();
        server.post(EVENTS, &event(&id(number))).await;
        slowest = slowest.max(began.elapsed());
    }
    println!("slowest answer beside 200 slow clients: {slowest:?}");
    assert!(slowest < secs(1), "{slowest:?}");
    for client in slow {
        let took = client.await.unwrap();
        assert!(took < secs(4), "sent away after {took:?}");
    }
    server.emptied(&QUEUES, SOON).await;
    assert_eq!(outside.meta.ledger().accepted_events(), 20);
}
