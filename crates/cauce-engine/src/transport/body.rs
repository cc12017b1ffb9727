//! The body of a request: one piece, or many that come one by one, that says when it was taken.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::Receiver;

use super::wire::Meter;

/// A body in one piece, or in pieces of which the first is there already.
///
/// hyper does not ask an empty body for its piece, so an empty one counts as taken from the start.
pub(super) struct Piece {
    bytes: Bytes,
    more: Option<Receiver<Bytes>>,
    meter: Option<Arc<Meter>>,
}

impl Piece {
    pub(super) fn new(bytes: Bytes) -> Piece {
        Piece {
            bytes,
            more: None,
            meter: None,
        }
    }

    /// Goes on with these.
    pub(super) fn follow(&mut self, more: Option<Receiver<Bytes>>) {
        self.more = more;
    }

    /// Reports to the meter of the connection that is about to carry it.
    pub(super) fn report_to(&mut self, meter: &Arc<Meter>) {
        meter.start(self.is_end_stream());
        self.meter = Some(Arc::clone(meter));
    }
}

impl Body for Piece {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut piece = Some(std::mem::take(&mut self.bytes)).filter(|bytes| !bytes.is_empty());
        if piece.is_none()
            && let Some(more) = &mut self.more
        {
            piece = ready!(more.poll_recv(cx));
            if piece.is_none() {
                self.more = None;
            }
        }
        if self.is_end_stream()
            && let Some(meter) = &self.meter
        {
            meter.on_taken();
        }
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty() && self.more.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.more {
            None => SizeHint::with_exact(self.bytes.len() as u64),
            Some(_) => SizeHint::new(),
        }
    }
}
