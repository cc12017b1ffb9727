//! The loop that calls back: a handful at once, on connections that are kept.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{net::TcpStream, sync::Semaphore, time::timeout};

use crate::{
    messages::{Callbacks, Due},
    platforms,
    world::World,
};

/// Requests at once at most.
const MAX_CALLS: usize = 16;
/// No answer is waited for any longer.
const PATIENCE: Duration = Duration::from_secs(15);

type Sender = SendRequest<Full<Bytes>>;
type Idle = Mutex<Vec<(SocketAddr, Sender)>>;

/// Calls back for ever.
pub(crate) async fn run(world: Arc<World>) {
    let calls = Arc::new(Semaphore::new(MAX_CALLS));
    let idle = Arc::new(Idle::default());
    loop {
        let due = world.messages.notices().next().await;
        let Ok(permit) = calls.clone().acquire_owned().await else {
            return;
        };
        let (world, idle) = (world.clone(), idle.clone());
        tokio::spawn(async move {
            let started = Instant::now();
            let status = timeout(PATIENCE, call(&world, &idle, &due)).await;
            let status = status.ok().flatten();
            let notices = world.messages.notices();
            notices.on_answer(due, status, started.elapsed());
            drop(permit);
        });
    }
}

/// The status of the answer; none if there was none.
async fn call(world: &World, idle: &Idle, due: &Due) -> Option<u16> {
    let callbacks = world.messages.notices().callbacks();
    let url = due.notice.url.clone().or_else(|| callbacks.url.clone())?;
    let uri: Uri = url.parse().ok()?;
    let addr = match callbacks.through {
        Some(addr) => addr,
        None => resolve(&uri).await?,
    };
    let request = request(world, &callbacks, due, &url, &uri)?;
    let kept = take(idle, addr);
    let mut sender = match kept {
        Some(sender) => sender,
        None => connect(addr).await?,
    };
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    let body = http_body_util::BodyExt::collect(answer.into_body()).await;
    if body.is_ok() && sender.ready().await.is_ok() {
        idle.lock().push((addr, sender));
    }
    Some(status)
}

fn request(
    world: &World,
    callbacks: &Callbacks,
    due: &Due,
    url: &str,
    uri: &Uri,
) -> Option<Request<Full<Bytes>>> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::post(target)
        .header(header::HOST, uri.authority()?.as_str())
        .header(header::CONTENT_TYPE, due.notice.content_type);
    for (name, value) in &callbacks.headers {
        request = request.header(name, value);
    }
    let signature = platforms::sign(world, callbacks, url, &due.notice.body);
    if let Some((name, value)) = signature {
        request = request.header(name, value);
    }
    request.body(Full::new(due.notice.body.clone())).ok()
}

/// Where an address leads, if it is one of plain HTTP: nobody here speaks TLS.
async fn resolve(uri: &Uri) -> Option<SocketAddr> {
    if uri.scheme_str() != Some("http") {
        return None;
    }
    let port = uri.port_u16().unwrap_or(80);
    let mut found = tokio::net::lookup_host((uri.host()?, port)).await.ok()?;
    found.next()
}

/// A connection that was kept and still works.
fn take(idle: &Idle, addr: SocketAddr) -> Option<Sender> {
    let mut idle = idle.lock();
    idle.retain(|(_, sender)| !sender.is_closed());
    let found = idle.iter().position(|(to, _)| *to == addr)?;
    Some(idle.swap_remove(found).1)
}

async fn connect(addr: SocketAddr) -> Option<Sender> {
    let stream = TcpStream::connect(addr).await.ok()?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}
