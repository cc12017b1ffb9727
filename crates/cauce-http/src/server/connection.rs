//! One connection from its first byte to its last.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
// `Router` is a service; the trait has the method that calls it.
use axum::routing::future::RouteFuture;

use super::{
    patience::{Patience, Patient},
    raw::raw_answer,
};
use crate::{problem::Problem, settings::ServerSettings};

/// How long a client that was refused may take to go.
const FAREWELL: Duration = Duration::from_secs(1);
/// Most bytes that are read from a client that was refused.
const MAX_FAREWELL_BYTES: u64 = 64 << 10;

/// Answers requests until the client goes, rests too long, or the server closes.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    settings: Arc<ServerSettings>,
    closing: CancellationToken,
) {
    let patience = Arc::new(Patience::new());
    let io = TokioIo::new(Patient::new(stream, Arc::clone(&patience), &settings));
    let service = service_fn(|request: http::Request<Incoming>| {
        patience.begin();
        let answer = call(router.clone(), request, peer);
        let patience = &patience;
        async move {
            let response = answer.await;
            patience.end();
            response
        }
    });
    let connection = http1::Builder::new()
        .max_buf_size(settings.max_header_bytes)
        .header_read_timeout(None)
        .serve_connection(io, service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away in the middle all the time; nobody has to act on it.
        tracing::debug!(%error, "a connection ended early");
    }
}

fn call(
    mut router: Router,
    request: http::Request<Incoming>,
    peer: SocketAddr,
) -> RouteFuture<Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    tower_service::Service::call(&mut router, request)
}

/// Writes an answer without reading a request, and waits a little for the client to go: closing
/// with unread bytes would reset the connection and take the answer away.
pub(super) async fn refuse(mut stream: TcpStream, problem: &Problem) {
    let farewell = async {
        stream.write_all(&raw_answer(problem)).await?;
        stream.shutdown().await?;
        tokio::io::copy(
            &mut (&mut stream).take(MAX_FAREWELL_BYTES),
            &mut tokio::io::sink(),
        )
        .await
    };
    // Whether the client was still there makes no difference.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}
