//! One HTTP/1.1 connection, driven by the request that holds it.
//!
//! hyper splits a connection into a handle and a future that does the work. Usually that future
//! gets a task of its own; here the request polls it, which saves two hand-overs between tasks
//! for each request and makes the end of a request the end of all work on its connection. A
//! connection that waits in the pool is polled once before it is used again, which is when a
//! peer's goodbye is noticed.

use std::{
    future::{Future, poll_fn},
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use cauce_destinations::destination::{Fault, Response};
use http_body::{Body, Frame};
use hyper::{
    body::Incoming,
    client::conn::http1::{Builder, Connection, SendRequest},
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    body::Piece,
    wire::{Meter, Stream, Wire},
};

/// Most bytes of an answer's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// A connection. It is large and changes hands with each request, so it is kept in a box.
pub(super) struct Link {
    sender: SendRequest<Piece>,
    driver: Driver,
}

struct Driver {
    connection: Connection<Wire, Piece>,
    meter: Arc<Meter>,
    ended: bool,
}

/// Until when an exchange may take, and how much it may read.
pub(super) struct Deadlines {
    pub(super) first_byte: Instant,
    pub(super) total: Instant,
    pub(super) max_answer_bytes: usize,
}

/// Is told how far a request has come, possibly more than once.
pub(super) trait Watch: Send {
    /// The last byte of the request was handed to the socket.
    fn on_left(&mut self);
    /// A first byte of the answer came.
    fn on_first_byte(&mut self);
    /// A piece of the body of an answer with this status came. What is given back is kept as the
    /// body.
    fn on_piece(&mut self, _status: u16, piece: Bytes) -> Option<Bytes> {
        Some(piece)
    }
}

/// An answer.
pub(super) struct Reply {
    pub(super) response: Response,
    /// Whether the body was cut at the cap.
    pub(super) cut: bool,
}

/// Why there is no answer, and how far the request had come.
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// The peer closed the connection before a byte of the request was written.
    pub(super) untouched: bool,
    /// The last byte of the request was handed to the socket.
    pub(super) left: bool,
}

impl Failure {
    /// A failure before there was a connection.
    pub(super) fn before(fault: Fault) -> Failure {
        Failure {
            fault,
            untouched: false,
            left: false,
        }
    }
}

impl Link {
    pub(super) async fn open(stream: Stream) -> Result<Box<Link>, Fault> {
        let meter = Arc::<Meter>::default();
        let wire = Wire::new(stream, Arc::clone(&meter));
        let handshake = Builder::new().max_buf_size(MAX_HEAD_BYTES).handshake(wire);
        let (sender, connection) = handshake.await.map_err(|_| Fault::Connect)?;
        let driver = Driver {
            connection,
            meter,
            ended: false,
        };
        Ok(Box::new(Link { sender, driver }))
    }

    /// Whether a request may be written: the peer has not hung up and has said nothing unasked.
    pub(super) async fn is_usable(&mut self) -> bool {
        poll_fn(|cx| {
            self.driver.poll(cx);
            Poll::Ready(!self.driver.ended && self.sender.is_ready())
        })
        .await
    }

    /// Whether the connection can wait for another request after a whole answer.
    pub(super) async fn is_reusable(&mut self) -> bool {
        !self.driver.ended && (self.sender.is_ready() || self.is_usable().await)
    }

    /// Sends a request and reads the answer.
    pub(super) async fn exchange(
        &mut self,
        mut request: http::Request<Piece>,
        deadlines: &Deadlines,
        watch: &mut impl Watch,
    ) -> Result<Reply, Failure> {
        request.body_mut().report_to(&self.driver.meter);
        let answer = self.answer(request, deadlines, watch).await;
        answer.map_err(|fault| Failure {
            fault,
            untouched: fault == Fault::Reset && !self.driver.meter.has_written(),
            left: self.driver.meter.has_left(),
        })
    }

