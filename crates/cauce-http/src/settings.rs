//! What the server is told, checked and complete.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

/// Everything the server is told. The binary makes it from the configuration.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address under which the outside world reaches the server.
    pub public_url: Option<String>,
    /// The version that `/version` tells.
    pub version: String,
    /// Most bytes of a request's body.
    pub max_body_bytes: usize,
    /// Most entries of a bulk call.
    pub max_entries: usize,
    /// How deep JSON may be nested.
    pub max_depth: usize,
    /// Most bytes of a request's line and headers together.
    pub max_header_bytes: usize,
    /// For a request's headers to arrive, counted from their first byte (or from the connection).
    pub header_timeout: Duration,
    /// For a request's body to arrive.
    pub body_timeout: Duration,
    /// For an answer to be ready.
    pub request_timeout: Duration,
    /// How long a connection may rest between two requests.
    pub idle_timeout: Duration,
    /// How long a client may take none of an answer that waits to be written.
    pub write_timeout: Duration,
    /// Connections at the same time.
    pub max_connections: usize,
    /// Requests at the same time.
    pub max_in_flight: usize,
    /// Readers of `/api/stream` at the same time.
    pub max_stream_readers: usize,
    /// Requests of one key in a second.
    pub requests_per_second: NonZeroU32,
    /// Whether `/metrics` answers without a key.
    pub metrics_public: bool,
    /// For requests in flight to end, once the server has to stop.
    pub drain_timeout: Duration,
}

impl ServerSettings {
    /// The defaults, listening here.
    pub fn new(listen: SocketAddr) -> ServerSettings {
        ServerSettings {
            listen,
            public_url: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            max_body_bytes: 4 << 20,
            max_entries: 1_000,
            max_depth: 32,
            max_header_bytes: 32 << 10,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            max_connections: 10_000,
            max_in_flight: 2_048,
            max_stream_readers: 2_000,
            requests_per_second: NonZeroU32::new(50_000).expect("50,000 is not zero"),
            metrics_public: false,
            drain_timeout: Duration::from_secs(20),
        }
    }
}
