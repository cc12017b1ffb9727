//! A `cauce serve` in a process of its own, so that its CPU seconds are told apart from those of the
//! load.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::failure::Failure;

/// The key for everything.
pub(super) const KEY: &str = "ck_live_bench000000000000000000000000000000000000000000000";
/// The address that providers of messages are told to call.
pub(super) const PUBLIC: &str = "https://cauce.example";
/// How long a server may take to start, and to write what it has taken.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A `cauce serve` of our own.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts one in a folder, with more settings than those of every benchmark.
    pub(super) fn start(folder: &Path, settings: &str) -> Result<Server, Failure> {
        let failed = |error: std::io::Error| Failure::caused(&error);
        let free = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = free.local_addr().map_err(failed)?;
        drop(free);
        let file = folder.join("cauce.toml");
        let text = format!("{}{settings}", configuration(folder, address));
        std::fs::write(&file, text).map_err(failed)?;
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("--config")
            .arg(&file)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let server = Server { address, child };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE {
                return Err(Failure::failed("the server does not answer"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// The number of its process.
    pub(super) fn process(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its folder goes with the measurement.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let data = folder.join("data");
    format!(
        r#"
data_dir = {data:?}
public_url = "{PUBLIC}"
[http]
listen = "{address}"
admin_key = "{KEY}"
[limits]
min_free = "64 MiB"
[log]
level = "warn"
"#
    )
}

/// A connection that is kept.
pub(super) struct Link {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Link {
    pub(super) fn open(address: SocketAddr) -> std::io::Result<Link> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Link {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends a request and reads the answer as a whole.
    pub(super) fn exchange(
        &mut self,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<(u16, String)> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes())?;
        self.buffer.clear();
        let mut piece = [0; 16 << 10];
        loop {
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&piece[..read]);
            if let Some(answer) = whole_answer(&self.buffer) {
                return Ok(answer);
            }
        }
    }
}

/// Status and body, once all of it is there. The servers measured here tell the length.
fn whole_answer(bytes: &[u8]) -> Option<(u16, String)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 4..]);
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    // Documents are no text; how they read is of no interest here.
    (body.len() >= length?).then(|| (status, String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::whole_answer;

    #[test]
    fn answer_is_whole_with_its_body() {
        let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(whole_answer(answer), Some((202, "{}".to_owned())));
        assert_eq!(whole_answer(&answer[..answer.len() - 1]), None);
        let document = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n%\xe2\xe3";
        let (status, text) = whole_answer(document).unwrap();
        assert_eq!((status, text.starts_with('%')), (200, true));
    }
}
