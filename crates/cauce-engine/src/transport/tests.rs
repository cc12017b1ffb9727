//! Faults over real sockets: each server is a few lines that misbehave in one way.

mod faults;
mod keep_alive;
mod reach;
mod secrets;
mod smtp;
mod tls;
mod wire;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cauce_destinations::destination::{Answer, Fault, Request, Response};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{Timings, Transport};
use crate::settings;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Short, but long enough for a busy machine; faults wait for one of them to pass.
fn hasty() -> settings::Transport {
    settings::Transport {
        connect: Duration::from_millis(200),
        first_byte: Duration::from_millis(200),
        total: Duration::from_millis(300),
        max_answer_bytes: 1000,
        max_idle_connections: 4,
        roots: Vec::new(),
    }
}

/// For exchanges that are to succeed.
fn patient() -> settings::Transport {
    settings::Transport {
        connect: Duration::from_secs(10),
        first_byte: Duration::from_secs(10),
        total: Duration::from_secs(10),
        ..hasty()
    }
}

fn hasty_transport() -> Transport {
    Transport::new(&hasty()).unwrap()
}

fn patient_transport() -> Transport {
    Transport::new(&patient()).unwrap()
}

fn post(url: &str, body: impl Into<Bytes>) -> Request {
    Request {
        method: http::Method::POST,
        url: url.to_owned(),
        headers: Vec::new(),
        body: body.into(),
    }
}

/// What came of a request, with how often it was said to have left.
struct Sent {
    answer: Answer,
    left: usize,
    timings: Timings,
}

async fn send(transport: &Transport, request: Request) -> Sent {
    let left = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&left);
    let exchange = transport.send(request, move || {
        count.fetch_add(1, SeqCst);
    });
    let exchange = exchange.await;
    Sent {
        answer: exchange.answer,
        left: left.load(SeqCst),
        timings: exchange.timings,
    }
}

impl Sent {
    fn response(self) -> Response {
        assert_eq!(self.left, 1, "a request that is answered has left once");
        match self.answer {
            Answer::Response(response) => response,
            other => panic!("no response: {other:?}"),
        }
    }

    #[track_caller]
    fn is_not_sent(&self, fault: Fault) {
        assert!(
            matches!(self.answer, Answer::NotSent(f) if f == fault),
            "{:?}",
            self.answer
        );
        assert_eq!(self.left, 0, "what was not sent has not left");
        assert_eq!(self.timings.left, None);
    }

    #[track_caller]
    fn is_ambiguous(&self, fault: Fault) {
        assert!(
            matches!(self.answer, Answer::Ambiguous(f) if f == fault),
            "{:?}",
            self.answer
        );
        assert_eq!(self.left, 1, "what may have been accepted has left once");
        assert!(self.timings.left.is_some());
    }
}

/// Serves each connection with `handle`, which is told how many came before it.
async fn serve<F, Fut>(handle: F) -> String
where
    F: Fn(TcpStream, usize) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for earlier in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(handle(stream, earlier));
        }
    });
    format!("http://{address}")
}

/// Serves every connection by reading one request, answering so, and hanging up.
async fn serve_answer(answer: impl Into<Bytes>) -> String {
    let answer = answer.into();
    serve(move |mut stream, _| {
        let answer = answer.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(&answer).await.unwrap();
        }
    })
    .await
}

/// Reads one request to its end, or until the client hangs up, and returns it as text.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut seen = Vec::new();
    while !is_whole(&seen) && stream.read_buf(&mut seen).await.unwrap_or(0) > 0 {}
    String::from_utf8(seen).unwrap()
}

fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |digits| digits.parse().unwrap())
}

/// Hangs up with a reset in place of a goodbye.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}