    async fn answer(
        &mut self,
        request: http::Request<Piece>,
        deadlines: &Deadlines,
        watch: &mut impl Watch,
    ) -> Result<Reply, Fault> {
        let driver = &mut self.driver;
        let mut timer = pin!(sleep_until(deadlines.first_byte.min(deadlines.total)));
        let mut head = pin!(self.sender.try_send_request(request));
        let head = poll_fn(|cx| {
            driver.poll_watched(cx, watch);
            if let Poll::Ready(head) = head.as_mut().poll(cx) {
                return Poll::Ready(head.map_err(|refused| fault_of(refused.error())));
            }
            driver.poll_end(cx, timer.as_mut(), deadlines).map(Err)
        });
        let (head, body) = head.await?.into_parts();
        let mut read = Reading::new(head.status.as_u16(), body, deadlines.max_answer_bytes);
        poll_fn(|cx| {
            if let Poll::Ready(end) = read.poll(cx, driver, watch) {
                return Poll::Ready(end);
            }
            driver.poll_end(cx, timer.as_mut(), deadlines).map(Err)
        })
        .await?;
        let response = Response {
            status: head.status.as_u16(),
            headers: head.headers,
            body: read.taken,
        };
        Ok(Reply {
            response,
            cut: read.cut,
        })
    }
}

impl Driver {
    /// Does what work there is on the connection.
    fn poll(&mut self, cx: &mut Context<'_>) {
        if !self.ended {
            self.ended = Pin::new(&mut self.connection).poll(cx).is_ready();
        }
    }

    fn poll_watched(&mut self, cx: &mut Context<'_>, watch: &mut impl Watch) {
        self.poll(cx);
        if self.meter.has_left() {
            watch.on_left();
        }
        if self.meter.has_heard() {
            watch.on_first_byte();
        }
    }

    /// Ready when waiting on is in vain: the connection is gone, or a deadline has passed.
    fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        mut timer: Pin<&mut Sleep>,
        deadlines: &Deadlines,
    ) -> Poll<Fault> {
        if self.ended {
            return Poll::Ready(Fault::Reset);
        }
        ready!(timer.as_mut().poll(cx));
        if self.meter.has_heard() && timer.deadline() < deadlines.total {
            timer.as_mut().reset(deadlines.total);
            ready!(timer.poll(cx));
        }
        Poll::Ready(Fault::AnswerTimeout)
    }
}

/// The body of an answer, read up to the cap.
struct Reading {
    status: u16,
    body: Incoming,
    room: usize,
    taken: Bytes,
    cut: bool,
}

impl Reading {
    fn new(status: u16, body: Incoming, max_bytes: usize) -> Reading {
        Reading {
            status,
            body,
            room: max_bytes,
            taken: Bytes::new(),
            cut: false,
        }
    }

    /// Takes what is there; where nothing is, lets the connection work and looks once more.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        driver: &mut Driver,
        watch: &mut impl Watch,
    ) -> Poll<Result<(), Fault>> {
        let mut worked = false;
        while !self.cut {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(fault_of(&error))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.take(frame, watch);
                    worked = false;
                }
                Poll::Pending if worked => return Poll::Pending,
                Poll::Pending => {
                    driver.poll_watched(cx, watch);
                    worked = true;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, frame: Frame<Bytes>, watch: &mut impl Watch) {
        let Ok(piece) = frame.into_data() else {
            return;
        };
        let Some(mut piece) = watch.on_piece(self.status, piece) else {
            return;
        };
        self.cut = piece.len() > self.room;
        piece.truncate(self.room);
        self.room -= piece.len();
        self.taken = if self.taken.is_empty() {
            piece
        } else {
            let mut whole = BytesMut::from(std::mem::take(&mut self.taken));
            whole.extend_from_slice(&piece);
            whole.freeze()
        };
    }
}

/// What a failed exchange amounts to. Errors in the framing of a body reach us as IO errors.
fn fault_of(error: &hyper::Error) -> Fault {
    if error.is_parse_too_large() {
        return Fault::TooLong;
    }
    let cause = std::error::Error::source(error).and_then(|c| c.downcast_ref::<io::Error>());
    let framing = matches!(
        cause.map(io::Error::kind),
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    );
    if error.is_parse() || framing {
        Fault::Garbled
    } else {
        Fault::Reset
    }
}
