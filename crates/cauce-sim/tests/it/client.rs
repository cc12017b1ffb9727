//! A client on a bare socket: it sends what it is told and reports what comes back, byte by byte.

use std::{io, net::SocketAddr, time::Duration};

use cauce_sim::StandIn;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// No test waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request before it is sent.
#[derive(Clone)]
pub(crate) struct Call {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Call {
    pub(crate) fn post(path: &str, body: &Value) -> Call {
        let call = Call {
            method: "POST",
            path: path.into(),
            headers: Vec::new(),
            body: body.to_string(),
        };
        call.with("Content-Type", "application/json")
    }

    pub(crate) fn get(path: &str) -> Call {
        Call {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Call {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Call {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Call {
        self.body = body.to_owned();
        self
    }

    pub(crate) async fn send(&self, to: &StandIn) -> Reply {
        self.try_send(to.addr).await.expect("an answer")
    }

    /// The answer to a request on a connection of its own.
    pub(crate) async fn try_send(&self, addr: SocketAddr) -> io::Result<Reply> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(&self.wire()).await?;
        Reply::read(&mut stream).await
    }

    /// Everything that comes back until the connection ends.
    pub(crate) async fn try_send_raw(&self, addr: SocketAddr) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(&self.wire()).await?;
        let mut all = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut all)).await??;
        Ok(all)
    }

    pub(crate) fn wire(&self) -> Vec<u8> {
        let mut wire = format!("{} {} HTTP/1.1\r\nHost: test\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            wire.push_str(&format!("{name}: {value}\r\n"));
        }
        wire.push_str(&format!(
            "Content-Length: {}\r\n\r\n{}",
            self.body.len(),
            self.body
        ));
        wire.into_bytes()
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Reply> {
        let mut seen = Vec::new();
        let head_end = loop {
            if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            more(stream, &mut seen).await?;
        };
        let head = String::from_utf8_lossy(&seen[..head_end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        let status = status.and_then(|line| line[..3].parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("not HTTP: {head:?}")))?;
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut reply = Reply {
            status,
            headers,
            body: seen.split_off(head_end),
        };
        let length = reply
            .header("content-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        while reply.body.len() < length {
            more(stream, &mut reply.body).await?;
        }
        Ok(reply)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

async fn more(stream: &mut TcpStream, into: &mut Vec<u8>) -> io::Result<()> {
    match timeout(PATIENCE, stream.read_buf(into)).await?? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    since.as_millis() as i64
}

/// SHA-256 of `abc@gmail.com`.
pub(crate) const HASH: &str = "48ddb93f0b30c475423fe177832912c5bcdce3cc72872f8051627967ef278e08";

/// Sets (or, with null, removes) the value at a JSON pointer whose parents exist.
pub(crate) fn set(mut root: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match root.pointer_mut(parent).unwrap() {
        Value::Object(fields) if value.is_null() => {
            fields.remove(name);
        }
        Value::Object(fields) => {
            fields.insert(name.to_owned(), value);
        }
        list => list[name.parse::<usize>().unwrap()] = value,
    }
    root
}
