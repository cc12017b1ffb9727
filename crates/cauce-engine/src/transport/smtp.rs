//! Letters: one conversation with a mail server for each (RFC 5321), over lettre's client.
//!
//! ```text
//! connect --> [TLS] --> greeting, EHLO --> [STARTTLS, EHLO] --> [AUTH] --> MAIL --> RCPT... --> DATA
//!                                                                          |                   |
//!                                                       nothing to be sent: QUIT       the letter, "."
//! ```
//!
//! What the server answers to the letter is what counts: QUIT comes after that, and whatever becomes of
//! it changes nothing.
//!
//! The server's answers become responses with the code as their status and the step in a header.
//! Once the letter was handed over and no answer came, it may have been taken.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use cauce_destinations::{
    destination::{Answer, Fault, Request, Response},
    mail::header,
};
use http::{HeaderMap, HeaderValue, Uri};
use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{
            AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
        },
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{connect, link::Watch, reach::Reach};

/// Mail servers take their time: they look at who connects before they greet, and at what they were
/// given before they take it. A conversation is given so many times what another exchange is.
const PATIENCE: u32 = 4;
/// A goodbye that takes longer is not waited for.
const GOODBYE: Duration = Duration::from_secs(1);
/// The ways to log in that are known here.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];
const PORT: u16 = 25;
const PORT_TLS: u16 = 465;

/// What conversations are led with.
pub(super) struct Post {
    tls: TlsConnector,
    /// Roots that are trusted besides the built-in ones, as DER.
    roots: Vec<Vec<u8>>,
}

/// Where and how a letter is handed over.
struct Place {
    host: String,
    port: u16,
    /// TLS from the beginning.
    secure: bool,
    must_encrypt: bool,
    login: Option<Credentials>,
    reach: Reach,
}

/// How far a letter has come.
struct Handing<'a, W> {
    watch: &'a mut W,
    /// The server has said that it takes the letter, and was given some of it.
    begun: bool,
}

/// What goes wrong in a conversation.
enum Trouble {
    /// The server says no, or says something that is not SMTP, at this step.
    Said(&'static str, Error),
    /// There is no conversation.
    Fault(Fault),
}

impl Post {
    /// With the TLS of other connections, but for the protocol that those offer.
    pub(super) fn new(tls: &Arc<ClientConfig>, roots: Vec<Vec<u8>>) -> Post {
        let mut config = ClientConfig::clone(tls);
        config.alpn_protocols.clear();
        Post {
            tls: TlsConnector::from(Arc::new(config)),
            roots,
        }
    }

    /// Hands a letter over, within so many times `patience`.
    pub(super) async fn send(
        &self,
        request: &Request,
        reach: Reach,
        patience: Duration,
        watch: &mut impl Watch,
    ) -> Answer {
        let Some(place) = Place::of(request, reach) else {
            return Answer::NotSent(Fault::Unsendable);
        };
        let deadline = Instant::now() + patience * PATIENCE;
        let mut handing = Handing {
            watch,
            begun: false,
        };
        let said = timeout_at(
            deadline,
            self.converse(&place, request, deadline, &mut handing),
        )
        .await;
        let begun = handing.begun;
        let said = match said {
            Ok(Ok((response, server))) => {
                part(server).await;
                return Answer::Response(response);
            }
            Ok(Err(trouble)) => Some(trouble),
            Err(_) => None,
        };
        let may_be_there = |fault| match begun {
            true => Answer::Ambiguous(fault),
            false => Answer::NotSent(fault),
        };
        match said {
            None => may_be_there(Fault::AnswerTimeout),
            Some(Trouble::Fault(fault)) => may_be_there(fault),
            Some(Trouble::Said(step, error)) => match error.status() {
                Some(code) => Answer::Response(response(u16::from(code), step, &error.to_string())),
                None => may_be_there(fault_of(&error)),
            },
        }
    }

    async fn converse(
        &self,
        place: &Place,
        request: &Request,
        deadline: Instant,
        handing: &mut Handing<'_, impl Watch>,
    ) -> Result<(Response, AsyncSmtpConnection), Trouble> {
        let mut server = self.greet(place, deadline).await?;
        if let Some(login) = &place.login {
            if server
                .server_info()
                .get_auth_mechanism(&MECHANISMS)
                .is_none()
            {
                // What a server says itself to a mechanism that it does not know (RFC 4954, 4).
                let why = "it offers no login by PLAIN or LOGIN";
                return Ok((response(504, "login", why), server));
            }
            said("login", server.auth(&MECHANISMS, login).await)?;
        }
        let answer = match request.body.is_empty() {
            true => response(250, "hello", ""),
            false => hand_over(&mut server, request, handing).await?,
        };
        Ok((answer, server))
    }

