//! Batches of 50 tracking events over HTTP, from 16 connections, each on disk before its answer.
//!
//! The server is a process of its own, so that its CPU seconds are told apart from those of the load.
//! It may be another collector with the same route: that is how the comparison is made.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use cauce_sim::traffic::web::{WebOptions, WebTraffic};

use super::{Measured, gauge};
use crate::failure::Failure;

const CONNECTIONS: u64 = 16;
const EVENTS_A_BATCH: u64 = 50;
const TENANT: &str = "bench";
const KEY: &str = "ck_live_bench000000000000000000000000000000000000000000000";
/// How long a server may take to start, and to write what it has taken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A collector of events that runs.
#[derive(Clone, Debug)]
struct Collector {
    address: SocketAddr,
    process: String,
}

/// Sends `events` to a server of our own, or to the collector that is given.
pub(super) fn run(given: Option<&[String]>, events: u64) -> Result<Measured, Failure> {
    let folder = gauge::folder()?;
    let (collector, own) = match given {
        Some(given) => (Collector::given(given)?, None),
        None => {
            let own = Server::start(folder.path())?;
            (own.collector.clone(), Some(own))
        }
    };
    let cpu_before = gauge::cpu_seconds_of(&collector.process);
    let began = Instant::now();
    let mut took = send(collector.address, events)?;
    let seconds = began.elapsed().as_secs_f64();
    if own.is_some() {
        until_written(collector.address)?;
    }
    let cpu_seconds = gauge::cpu_seconds_of(&collector.process) - cpu_before;
    let memory_bytes = gauge::resident_bytes_of(&collector.process);
    took.sort_unstable();
    Ok(Measured {
        jobs: events,
        seconds,
        cpu_seconds,
        memory_bytes,
        more: vec![
            ("p50_ms", gauge::quantile_ms(&took, 0.5)),
            ("p99_ms", gauge::quantile_ms(&took, 0.99)),
        ],
    })
}

impl Collector {
    fn given(words: &[String]) -> Result<Collector, Failure> {
        let [address, process] = words else {
            return Err(Failure::failed("a collector is an address and a process"));
        };
        Ok(Collector {
            address: address.parse().map_err(Failure::failed)?,
            process: process.clone(),
        })
    }
}

/// Sends all events, and answers how long each batch waited for its answer.
fn send(address: SocketAddr, events: u64) -> Result<Vec<Duration>, Failure> {
    let left = AtomicU64::new(events.div_ceil(EVENTS_A_BATCH));
    thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|seed| {
                let left = &left;
                scope.spawn(move || connection(address, seed, left))
            })
            .collect();
        let mut took = Vec::new();
        for sender in senders {
            let own = sender
                .join()
                .map_err(|_| Failure::failed("a sender panicked"))?;
            took.extend(own.map_err(|error| Failure::caused(&error))?);
        }
        Ok(took)
    })
}

fn connection(address: SocketAddr, seed: u64, left: &AtomicU64) -> std::io::Result<Vec<Duration>> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_ms = now.map_or(0, |since| since.as_millis() as i64);
    let mut traffic = WebTraffic::new(WebOptions {
        seed,
        origin_ms: now_ms - 3_600_000,
        tenant: TENANT.to_owned(),
        ..WebOptions::default()
    });
    let mut link = Link::open(address)?;
    let mut took = Vec::new();
    let one = |left: u64| left.checked_sub(1);
    while left
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one)
        .is_ok()
    {
        let body = traffic.next_body(EVENTS_A_BATCH as usize);
        let sent = Instant::now();
        let (status, answer) = link.exchange("POST", "/tracking-v2/events", &body.json)?;
        took.push(sent.elapsed());
        if status != 202 {
            return Err(std::io::Error::other(format!(
                "answered {status}: {answer}"
            )));
        }
    }
    Ok(took)
}

/// Waits until nothing is in the buffer any more: what it costs to write is part of the cost.
fn until_written(address: SocketAddr) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::caused(&error);
    let mut link = Link::open(address).map_err(failed)?;
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let (_, answer) = link
            .exchange("GET", "/tracking-v2/health", "")
            .map_err(failed)?;
        if answer.contains("\"currentSize\":0,") {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::failed("the buffer was not written in time"))
}

/// A connection that is kept.
struct Link {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Link {
    fn open(address: SocketAddr) -> std::io::Result<Link> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Link {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends a request and reads the answer as a whole.
    fn exchange(&mut self, method: &str, path: &str, body: &str) -> std::io::Result<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.buffer.clear();
        let mut piece = [0; 16 << 10];
        loop {
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&piece[..read]);
            if let Some(answer) = whole_answer(&self.buffer) {
                return Ok(answer);
            }
        }
    }
}

/// Status and body, once all of it is there. The servers measured here tell the length.
fn whole_answer(bytes: &[u8]) -> Option<(u16, String)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length?).then(|| (status, body.to_owned()))
}

/// A `cauce serve` of our own.
struct Server {
    collector: Collector,
    child: Child,
}

impl Server {
    fn start(folder: &std::path::Path) -> Result<Server, Failure> {
        let failed = |error: std::io::Error| Failure::caused(&error);
        let free = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = free.local_addr().map_err(failed)?;
        drop(free);
        let file = folder.join("cauce.toml");
        std::fs::write(&file, configuration(folder, address)).map_err(failed)?;
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("--config")
            .arg(&file)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let process = child.id().to_string();
        let collector = Collector { address, process };
        let server = Server { collector, child };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(Failure::failed("the server does not answer"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its folder goes with the measurement.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every event is kept, as the peer keeps them: nothing is sampled, no quota holds.
fn configuration(folder: &std::path::Path, address: SocketAddr) -> String {
    let data = folder.join("data");
    format!(
        r#"
data_dir = {data:?}
[http]
listen = "{address}"
admin_key = "{KEY}"
[limits]
min_free = "64 MiB"
[tracking]
enable_throttling = false
[log]
level = "warn"
"#
    )
}

#[cfg(test)]
mod tests {
    use super::whole_answer;

    #[test]
    fn answer_is_whole_with_its_body() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole_answer(answer), Some((202, "{}".to_owned())));
        assert_eq!(whole_answer(&answer[..answer.len() - 1]), None);
    }
}
