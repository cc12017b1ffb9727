//! Tracked events, and a reader of the live stream.

use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::{ADMIN, Answer, Server};

/// The site of every event here.
pub(crate) const SITE: &str = "5e1f0c1a-0000-4000-8000-000000000001";

/// The UUID of a number, of one kind of ids.
pub(crate) fn uuid(kind: u16, number: u64) -> String {
    format!("3f2b8c1e-5d4a-{kind:04x}-9c8d-{number:012x}")
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// An event of a visitor, unlike every other.
pub(crate) fn web_event(number: u64, visitor: u64, kind: &str) -> Value {
    json!({
        "eventId": uuid(1, number), "visitorId": uuid(2, visitor), "sessionId": uuid(3, visitor),
        "eventType": kind, "metadata": { "n": number, "url": format!("/page/{}", number % 3) },
    })
}

/// A batch of `acme`.
pub(crate) fn web_batch(events: Vec<Value>) -> Value {
    json!({ "tenantId": "acme", "siteId": SITE, "events": events })
}

/// Hands a batch in that is taken.
pub(crate) async fn track(server: &Server, events: Vec<Value>) -> Value {
    let answer = try_track(server, events).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.json()
}

/// Hands a batch in.
pub(crate) async fn try_track(server: &Server, events: Vec<Value>) -> Answer {
    let body = web_batch(events).to_string();
    server.ask("POST /tracking-v2/events", Some(&body)).await
}

/// The statistics of `acme` over two days around now.
pub(crate) async fn web_stats(server: &Server) -> Value {
    let (from, to) = (now_ms() - 86_400_000, now_ms() + 86_400_000);
    let path = format!("/tracking-v2/stats/tenant/acme?from={from}&to={to}");
    server.get(&path).await
}

fn request(addr: SocketAddr, key: &str, path: &str, last: Option<&str>) -> String {
    let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
    format!(
        "GET {path} HTTP/1.1\r\nhost: {addr}\r\n{last}\
         authorization: Bearer {key}\r\naccept: text/event-stream\r\n\r\n"
    )
}

/// Whoever listens to the live stream.
pub(crate) struct Listener {
    stream: TcpStream,
    heard: String,
}

impl Listener {
    /// Asks for the stream of tracked events, again while there is no place, and reads the head of
    /// its answer.
    pub(crate) async fn open(addr: SocketAddr, query: &str, last: Option<&str>) -> Listener {
        let path = format!("/tracking-v2/stream{query}");
        Listener::open_at(addr, ADMIN, &path, last).await
    }

    /// The same of any stream, with any key.
    pub(crate) async fn open_at(
        addr: SocketAddr,
        key: &str,
        path: &str,
        last: Option<&str>,
    ) -> Listener {
        let request = request(addr, key, path, last);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let mut stream = TcpStream::connect(addr).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut listener = Listener {
                stream,
                heard: String::new(),
            };
            let head = listener.until("\r\n\r\n", Duration::from_secs(5)).await;
            if head.starts_with("HTTP/1.1 200") {
                listener.until("retry:", Duration::from_secs(5)).await;
                return listener;
            }
            assert!(Instant::now() < deadline, "no place: {head}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The same for a reader whose socket takes little at once.
    pub(crate) async fn open_narrow(addr: SocketAddr, query: &str) -> Listener {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(256 << 10).unwrap();
        let mut listener = Listener {
            stream: socket.connect(addr).await.unwrap(),
            heard: String::new(),
        };
        let path = format!("/tracking-v2/stream{query}");
        let request = request(addr, ADMIN, &path, None);
        listener.stream.write_all(request.as_bytes()).await.unwrap();
        listener.until("retry:", Duration::from_secs(5)).await;
        listener
    }

    /// Reads until a text is heard. Answers everything that was heard; empty where the stream ended.
    pub(crate) async fn until(&mut self, text: &str, within: Duration) -> &str {
        let read = async {
            let mut buffer = vec![0; 64 << 10];
            while !self.heard.contains(text) {
                let count = self.stream.read(&mut buffer).await.unwrap_or(0);
                if count == 0 {
                    return false;
                }
                self.heard
                    .push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            true
        };
        let heard = tokio::time::timeout(within, read).await;
        assert!(heard == Ok(true), "never heard {text:?}: {}", self.heard);
        &self.heard
    }

    /// Reads to the end of the stream. Answers everything that was heard.
    pub(crate) async fn into_end(mut self, within: Duration) -> String {
        let mut rest = Vec::new();
        let read = self.stream.read_to_end(&mut rest);
        let ended = tokio::time::timeout(within, read).await;
        assert!(ended.is_ok(), "the stream does not end");
        self.heard + &String::from_utf8_lossy(&rest)
    }

    /// The id of the last event that was heard.
    pub(crate) fn last_id(&self) -> String {
        let mut ids = self
            .heard
            .lines()
            .filter_map(|line| line.strip_prefix("id: "));
        ids.next_back().unwrap().trim().to_owned()
    }

    /// The data of every event that was heard, in their order.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self
            .heard
            .lines()
            .filter_map(|line| line.strip_prefix("data: "));
        data.filter_map(|json| serde_json::from_str(json).ok())
            .collect()
    }
}
