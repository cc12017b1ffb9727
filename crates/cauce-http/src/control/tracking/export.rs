//! `GET /tracking-v2/export`: stored events of a range, written while they are read.
//!
//! ```text
//! scan (a thread that may block) --rows--> exporter --bytes--> channel of a few pieces --> body
//! ```
//!
//! A client that takes nothing holds the scan up, and one that goes ends it. Where something goes
//! wrong on the way, the answer ends without its proper end, so that nobody takes half for all.

use std::{
    io::{self, Write},
    sync::Arc,
};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use cauce_events::{
    export::{Exporter, Format},
    store::Filter,
};
use cauce_flow::{id::TenantId, time::Timestamp};
use futures_util::stream;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::{events::kind, range, stats::site};
use crate::{app::App, auth::Caller, problem::Problem, query::Query};

/// Pieces that wait for the client.
const MAX_WAITING: usize = 4;
/// Bytes of a piece.
const PIECE_BYTES: usize = 64 << 10;

/// Which events, and how they are written.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Asked {
    /// From here: RFC 3339 or epoch milliseconds; without it, a day before `to`.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To before here; without it, now.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// `ndjson`, `csv` or `parquet`; without it, `ndjson`.
    #[param(example = "ndjson")]
    format: Option<String>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// Of this site.
    site_id: Option<String>,
    /// Of this type.
    event_type: Option<String>,
}

/// Export stored events.
///
/// They come in no order. The columns are those of the Parquet files of the store.
#[utoipa::path(
    get, path = "/tracking-v2/export", tag = "tracking", operation_id = "exportTrackingEvents",
    params(Asked),
    responses((status = 200, description = "The events, one a line or a row.", body = String, content_type = "application/x-ndjson")),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (from, to) = range(asked.from, asked.to, app.engine.now())?;
    let format: Format = match asked.format.as_deref() {
        None => Format::Ndjson,
        Some(text) => text
            .parse()
            .map_err(|error: cauce_events::export::UnknownFormat| {
                Problem::bad_parameter("format", error.to_string())
            })?,
    };
    let filter = Filter {
        tenant: caller.target(asked.tenant.as_ref())?,
        site: site(asked.site_id.as_deref())?,
        visitor: None,
        kind: kind(asked.event_type.as_deref())?,
        from,
        to,
    };
    let (pieces, mut written) = mpsc::channel(MAX_WAITING);
    tokio::spawn(write(app, filter, format, pieces));
    let body = stream::poll_fn(move |cx| written.poll_recv(cx));
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static(format.media_type());
    headers.insert(header::CONTENT_TYPE, kind);
    let name = format!("attachment; filename=\"events.{}\"", format.extension());
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

type Pieces = mpsc::Sender<io::Result<Bytes>>;

/// Writes all events of the filter, until the client goes.
async fn write(app: Arc<App>, filter: Filter, format: Format, pieces: Pieces) {
    let out = Out {
        pieces: pieces.clone(),
        piece: Vec::new(),
    };
    let written = begin(format, out).await;
    let exporter = match written {
        Ok(exporter) => Arc::new(Mutex::new(Some(exporter))),
        Err(error) => return give_up(&pieces, error).await,
    };
    let (into, ended) = (Arc::clone(&exporter), Arc::new(Mutex::new(None)));
    let fault = Arc::clone(&ended);
    let visit = move |rows: &[cauce_events::row::Row]| {
        let mut exporter = into.lock();
        let Some(exporter) = exporter.as_mut() else {
            return false;
        };
        exporter
            .push(rows)
            .map_err(|error| *fault.lock() = Some(error))
            .is_ok()
    };
    let scanned = app.engine.tracking().scan(filter, visit).await;
    let fault = ended.lock().take();
    let exporter = exporter.lock().take();
    let finished = match (scanned, fault, exporter) {
        (Err(error), ..) => Err(io::Error::other(error)),
        (_, Some(error), _) => Err(error),
        (Ok(()), None, Some(exporter)) => finish(exporter).await,
        (Ok(()), None, None) => Ok(()),
    };
    if let Err(error) = finished {
        give_up(&pieces, error).await;
    }
}

/// The first bytes may have to wait for the client, as all others.
async fn begin(format: Format, out: Out) -> io::Result<Exporter<Out>> {
    blocking(move || Exporter::new(format, out)).await
}

async fn finish(exporter: Exporter<Out>) -> io::Result<()> {
    blocking(move || exporter.finish()?.flush()).await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

/// Ends the body in a way that cannot be taken for its end.
async fn give_up(pieces: &Pieces, error: io::Error) {
    if error.kind() != io::ErrorKind::BrokenPipe {
        tracing::warn!(%error, "an export of events ended early");
    }
    // A client that has gone does not care.
    let _ = pieces.send(Err(error)).await;
}

/// Hands bytes to the client, a piece at a time. Blocks.
struct Out {
    pieces: Pieces,
    piece: Vec<u8>,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.pieces.blocking_send(Ok(piece)).map_err(gone)
    }
}
