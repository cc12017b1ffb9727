use axum::routing::{get, post};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};

use super::*;

const SOON: Duration = Duration::from_secs(5);

struct Bench {
    bound: Bound,
    shutdown: CancellationToken,
    metrics: Arc<HttpMetrics>,
    calls: TaskTracker,
}

fn quick() -> ServerSettings {
    ServerSettings {
        header_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(500),
        write_timeout: Duration::from_millis(300),
        drain_timeout: Duration::from_secs(2),
        ..ServerSettings::new(([127, 0, 0, 1], 0).into())
    }
}

/// A server with a route that answers, one that takes a while, and one with a long answer.
async fn serve(settings: ServerSettings) -> Bench {
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(800)).await;
        "slow"
    };
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async { body }))
        .route("/slow", get(slow))
        .route("/long", get(|| async { vec![b'x'; 64 << 20] }));
    let (shutdown, shared) = (CancellationToken::new(), shared(settings));
    let (metrics, calls) = (Arc::clone(&shared.metrics), shared.calls.clone());
    let bound = run(router, shared, shutdown.clone()).await.unwrap();
    Bench {
        bound,
        shutdown,
        metrics,
        calls,
    }
}

fn shared(settings: ServerSettings) -> Shared {
    Shared {
        settings: Arc::new(settings),
        metrics: Arc::default(),
        calls: TaskTracker::new(),
    }
}

impl Bench {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.bound.addr).await.unwrap()
    }

    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

/// All that comes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = timeout(SOON, stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let count = timeout(SOON, stream.read(&mut bytes))
        .await
        .expect("an answer")
        .unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[tokio::test]
async fn connection_is_kept_for_the_next_request_and_closed_when_it_rests_too_long() {
    let bench = serve(quick()).await;
    let mut stream = bench.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer(&mut stream).await.ends_with("hello"));
    // Longer than the header timeout: a connection at rest is not late with its headers.
    tokio::time::sleep(Duration::from_millis(300)).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(answer(&mut stream).await.ends_with("hello"));
    let begun = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(
        begun.elapsed() >= Duration::from_millis(400),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn client_that_drips_its_headers_is_not_waited_for() {
    let bench = serve(quick()).await;
    let mut stream = bench.connect().await;
    let begun = Instant::now();
    for byte in b"GET / HTTP/1.1\r\nx-slow: "
        .iter()
        .chain(std::iter::repeat(&b'x'))
    {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < SOON, "the server still reads");
    }
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn half_a_head_gets_408_and_a_silent_client_is_closed() {
    let bench = serve(quick()).await;
    let mut half = bench.send("GET / HTTP/1.1\r\nx-slow: 1").await;
    let told = rest(&mut half).await;
    assert!(
        told.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{told}"
    );
    assert!(told.contains("\"code\":\"request_timeout\""), "{told}");
    let mut silent = bench.connect().await;
    assert_eq!(rest(&mut silent).await, "");
}

#[tokio::test]
async fn request_may_take_longer_than_the_timeouts_of_its_connection() {
    let bench = serve(quick()).await;
    let mut stream = bench.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer(&mut stream).await.ends_with("slow"));
    let answered = Instant::now();
    assert_eq!(rest(&mut stream).await, "");
    assert!(
        answered.elapsed() >= Duration::from_millis(400),
        "{:?}",
        answered.elapsed()
    );
}

#[tokio::test]
async fn client_that_takes_no_answer_is_left() {
    let bench = serve(quick()).await;
    let stream = bench.send("GET /long HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let gone = async {
        while !bench.metrics.render().contains("cauce_http_connections 0") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    timeout(SOON, gone)
        .await
        .expect("the connection is given up");
    drop(stream);
}

#[tokio::test]
async fn connection_past_the_cap_gets_503_at_once_and_a_free_place_is_used_again() {
    let bench = serve(ServerSettings {
        max_connections: 1,
        idle_timeout: SOON,
        ..quick()
    })
    .await;
    let mut first = bench.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer(&mut first).await.ends_with("hello"));
    let mut second = bench.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let told = rest(&mut second).await;
    assert!(
        told.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{told}"
    );
    assert!(told.contains("retry-after: 1\r\n"), "{told}");
    drop(first);
    let again = async {
        loop {
            let mut third = bench.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
            if answer(&mut third).await.ends_with("hello") {
                return;
            }
        }
    };
    timeout(SOON, again).await.expect("the place is free again");
}

#[tokio::test]
async fn headers_past_their_limit_are_refused() {
    let bench = serve(ServerSettings {
        max_header_bytes: 8_192,
        ..quick()
    })
    .await;
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    let mut stream = bench.send(&long).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn shutdown_ends_requests_in_flight_and_accepts_no_more() {
    let bench = serve(quick()).await;
    let mut resting = bench.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(answer(&mut resting).await.ends_with("hello"));
    let mut busy = bench.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.shutdown.cancel();
    assert_eq!(rest(&mut resting).await, "");
    assert!(rest(&mut busy).await.ends_with("slow"));
    timeout(SOON, bench.bound.stopped)
        .await
        .expect("the server stops")
        .unwrap();
    assert!(TcpStream::connect(bench.bound.addr).await.is_err());
}

#[tokio::test]
async fn shutdown_leaves_what_does_not_end() {
    let settings = ServerSettings {
        drain_timeout: Duration::from_millis(100),
        ..quick()
    };
    let bench = serve(settings).await;
    let mut busy = bench.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.shutdown.cancel();
    let begun = Instant::now();
    timeout(SOON, bench.bound.stopped)
        .await
        .expect("the server stops")
        .unwrap();
    assert_eq!(rest(&mut busy).await, "");
    assert!(
        begun.elapsed() < Duration::from_millis(600),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn shutdown_waits_for_calls_whose_clients_have_gone() {
    let bench = serve(quick()).await;
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let call = bench.calls.spawn(finished);
    bench.shutdown.cancel();
    let mut stopped = bench.bound.stopped;
    let early = timeout(Duration::from_millis(200), &mut stopped).await;
    assert!(early.is_err(), "the server stopped over a call");
    finish.send(()).unwrap();
    timeout(SOON, stopped).await.expect("it stops").unwrap();
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn port_in_use_is_told_in_words() {
    let bench = serve(quick()).await;
    let settings = ServerSettings {
        listen: bench.bound.addr,
        ..quick()
    };
    let second = run(Router::new(), shared(settings), CancellationToken::new()).await;
    let Err(error) = second else {
        panic!("two servers on one port")
    };
    assert!(
        error
            .to_string()
            .contains("hint: another program listens there"),
        "{error}"
    );
}
