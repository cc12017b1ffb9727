//! Where a request goes, and what it looks like on the wire.

use cauce_destinations::destination::{Fault, Request};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT},
    uri::{Authority, PathAndQuery, Scheme},
};

use super::{body::Piece, reach::Reach};

/// How we call ourselves (RFC 9110, 10.1.5).
const PRODUCT: HeaderValue = HeaderValue::from_static(concat!("cauce/", env!("CARGO_PKG_VERSION")));

/// Connections are shared by requests with the same key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) secure: bool,
    pub(super) reach: Reach,
    authority: Authority,
}

/// A parsed address.
pub(super) struct Target {
    pub(super) key: Key,
    path: Uri,
}

impl Target {
    /// Parses the address of `request`. One that is malformed, or not https where it has to be,
    /// cannot be sent to.
    pub(super) fn of(request: &Request, reach: Reach) -> Result<Target, Fault> {
        let uri = Uri::try_from(request.url.as_str()).map_err(|_| Fault::Unsendable)?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(Fault::Unsendable);
        };
        let secure = scheme == Scheme::HTTPS;
        if authority.host().is_empty()
            || !secure && (scheme != Scheme::HTTP || reach == Reach::PublicOnly)
        {
            return Err(Fault::Unsendable);
        }
        let path = parts.path_and_query;
        Ok(Target {
            key: Key {
                secure,
                reach,
                authority,
            },
            path: Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/"))),
        })
    }

    /// The host, an IPv6 address without its brackets.
    pub(super) fn host(&self) -> &str {
        let host = self.key.authority.host();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        bare.unwrap_or(host)
    }

    /// The port, by default that of the scheme.
    pub(super) fn port(&self) -> u16 {
        let default = if self.key.secure { 443 } else { 80 };
        self.key.authority.port_u16().unwrap_or(default)
    }

    /// The request in origin form (RFC 9112, 3.2.1).
    pub(super) fn compose(&self, request: &Request) -> Result<http::Request<Piece>, Fault> {
        let mut composed = http::Request::new(Piece::new(request.body.clone()));
        *composed.method_mut() = request.method.clone();
        *composed.uri_mut() = self.path.clone();
        *composed.headers_mut() = self.headers(request)?;
        Ok(composed)
    }

    fn headers(&self, request: &Request) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 3);
        headers.insert(HOST, self.host_header()?);
        headers.insert(USER_AGENT, PRODUCT);
        for header in &request.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_str(&header.value);
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(Fault::Unsendable);
            };
            value.set_sensitive(header.secret);
            if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
                headers.insert(name, value);
            }
        }
        // Some servers answer 411 to a POST that does not say that it is empty (RFC 9110, 8.6).
        if request.body.is_empty() && matches!(request.method, Method::POST | Method::PUT) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(headers)
    }

    /// The authority without user information, which is not ours to send (RFC 9110, 4.2.4).
    fn host_header(&self) -> Result<HeaderValue, Fault> {
        let authority = self.key.authority.as_str();
        let bare = authority.rsplit('@').next().unwrap_or(authority);
        HeaderValue::from_str(bare).map_err(|_| Fault::Unsendable)
    }
}
