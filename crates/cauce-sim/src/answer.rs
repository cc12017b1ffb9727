//! An answer before it goes out, and the body that may take its time.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use serde_json::Value;
use tokio::time::{Instant, Sleep, sleep};

use crate::ledger::Flight;

type Headers = Vec<(HeaderName, HeaderValue)>;

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Answer {
        let mut answer = Answer::empty(status);
        answer.body = Bytes::from(body.to_string());
        answer.with(header::CONTENT_TYPE, "application/json; charset=UTF-8")
    }

    pub(crate) fn html(status: StatusCode) -> Answer {
        let title = status.to_string();
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n\
             <center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        let mut answer = Answer::empty(status);
        answer.body = Bytes::from(page);
        answer.with(header::CONTENT_TYPE, "text/html")
    }

    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Answer {
        let value = HeaderValue::from_str(value).expect("stand-ins write plain header values");
        self.headers.push((name, value));
        self
    }

    pub(crate) fn into_response(self) -> Response<AnswerBody> {
        let body = AnswerBody::Whole(Some(self.body));
        Answer::respond(self.status, self.headers, body)
    }

    /// The answer with its body in four pieces, each after a wait. It counts as given when the last
    /// piece is handed over.
    pub(crate) fn into_slow_response(
        self,
        delay: Duration,
        flight: Flight,
    ) -> Response<AnswerBody> {
        let mut pieces = VecDeque::with_capacity(4);
        let mut rest = self.body;
        for left in (1..=4).rev() {
            let piece = rest.split_to(rest.len() / left);
            pieces.push_back(piece);
        }
        let slow = Slow {
            pieces,
            delay,
            wait: Box::pin(sleep(delay)),
            flight: Some(flight),
        };
        Answer::respond(self.status, self.headers, AnswerBody::Slow(slow))
    }

    /// The bytes of the answer on the wire, with this length promised.
    pub(crate) fn into_wire(self, promised_bytes: usize) -> Vec<u8> {
        let mut wire = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            wire.extend_from_slice(name.as_str().as_bytes());
            wire.extend_from_slice(b": ");
            wire.extend_from_slice(value.as_bytes());
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(format!("content-length: {promised_bytes}\r\n\r\n").as_bytes());
        wire.extend_from_slice(&self.body);
        wire
    }

    fn respond(status: StatusCode, headers: Headers, body: AnswerBody) -> Response<AnswerBody> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
        response
    }
}

/// The body of an answer.
pub(crate) enum AnswerBody {
    /// At once.
    Whole(Option<Bytes>),
    /// In pieces.
    Slow(Slow),
}

/// A body in pieces.
pub(crate) struct Slow {
    pieces: VecDeque<Bytes>,
    delay: Duration,
    wait: Pin<Box<Sleep>>,
    flight: Option<Flight>,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            AnswerBody::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            AnswerBody::Slow(slow) => slow
                .poll_piece(cx)
                .map(|piece| piece.map(|b| Ok(Frame::data(b)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            AnswerBody::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            AnswerBody::Slow(slow) => slow.pieces.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left = match self {
            AnswerBody::Whole(bytes) => bytes.as_ref().map_or(0, Bytes::len),
            AnswerBody::Slow(slow) => slow.pieces.iter().map(Bytes::len).sum(),
        };
        SizeHint::with_exact(left as u64)
    }
}

impl Slow {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.pieces.is_empty() {
            return Poll::Ready(None);
        }
        std::task::ready!(self.wait.as_mut().poll(cx));
        self.wait.as_mut().reset(Instant::now() + self.delay);
        let piece = self.pieces.pop_front();
        if self.pieces.is_empty()
            && let Some(flight) = self.flight.take()
        {
            flight.answered();
        }
        Poll::Ready(piece)
    }
}
