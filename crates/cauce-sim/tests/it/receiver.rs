//! Whoever is called back: it writes down what comes and answers as it is told.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.body.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Answers the first requests with these statuses, all others with 200.
    pub(crate) async fn start(statuses: &[u16]) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let statuses = statuses.to_vec();
        let shared = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone(), statuses.clone()));
            }
        });
        Receiver { addr, heard, task }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Vec<Heard>>>, statuses: Vec<u16>) {
    let mut seen = Vec::new();
    while let Some(request) = request(&mut stream, &mut seen).await {
        let place = {
            let mut heard = heard.lock();
            heard.push(request);
            heard.len() - 1
        };
        let status = statuses.get(place).copied().unwrap_or(200);
        let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The next request of a connection; none when it has ended.
async fn request(stream: &mut TcpStream, seen: &mut Vec<u8>) -> Option<Heard> {
    let head_end = loop {
        if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, seen).await?;
    };
    let head = String::from_utf8_lossy(&seen[..head_end]).into_owned();
    let mut lines = head.lines();
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok())?;
    while seen.len() < head_end + length {
        more(stream, seen).await?;
    }
    let body = String::from_utf8_lossy(&seen[head_end..head_end + length]).into_owned();
    seen.drain(..head_end + length);
    Some(Heard {
        target,
        headers,
        body,
    })
}

async fn more(stream: &mut TcpStream, seen: &mut Vec<u8>) -> Option<()> {
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(seen));
    (read.await.ok()?.ok()? > 0).then_some(())
}
