//! A connection that is not waited for without end.
//!
//! hyper knows one read timeout, which starts while a connection rests between two requests and
//! so would have to be both long and short. Here the two are apart:
//!
//! ```text
//!            first byte            request is whole
//!  Resting ------------> Heading ------------------> Busy (the body has its own timeout)
//!     ^    idle_timeout           header_timeout       |
//!     +------------------------------------------------+ answer is made
//! ```
//!
//! A new connection begins in `Heading`. While resting, bytes that are written count as a sign of
//! life, so that a stream of events may last. In every phase a client that takes none of what is
//! written to it is waited for no longer than `write_timeout`.
//!
//! hyper also reads while a request is busy, to notice a client that goes, and does not read again
//! when the answer is made. So the timer runs in that phase too: it wakes the connection in time
//! to see that it rests.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::raw::raw_answer;
use crate::{
    problem::{Code, Problem},
    settings::ServerSettings,
};

const HEADING: u8 = 0;
const BUSY: u8 = 1;
const RESTING: u8 = 2;

/// The phase of a connection, shared by its two ends: the bytes and the requests.
pub(super) struct Patience {
    phase: AtomicU8,
    begun_at: Instant,
    /// When the last answer was made, in milliseconds after `begun_at`.
    rests_since_ms: AtomicU64,
}

impl Patience {
    /// For a new connection.
    pub(super) fn new() -> Patience {
        Patience {
            phase: AtomicU8::new(HEADING),
            begun_at: Instant::now(),
            rests_since_ms: AtomicU64::new(0),
        }
    }

    /// A request is whole up to its body.
    pub(super) fn begin(&self) {
        self.phase.store(BUSY, Ordering::Relaxed);
    }

    /// Its answer is made.
    pub(super) fn end(&self) {
        let since = u64::try_from(self.begun_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.rests_since_ms.store(since, Ordering::Relaxed);
        self.phase.store(RESTING, Ordering::Relaxed);
    }

    fn rests_since(&self) -> Instant {
        self.begun_at + Duration::from_millis(self.rests_since_ms.load(Ordering::Relaxed))
    }
}

/// The bytes of a connection.
pub(super) struct Patient {
    stream: TcpStream,
    patience: Arc<Patience>,
    /// The phase that `read_until` was set for.
    waits_in: u8,
    /// Whether any byte of the head that is being read has come.
    begun: bool,
    read_until: Pin<Box<Sleep>>,
    write_until: Pin<Box<Sleep>>,
    write_waits: bool,
    header_timeout: Duration,
    idle_timeout: Duration,
    write_timeout: Duration,
}

impl Patient {
    pub(super) fn new(
        stream: TcpStream,
        patience: Arc<Patience>,
        settings: &ServerSettings,
    ) -> Patient {
        Patient {
            stream,
            patience,
            waits_in: HEADING,
            begun: false,
            read_until: Box::pin(tokio::time::sleep(settings.header_timeout)),
            write_until: Box::pin(tokio::time::sleep(settings.write_timeout)),
            write_waits: false,
            header_timeout: settings.header_timeout,
            idle_timeout: settings.idle_timeout,
            write_timeout: settings.write_timeout,
        }
    }

    /// Notes in which phase the connection waits for bytes, and sets the timer.
    fn wait_in(&mut self, phase: u8, since: Instant) {
        self.waits_in = phase;
        let wait = if phase == HEADING {
            self.header_timeout
        } else {
            self.idle_timeout
        };
        self.read_until.as_mut().reset(since + wait);
    }

    fn on_phase(&mut self) {
        let phase = self.patience.phase.load(Ordering::Relaxed);
        if phase != self.waits_in {
            self.begun = false;
            let rests = phase == RESTING;
            let since = if rests {
                self.patience.rests_since()
            } else {
                Instant::now()
            };
            self.wait_in(phase, since);
        }
    }

    fn on_bytes(&mut self) {
        if self.waits_in == RESTING {
            self.patience.phase.store(HEADING, Ordering::Relaxed);
            self.wait_in(HEADING, Instant::now());
        }
        self.begun = true;
    }

    /// Ends the connection; a client that has begun a request is told why.
    fn give_up(&mut self) -> io::Error {
        if self.waits_in == HEADING && self.begun {
            let late = Problem::new(
                Code::RequestTimeout,
                "the headers did not arrive in time; send them at once",
            );
            // The connection is lost in any case.
            let _ = self.stream.try_write(&raw_answer(&late));
        }
        io::ErrorKind::TimedOut.into()
    }

    fn after_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.write_waits = false;
            if self.waits_in == RESTING {
                self.wait_in(RESTING, Instant::now());
            }
            return written;
        }
        if !self.write_waits {
            self.write_waits = true;
            self.write_until
                .as_mut()
                .reset(Instant::now() + self.write_timeout);
        }
        ready!(self.write_until.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.on_phase();
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(cx, buf) {
            if buf.filled().len() > before {
                this.on_bytes();
            }
            return Poll::Ready(read);
        }
        loop {
            ready!(this.read_until.as_mut().poll(cx));
            if this.waits_in != BUSY {
                return Poll::Ready(Err(this.give_up()));
            }
            this.wait_in(BUSY, Instant::now());
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.after_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
