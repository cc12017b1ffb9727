//! The body of a request: one piece that says when it was taken.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::wire::Meter;

/// A body in one piece.
///
/// hyper does not ask an empty body for its piece, so an empty one counts as taken from the start.
pub(super) struct Piece {
    bytes: Bytes,
    meter: Option<Arc<Meter>>,
}

impl Piece {
    pub(super) fn new(bytes: Bytes) -> Piece {
        Piece { bytes, meter: None }
    }

    /// Reports to the meter of the connection that is about to carry it.
    pub(super) fn report_to(&mut self, meter: &Arc<Meter>) {
        meter.start(self.bytes.is_empty());
        self.meter = Some(Arc::clone(meter));
    }
}

impl Body for Piece {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(meter) = &self.meter {
            meter.on_taken();
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}