    /// A conversation that is encrypted where it has to be, or can be.
    async fn greet(
        &self,
        place: &Place,
        deadline: Instant,
    ) -> Result<AsyncSmtpConnection, Trouble> {
        let addresses = connect::resolve(&place.host, place.port, place.reach).await;
        let tcp = connect::dial(&addresses.map_err(Trouble::Fault)?, deadline).await;
        let tcp = tcp.map_err(Trouble::Fault)?;
        let me = me(&tcp);
        if place.secure {
            let name = ServerName::try_from(place.host.clone());
            let name = name.map_err(|_| Trouble::Fault(Fault::Tls))?;
            let stream = self.tls.connect(name, tcp).await;
            let stream = stream.map_err(|_| Trouble::Fault(Fault::Tls))?;
            let stream = Box::new(Encrypted(stream));
            return said(
                "hello",
                AsyncSmtpConnection::connect_with_transport(stream, &me).await,
            );
        }
        let server = AsyncSmtpConnection::connect_with_transport(Box::new(tcp), &me).await;
        let mut server = said("hello", server)?;
        if server.can_starttls() {
            let trusted = self.trusted(&place.host);
            let trusted = trusted.map_err(|_| Trouble::Fault(Fault::Tls))?;
            let encrypted = server.starttls(trusted, &me).await;
            encrypted.map_err(|error| match error.status() {
                Some(_) => Trouble::Said("hello", error),
                None => Trouble::Fault(Fault::Tls),
            })?;
        } else if place.must_encrypt {
            part(server).await;
            return Err(Trouble::Fault(Fault::Tls));
        }
        Ok(server)
    }

    fn trusted(&self, host: &str) -> Result<TlsParameters, Error> {
        let mut trusted = TlsParameters::builder(host.to_owned())
            .certificate_store(CertificateStore::WebpkiRoots);
        for root in &self.roots {
            trusted = trusted.add_root_certificate(Certificate::from_der(root.clone())?);
        }
        trusted.build_rustls()
    }
}

/// Says goodbye, as is polite, to a server that has said all that matters.
async fn part(mut server: AsyncSmtpConnection) {
    let _ = timeout(GOODBYE, server.quit()).await;
}

/// Hands the letter of a request over.
async fn hand_over(
    server: &mut AsyncSmtpConnection,
    request: &Request,
    handing: &mut Handing<'_, impl Watch>,
) -> Result<Response, Trouble> {
    let from = addresses(request, header::FROM)?.pop();
    let to = addresses(request, header::TO)?;
    let mut how = Vec::new();
    if server
        .server_info()
        .supports_feature(Extension::EightBitMime)
    {
        how.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    said("from", server.command(Mail::new(from, how)).await)?;
    for to in to {
        said("to", server.command(Rcpt::new(to, Vec::new())).await)?;
    }
    said("data", server.command(Data).await)?;
    handing.begun = true;
    // Before the last byte: from here on nobody knows how far the letter has come.
    handing.watch.on_left();
    let taken = said("data", server.message(&request.body).await)?;
    let text: Vec<&str> = taken.message().collect();
    Ok(response(u16::from(taken.code()), "data", &text.join(" ")))
}

fn addresses(request: &Request, name: &str) -> Result<Vec<Address>, Trouble> {
    let named = request.headers.iter().filter(|header| header.name == name);
    named
        .map(|header| header.value.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| Trouble::Fault(Fault::Unsendable))
}

fn said<T>(step: &'static str, answer: Result<T, Error>) -> Result<T, Trouble> {
    answer.map_err(|error| Trouble::Said(step, error))
}

/// What went wrong where the server has said nothing that is an answer.
fn fault_of(error: &Error) -> Fault {
    if error.is_tls() {
        Fault::Tls
    } else if error.is_timeout() {
        Fault::AnswerTimeout
    } else if error.is_response() {
        Fault::Garbled
    } else {
        Fault::Reset
    }
}

fn response(status: u16, step: &'static str, text: &str) -> Response {
    Response {
        status,
        headers: HeaderMap::from_iter([(
            http::HeaderName::from_static(header::STEP),
            HeaderValue::from_static(step),
        )]),
        body: Bytes::from(text.to_owned()),
    }
}

/// How we call ourselves: by the address that we come from (RFC 5321, 4.1.3).
fn me(tcp: &TcpStream) -> ClientId {
    match tcp.local_addr() {
        Ok(SocketAddr::V4(address)) => ClientId::Ipv4(*address.ip()),
        Ok(SocketAddr::V6(address)) => ClientId::Ipv6(*address.ip()),
        Err(_) => ClientId::default(),
    }
}

impl Place {
    /// Whether a request is one for a mail server.
    fn of(request: &Request, reach: Reach) -> Option<Place> {
        let uri = Uri::try_from(request.url.as_str()).ok()?;
        let secure = uri.scheme_str() == Some("smtps");
        let value = |name: &str| {
            let mut headers = request.headers.iter();
            let found = headers.find(|header| header.name == name);
            found.map(|header| header.value.clone())
        };
        let login = value(header::USER).zip(value(header::PASSWORD));
        let host = uri.host()?;
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        Some(Place {
            host: bare.unwrap_or(host).to_owned(),
            port: uri
                .port_u16()
                .unwrap_or(if secure { PORT_TLS } else { PORT }),
            secure,
            must_encrypt: value(header::TLS).as_deref() == Some("required"),
            login: login.map(|(user, password)| Credentials::new(user, password)),
            reach,
        })
    }
}

/// Whether a request goes to a mail server.
pub(super) fn is_for(request: &Request) -> bool {
    request.url.starts_with("smtp://") || request.url.starts_with("smtps://")
}

/// A connection that was encrypted from its beginning.
#[derive(Debug)]
struct Encrypted(TlsStream<TcpStream>);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
