//! The physical limits: an fsync, the bare log, a bare exchange over loopback.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use cauce_destinations::destination::{Answer, Header, Request};
use cauce_engine::{settings, transport::Transport};
use cauce_log::{Committer, Error, Log, Machine, WholeBody, Writer};

use super::{Measured, gauge, sink::Sink};
use crate::failure::Failure;

/// Bytes of a payload.
pub(super) const PAYLOAD: usize = 300;
/// Callers at the same time.
pub(super) const CALLERS: usize = 64;
/// Records of one call.
const RECORDS_A_CALL: u64 = 16;
/// Requests on their way at the same time.
pub(super) const IN_FLIGHT: usize = 50;

/// How long the disk takes to have a small write.
pub(super) fn fsync(times: u64) -> Result<Measured, Failure> {
    let failed = |error: std::io::Error| Failure::caused(&error);
    let folder = gauge::folder()?;
    let mut file = std::fs::File::create(folder.path().join("fsync")).map_err(failed)?;
    let gauge = gauge::Gauge::start();
    let mut took = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        file.write_all(&[7; 4_096])
            .and_then(|()| file.sync_data())
            .map_err(failed)?;
        took.push(began.elapsed());
    }
    let (seconds, cpu_seconds) = gauge.stop();
    took.sort_unstable();
    Ok(Measured {
        jobs: times,
        seconds,
        cpu_seconds,
        memory_bytes: gauge::resident_bytes(),
        more: vec![
            ("p50_ms", gauge::quantile_ms(&took, 0.5)),
            ("p99_ms", gauge::quantile_ms(&took, 0.99)),
        ],
    })
}

/// Appends what it is sent.
struct Appender {
    waiting: Vec<mpsc::SyncSender<()>>,
}

impl Machine for Appender {
    type Command = (u64, mpsc::SyncSender<()>);

    fn apply(
        &mut self,
        commands: &mut Vec<Self::Command>,
        writer: &mut Writer,
    ) -> Result<(), Error> {
        for (records, caller) in commands.drain(..) {
            if writer.should_roll() {
                writer.roll(&[])?;
            }
            for _ in 0..records {
                writer.append(2, &[7; PAYLOAD])?;
            }
            self.waiting.push(caller);
        }
        Ok(())
    }

    fn committed(&mut self, _writer: &mut Writer) {
        for caller in self.waiting.drain(..) {
            let _ = caller.send(());
        }
    }

    fn failed(&mut self, _error: &Error) {
        self.waiting.clear();
    }
}

/// What the bare log takes from 64 callers, every record on disk before its answer.
pub(super) fn log(records: u64) -> Result<Measured, Failure> {
    let folder = gauge::folder()?;
    let options = cauce_log::Options::default();
    let (writer, _reader, _) = Log::open_dir(
        &folder.path().join("log"),
        options,
        Arc::new(WholeBody),
        &mut |_, _| {},
    )
    .map_err(|error| Failure::caused(&error))?;
    let machine = Appender {
        waiting: Vec::new(),
    };
    let committer =
        Committer::spawn(machine, writer, 4_096).map_err(|error| Failure::caused(&error))?;
    let left = Arc::new(AtomicU64::new(records / RECORDS_A_CALL));
    let gauge = gauge::Gauge::start();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            let (handle, left) = (committer.handle(), Arc::clone(&left));
            scope.spawn(move || {
                let (done, answered) = mpsc::sync_channel(1);
                let one = |left: u64| left.checked_sub(1);
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one)
                    .is_ok()
                {
                    if handle.send((RECORDS_A_CALL, done.clone())).is_err()
                        || answered.recv().is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    let (seconds, cpu_seconds) = gauge.stop();
    let _ = committer.stop();
    let memory_bytes = gauge::resident_bytes();
    Ok(Measured {
        jobs: records,
        seconds,
        cpu_seconds,
        memory_bytes,
        more: Vec::new(),
    })
}

/// A transport with patience for a loaded machine.
pub(super) fn transport_settings() -> settings::Transport {
    settings::Transport {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(10),
        total: Duration::from_secs(15),
        max_answer_bytes: 1 << 20,
        max_idle_connections: IN_FLIGHT,
        roots: Vec::new(),
    }
}

/// The request of every delivery.
pub(super) fn request(url: &str, body: Bytes) -> Request {
    let header = |name, value: &str| Header {
        name,
        value: value.to_owned(),
        secret: false,
    };
    Request {
        method: http::Method::POST,
        url: format!("{url}/"),
        headers: vec![header("content-type", "application/json")],
        body,
    }
}

/// Bare exchanges with the sink, 50 in flight.
pub(super) async fn loopback(given: Option<&str>, requests: u64) -> Result<Measured, Failure> {
    let sink = Sink::find(given)?;
    let transport = Transport::new(&transport_settings()).map_err(Failure::failed)?;
    let body = Bytes::from(vec![b'7'; PAYLOAD]);
    let url = sink.url.clone();
    let gauge = gauge::Gauge::start();
    exchange_all(&transport, requests, move |_| request(&url, body.clone())).await?;
    let (seconds, cpu_seconds) = gauge.stop();
    let memory_bytes = gauge::resident_bytes();
    Ok(Measured {
        jobs: requests,
        seconds,
        cpu_seconds,
        memory_bytes,
        more: Vec::new(),
    })
}

/// Sends so many requests, which are made by their number, 50 in flight.
pub(super) async fn exchange_all(
    transport: &Transport,
    requests: u64,
    make: impl Fn(u64) -> Request + Send + Sync + 'static,
) -> Result<(), Failure> {
    let (next, make) = (Arc::new(AtomicU64::new(0)), Arc::new(make));
    let mut senders = Vec::new();
    for _ in 0..IN_FLIGHT {
        let (transport, next, make) = (transport.clone(), Arc::clone(&next), Arc::clone(&make));
        senders.push(tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return Ok(());
                }
                let answer = transport.send(make(number), || {}).await.answer;
                if !matches!(answer, Answer::Response(_)) {
                    return Err(Failure::failed("a request was not answered"));
                }
            }
        }));
    }
    for sender in senders {
        sender.await.map_err(Failure::failed)??;
    }
    Ok(())
}
