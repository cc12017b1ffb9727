//! Whoever is slow: readers of the live stream; and whoever has it already: browsers with the tracker.

use std::{collections::BTreeSet, fs, io::Read, net::SocketAddr};

use flate2::read::GzDecoder;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Listener, SOON, Server, Setup, secs, track, until, uuid, web_event};

/// Events that are so large that no socket holds many of them.
async fn track_large(server: &Server, numbers: std::ops::Range<u64>) {
    let events = numbers.map(|n| {
        let mut event = web_event(n, n, "LEAD");
        event["metadata"]["text"] = json!("x".repeat(15_000));
        event
    });
    track(server, events.collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_reader_is_told_what_it_missed_and_comes_back_where_it_was() {
    let setup = Setup::new(String::new()).with("tracking.stream", "max_events = 200");
    let server = Server::start(&setup);
    let mut slow = Listener::open_narrow(server.addr, "?tenant=acme").await;
    track(&server, vec![web_event(1, 1, "LEAD")]).await;
    slow.until(&uuid(1, 1), secs(1)).await;
    // More than the sockets between take, while it looks elsewhere.
    for batch in 1..=16 {
        track_large(&server, batch * 100..batch * 100 + 60).await;
    }
    // To the end of the answer, which is a proper one.
    slow.until("event: lagged", SOON).await;
    let heard = slow.until("\r\n0\r\n\r\n", SOON).await.to_owned();
    let lagged = heard.rfind("event: lagged").expect("it is told");
    assert!(!heard[lagged..].contains("event: tracking"));
    let missed = heard[lagged..].split("\"missed\":").nth(1).unwrap();
    let missed: u64 = missed.split('}').next().unwrap().parse().unwrap();
    let seen = heard.matches("event: tracking").count() as u64;
    assert!(seen > 1 && missed > 0, "{seen} seen, {missed} missed");
    // It comes back with the last id that it has, misses no more than is gone, and then nothing.
    let mut ids = heard.lines().filter_map(|line| line.strip_prefix("id: "));
    let last = ids.next_back().unwrap().trim().to_owned();
    let mut back = Listener::open(server.addr, "?tenant=acme", Some(&last)).await;
    back.until(&uuid(1, 1_659), SOON).await;
    let events = back.events();
    assert_eq!(events[0], json!({ "missed": 1 + 16 * 60 - seen - 200 }));
    assert_eq!(events.len(), 201);
    track(&server, vec![web_event(2, 2, "LEAD")]).await;
    back.until(&uuid(1, 2), secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_never_reads_gives_its_place_to_another() {
    let setup = Setup::new(String::new())
        .and("http", "write_timeout = \"500ms\"")
        .with("tracking.stream", "max_readers = 1");
    let server = Server::start(&setup);
    let stuck = Listener::open_narrow(server.addr, "?tenant=acme").await;
    for batch in 1..=16 {
        track_large(&server, batch * 100..batch * 100 + 60).await;
    }
    until("the place is free", SOON, async || {
        let metrics = server.ask("GET /metrics", None).await.body;
        metrics.contains("cauce_tracking_stream_readers 0")
    })
    .await;
    drop(stuck);
    let mut next = Listener::open(server.addr, "?tenant=acme", None).await;
    track(&server, vec![web_event(1, 1, "LEAD")]).await;
    next.until(&uuid(1, 1), secs(1)).await;
}

/// An answer as bytes.
async fn fetch(addr: SocketAddr, path: &str, more: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (head, answer[end + 4..].to_vec())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let mut found = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn tracker_comes_small_once_a_day_and_not_again() {
    let server = Server::start(&Setup::new(String::new()));
    let built = |name: &str| fs::read(format!("../../web/tracker/dist/{name}")).ok();
    let (head, plain) = fetch(server.addr, "/t.js", "").await;
    let Some(script) = built("t.js") else {
        // Without Node there is none in the binary, and it says how to get it.
        assert!(head.starts_with("HTTP/1.1 404"), "{head}");
        assert!(
            String::from_utf8(plain)
                .unwrap()
                .contains("cargo xtask web")
        );
        return;
    };
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(plain, script);
    assert_eq!(
        header(&head, "content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert!(
        header(&head, "cache-control")
            .unwrap()
            .contains("max-age=86400")
    );
    assert_eq!(header(&head, "access-control-allow-origin"), Some("*"));
    let mut tags = BTreeSet::from([header(&head, "etag").unwrap().to_owned()]);

    let (head, gzip) = fetch(server.addr, "/t.js", "accept-encoding: gzip, deflate\r\n").await;
    assert_eq!(header(&head, "content-encoding"), Some("gzip"));
    assert!(gzip.len() <= 3_072, "{} bytes", gzip.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&gzip[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, script);
    tags.insert(header(&head, "etag").unwrap().to_owned());

    let (head, brotli) = fetch(server.addr, "/t.js", "accept-encoding: gzip, br\r\n").await;
    assert_eq!(header(&head, "content-encoding"), Some("br"));
    assert_eq!(header(&head, "vary"), Some("accept-encoding"));
    assert_eq!(Some(brotli), built("t.js.br"));
    tags.insert(header(&head, "etag").unwrap().to_owned());

    for tag in tags {
        let asked = format!("accept-encoding: br\r\nif-none-match: {tag}\r\n");
        let (head, body) = fetch(server.addr, "/t.js", &asked).await;
        assert!(
            head.starts_with("HTTP/1.1 304") && body.is_empty(),
            "{head}"
        );
    }
    let (head, _) = fetch(server.addr, "/t.js", "if-none-match: \"other\"\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
}
