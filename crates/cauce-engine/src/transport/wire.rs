//! The byte stream under a connection, with a meter on it.
//!
//! hyper flushes the stream only once its own buffer is empty, so the first flush that succeeds
//! after the body was taken means that the last byte of the request was handed to the socket
//! (with TLS, encrypted and handed on). The meter remembers that, and whether anything was
//! written or read at all; it is what tells "not sent" from "may have been accepted".

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

/// What a connection runs over.
pub(super) type Stream = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// How far the request on a connection has come.
///
/// One task at a time drives a connection, so no order between the flags has to be kept.
#[derive(Default)]
pub(super) struct Meter {
    taken: AtomicBool,
    written: AtomicBool,
    left: AtomicBool,
    heard: AtomicBool,
}

impl Meter {
    /// A new request begins.
    pub(super) fn start(&self, body_is_empty: bool) {
        self.taken.store(body_is_empty, Relaxed);
        self.written.store(false, Relaxed);
        self.left.store(false, Relaxed);
        self.heard.store(false, Relaxed);
    }

    /// hyper has taken the body.
    pub(super) fn on_taken(&self) {
        self.taken.store(true, Relaxed);
    }

    fn on_written(&self) {
        self.written.store(true, Relaxed);
    }

    fn on_flushed(&self) {
        if self.taken.load(Relaxed) && self.written.load(Relaxed) {
            self.left.store(true, Relaxed);
        }
    }

    /// Whether any byte of the request was handed to the socket.
    pub(super) fn has_written(&self) -> bool {
        self.written.load(Relaxed)
    }

    /// Whether the last byte of the request was.
    pub(super) fn has_left(&self) -> bool {
        self.left.load(Relaxed)
    }

    /// Whether the peer has answered with at least a byte, or has hung up.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.load(Relaxed)
    }
}

/// A metered stream in the shape that hyper wants.
pub(super) struct Wire {
    io: TokioIo<Stream>,
    meter: Arc<Meter>,
}

impl Wire {
    pub(super) fn new(stream: Stream, meter: Arc<Meter>) -> Wire {
        Wire {
            io: TokioIo::new(stream),
            meter,
        }
    }

    fn io(&mut self) -> Pin<&mut TokioIo<Stream>> {
        Pin::new(&mut self.io)
    }

    fn metered(&self, written: io::Result<usize>) -> io::Result<usize> {
        if matches!(written, Ok(1..)) {
            self.meter.on_written();
        }
        written
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.io().poll_read(cx, buf))?;
        self.meter.heard.store(true, Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.io().poll_write(cx, buf));
        Poll::Ready(self.metered(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.io().poll_write_vectored(cx, bufs));
        Poll::Ready(self.metered(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.io().poll_flush(cx))?;
        self.meter.on_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }
}
