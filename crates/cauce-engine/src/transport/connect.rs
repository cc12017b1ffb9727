//! Opens connections: name, address, TCP, TLS.

use std::{net::SocketAddr, sync::Arc};

use cauce_destinations::destination::Fault;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;
use tokio_util::either::Either;

use super::{link::Link, reach::Reach, target::Target, wire::Stream};

/// Opens connections. The only place that names a socket to connect.
pub(super) struct Connector {
    tls: TlsConnector,
    config: Arc<ClientConfig>,
}

impl Connector {
    pub(super) fn new(tls: Arc<ClientConfig>) -> Connector {
        Connector {
            tls: TlsConnector::from(Arc::clone(&tls)),
            config: tls,
        }
    }

    /// What its connections are encrypted with.
    pub(super) fn tls(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// A connection ready for its first request. The caller enforces `deadline` on the whole; it
    /// is known here so that one dead address of a host leaves time for the next.
    pub(super) async fn connect(
        &self,
        target: &Target,
        deadline: Instant,
    ) -> Result<Box<Link>, Fault> {
        let addresses = resolve(target.host(), target.port(), target.key.reach).await?;
        let tcp = dial(&addresses, deadline).await?;
        // Requests are written whole, so waiting for more to fill a segment only delays them.
        tcp.set_nodelay(true).map_err(|_| Fault::Connect)?;
        Link::open(self.secure(target, tcp).await?).await
    }

    async fn secure(&self, target: &Target, tcp: TcpStream) -> Result<Stream, Fault> {
        if !target.key.secure {
            return Ok(Either::Left(tcp));
        }
        let name = ServerName::try_from(target.host().to_owned()).map_err(|_| Fault::Tls)?;
        let stream = self.tls.connect(name, tcp).await.map_err(|_| Fault::Tls)?;
        Ok(Either::Right(Box::new(stream)))
    }
}

/// The addresses of the host that it may be reached at, in the resolver's order (RFC 6724).
pub(super) async fn resolve(host: &str, port: u16, reach: Reach) -> Result<Vec<SocketAddr>, Fault> {
    let found = lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|_| Fault::Dns)?.collect();
    if found.is_empty() {
        return Err(Fault::Dns);
    }
    let allowed: Vec<SocketAddr> = found.into_iter().filter(|a| reach.allows(a.ip())).collect();
    if allowed.is_empty() {
        return Err(Fault::Unsendable);
    }
    Ok(allowed)
}

/// Tries one address after the other, each for an equal share of the time that is left.
pub(super) async fn dial(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Fault> {
    let mut fault = Fault::Connect;
    for (tried, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(now) / untried;
        fault = match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(_)) => Fault::Connect,
            Err(_) => Fault::ConnectTimeout,
        };
    }
    Err(fault)
}
