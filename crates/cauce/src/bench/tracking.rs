//! Batches of 50 tracking events over HTTP, from 16 connections, each on disk before its answer.
//!
//! The server is a process of its own, so that its CPU seconds are told apart from those of the load.
//! It may be another collector with the same route: that is how the comparison is made.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use cauce_sim::traffic::web::{WebOptions, WebTraffic};

use super::{
    Measured, gauge,
    server::{Link, PATIENCE, Server},
};
use crate::failure::Failure;

const CONNECTIONS: u64 = 16;
const EVENTS_A_BATCH: u64 = 50;
const TENANT: &str = "bench";

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
            let own = Server::start(folder.path(), SETTINGS)?;
            (Collector::of(&own), Some(own))
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
    fn of(server: &Server) -> Collector {
        Collector {
            address: server.address,
            process: server.process(),
        }
    }

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

/// Every event is kept, as the peer keeps them: nothing is sampled, no quota holds.
const SETTINGS: &str = "[tracking]\nenable_throttling = false\n";
