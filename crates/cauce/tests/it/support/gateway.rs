//! A gateway that tells of its sessions, and the backend that hears of them.

use std::{collections::BTreeMap, sync::Arc};

use cauce_sim::{Options, Platform, StandIn};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
};

use super::{ADMIN, Server, Setup};

/// A backend, with the account that leads to it.
pub(crate) struct Backend {
    pub(crate) at: StandIn,
}

/// Batches wait a moment only.
const QUEUE: &str = r#"batch = { max_wait = "400ms", priority_wait = "100ms" }
retry = { max_attempts = 100, base = "50ms", cap = "200ms" }
breaker = { failures = 100, open_for = "200ms" }
"#;

impl Backend {
    pub(crate) async fn start() -> Backend {
        let at = StandIn::start(Platform::Backend, Options::default()).await;
        Backend { at: at.unwrap() }
    }

    pub(crate) fn account(&self) -> String {
        let url = self.at.base_url();
        format!(
            "[[accounts]]\nname = \"acme-backend\"\ntenant = \"acme\"\nplatform = \"backend\"\n\
             base_url = \"{url}\"\ntoken = \"ok\"\n"
        )
    }

    /// A server's configuration with quick batches.
    pub(crate) fn setup(&self) -> Setup {
        Setup::new(self.account())
            .with("queues.qr", QUEUE)
            .with("queues.status", QUEUE)
    }
}

/// A connection that asks one thing after the other.
pub(crate) struct Caller {
    stream: TcpStream,
}

impl Caller {
    pub(crate) async fn to(server: &Server) -> std::io::Result<Caller> {
        let stream = TcpStream::connect(server.addr).await?;
        stream.set_nodelay(true)?;
        Ok(Caller { stream })
    }

    /// Answers the status; the body is read and left.
    pub(crate) async fn put(&mut self, path: &str, body: &str) -> std::io::Result<u16> {
        let text = format!(
            "PUT {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {ADMIN}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(text.as_bytes()).await?;
        let (mut seen, mut chunk) = (Vec::new(), [0; 4_096]);
        loop {
            let count = self.stream.read(&mut chunk).await?;
            if count == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            seen.extend_from_slice(&chunk[..count]);
            if let Some(status) = whole(&seen) {
                return Ok(status);
            }
        }
    }
}

/// The status of an answer that is there as a whole.
fn whole(seen: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(seen);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>())?
            .ok()
    });
    let is_whole = body.len() >= length.unwrap_or(0);
    is_whole.then(|| head[9..12].parse().unwrap())
}

/// What a gateway has told, and what was acknowledged: numbers that only rise, by session.
#[derive(Clone, Default)]
pub(crate) struct Gateway {
    pub(crate) acknowledged: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Gateway {
    /// Tells the statuses `n-FROM`, … of these sessions in turn, until the server has gone.
    pub(crate) async fn tell(&self, server: &Server, sessions: &[String], from: u64, count: u64) {
        let Ok(mut caller) = Caller::to(server).await else {
            return;
        };
        for number in from..from + count {
            for session in sessions {
                let body = json!({"status": format!("n-{number}")}).to_string();
                let path = format!("/api/sessions/{session}/status?tenant=acme");
                match caller.put(&path, &body).await {
                    Ok(202) => {
                        let mut acknowledged = self.acknowledged.lock().await;
                        acknowledged.insert(session.clone(), number);
                    }
                    Ok(status) => assert_eq!(status, 503, "only a server that ends refuses"),
                    Err(_) => return,
                }
            }
        }
    }
}

/// The numbers that a backend was told of a session, in order of arrival.
pub(crate) fn numbers(backend: &StandIn, session: &str) -> Vec<u64> {
    let statuses = backend.sessions().statuses(session).into_iter();
    let numbers = statuses.filter_map(|status| status.strip_prefix("n-")?.parse().ok());
    numbers.collect()
}
