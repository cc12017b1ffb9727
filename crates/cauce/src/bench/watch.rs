//! A platform that only watches the clock: notes when each event was on its socket, and takes it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Instant};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// When each event arrived, by its id.
pub(super) type Arrivals = Arc<Mutex<BTreeMap<String, Instant>>>;

/// Listens, and notes what arrives until the process ends.
pub(super) async fn start() -> std::io::Result<(SocketAddr, Arrivals)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let arrivals = Arrivals::default();
    let noted = Arc::clone(&arrivals);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&noted)));
        }
    });
    Ok((address, arrivals))
}

const ANSWER: &str = r#"{"events_received":1,"messages":[],"fbtrace_id":"bench"}"#;
const ID: &[u8] = b"\"event_id\":\"";

async fn serve(mut stream: TcpStream, arrivals: Arrivals) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let mut buffer = Vec::new();
    loop {
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let arrived = Instant::now();
        while let Some(length) = whole_request(&buffer) {
            if let Some(id) = event_id(&buffer[..length]) {
                arrivals.lock().insert(id, arrived);
            }
            buffer.drain(..length);
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

/// The length of the request at the start of the buffer, once all of it is there.
fn whole_request(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&buffer[..head])
        .ok()?
        .to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let body = length
        .and_then(|length| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    (buffer.len() >= head + body).then_some(head + body)
}

fn event_id(request: &[u8]) -> Option<String> {
    let start = request.windows(ID.len()).position(|window| window == ID)? + ID.len();
    let rest = &request[start..];
    let end = rest.iter().position(|byte| *byte == b'"')?;
    String::from_utf8(rest[..end].to_vec()).ok()
}
