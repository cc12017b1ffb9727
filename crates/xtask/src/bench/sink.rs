//! An HTTP server that answers 200 to everything and keeps nothing.
//!
//! A thread for each connection and blocking reads: with the 50 connections of the workloads that
//! costs less than any framework, and both sides get the same.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
/// Largest request that is understood.
const MAX_REQUEST_BYTES: usize = 1 << 20;

/// Starts the sink and answers its address.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The client going away is how a connection ends.
            thread::spawn(move || serve(stream).ok());
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; MAX_REQUEST_BYTES];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        while let Some(end) = end_of_request(&buffer[..filled]) {
            stream.write_all(ANSWER)?;
            buffer.copy_within(end..filled, 0);
            filled -= end;
        }
    }
}

/// Where the first request in the buffer ends, if all of it is there.
fn end_of_request(buffer: &[u8]) -> Option<usize> {
    const BLANK: &[u8] = b"\r\n\r\n";
    let head = buffer
        .windows(BLANK.len())
        .position(|window| window == BLANK)?
        + BLANK.len();
    let text = std::str::from_utf8(&buffer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let end = head + length.unwrap_or(0);
    (end <= buffer.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::end_of_request;

    #[test]
    fn a_request_ends_with_its_body() {
        let request = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}POST";
        assert_eq!(end_of_request(request), Some(request.len() - 4));
        assert_eq!(end_of_request(&request[..request.len() - 5]), None);
        assert_eq!(end_of_request(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
        assert_eq!(end_of_request(b"GET / HTTP/1.1\r\n"), None);
    }
}
