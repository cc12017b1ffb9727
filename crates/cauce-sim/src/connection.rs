//! One connection: HTTP/1.1 with keep-alive until somebody ends it.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    service::{self, Ending, Served},
    world::World,
};

/// Serves a connection to its end.
pub(crate) async fn run(world: Arc<World>, stream: TcpStream) {
    // Nothing can be done about a socket that its client has already closed.
    let _ = stream.set_nodelay(true);
    let mut connection = http1::Builder::new()
        .half_close(false)
        .serve_connection(TokioIo::new(stream), Requests(world));
    let ended = poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    let mut stream = connection.into_parts().io.into_inner();
    match ended.err().and_then(told) {
        Some(ending) => end(stream, ending).await,
        None => {
            let _ = stream.shutdown().await;
        }
    }
}

/// The ending that a service returned as its error.
fn told(error: hyper::Error) -> Option<Ending> {
    std::error::Error::source(&error)?
        .downcast_ref::<Ending>()
        .cloned()
}

/// The client may be gone before; then the connection has ended all the same.
async fn end(mut stream: TcpStream, ending: Ending) {
    let _ = stream.write_all(&ending.wire).await;
    let _ = match ending.reset {
        true => stream.set_zero_linger(),
        false => stream.shutdown().await,
    };
}

struct Requests(Arc<World>);

impl Service<Request<Incoming>> for Requests {
    type Response = hyper::Response<crate::answer::AnswerBody>;
    type Error = Ending;
    // Boxed, because the connection must be movable to give its socket back.
    type Future = Pin<Box<dyn Future<Output = Served> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        Box::pin(service::serve(self.0.clone(), request))
    }
}
