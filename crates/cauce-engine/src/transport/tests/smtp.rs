//! Mail servers of a few lines each: they say what the test has written down, line by line.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::{
    destination::{Fault, Header, Request},
    mail::header,
};
use parking_lot::Mutex;
use rcgen::{CertifiedKey, KeyPair};
use rustls::RootCertStore;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{
    hasty, patient, send, serve,
    tls::{acceptor, certificate},
};
use crate::transport::{Transport, connect::Connector, tls};

/// How the connection is encrypted.
#[derive(Clone, Copy, PartialEq)]
enum Secured {
    Never,
    Offered,
    FromTheStart,
}

/// What a server says to lines that begin so; nothing at all to `hang`.
type Says = BTreeMap<&'static str, &'static str>;

struct Post {
    port: String,
    heard: Arc<Mutex<Vec<String>>>,
    own: Arc<CertifiedKey<KeyPair>>,
}

impl Post {
    async fn start(secured: Secured, says: &[(&'static str, &'static str)]) -> Post {
        let own = Arc::new(certificate());
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let says: Says = says.iter().copied().collect();
        let (written, certificate) = (Arc::clone(&heard), Arc::clone(&own));
        let url = serve(move |stream, _| {
            let conversation = Conversation {
                says: says.clone(),
                heard: Arc::clone(&written),
                own: Arc::clone(&certificate),
                secured,
            };
            conversation.lead(stream)
        })
        .await;
        Post {
            port: url.rsplit(':').next().unwrap().to_owned(),
            heard,
            own,
        }
    }

    /// A transport that trusts its certificate.
    fn trusted(&self, settings: crate::settings::Transport) -> Transport {
        let mut roots = RootCertStore::empty();
        roots.add(self.own.cert.der().clone()).unwrap();
        let settings = crate::settings::Transport {
            roots: vec![self.own.cert.der().to_vec()],
            ..settings
        };
        let connector = Connector::new(tls::client_trusting(roots).unwrap());
        Transport::with_connector(&settings, connector)
    }

    fn request(&self, scheme: &str, more: &[(&'static str, &str)]) -> Request {
        let headers = [
            (header::FROM, "cauce@example.com"),
            (header::TO, "ana@example.com"),
        ];
        let headers = headers.iter().chain(more).map(|(name, value)| Header {
            name,
            value: (*value).to_owned(),
            secret: false,
        });
        Request {
            method: http::Method::POST,
            url: format!("{scheme}://localhost:{}", self.port),
            headers: headers.collect(),
            body: "Subject: x\r\n\r\nhello\r\n".into(),
        }
    }

    fn heard(&self) -> String {
        self.heard.lock().join("\n")
    }
}

struct Conversation {
    says: Says,
    heard: Arc<Mutex<Vec<String>>>,
    own: Arc<CertifiedKey<KeyPair>>,
    secured: Secured,
}

impl Conversation {
    async fn lead(self, stream: TcpStream) {
        let acceptor = acceptor(&self.own);
        if self.secured == Secured::FromTheStart {
            if let Ok(stream) = acceptor.accept(stream).await {
                self.talk(stream, true).await;
            }
            return;
        }
        if let Some(stream) = self.talk(stream, true).await
            && let Ok(stream) = acceptor.accept(stream).await
        {
            self.talk(stream, false).await;
        }
    }

    /// Talks to the end; answers the stream where the client wants it encrypted.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, greets: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greets {
            self.say(&mut stream, "greeting", "220 here").await?;
        }
        let (mut line, mut in_letter) = (String::new(), false);
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let text = line.trim_end().to_owned();
            self.heard.lock().push(text.clone());
            if in_letter {
                in_letter = text != ".";
                if !in_letter {
                    self.say(&mut stream, ".", "250 taken").await?;
                }
                continue;
            }
            let word = text
                .split([' ', ':'])
                .next()
                .unwrap_or_default()
                .to_uppercase();
            let usual = match word.as_str() {
                "EHLO" if self.secured == Secured::Offered => {
                    "250-here\r\n250-STARTTLS\r\n250 AUTH PLAIN"
                }
                "EHLO" => "250-here\r\n250 AUTH PLAIN",
                "STARTTLS" => "220 go on",
                "AUTH" => "235 welcome",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            self.say(&mut stream, &word, usual).await?;
            match word.as_str() {
                "STARTTLS" => return Some(stream.into_inner()),
                "DATA" => in_letter = !self.says.contains_key("DATA"),
                _ => {}
            }
        }
    }

    /// Says what the test wants, or what is usual. None where it hangs up.
    async fn say<S: AsyncWrite + Unpin>(&self, to: &mut S, on: &str, usual: &str) -> Option<()> {
        let text = self.says.get(on).copied().unwrap_or(usual);
        match text {
            "hang" => std::future::pending().await,
            "bye" => return None,
            text => to.write_all(format!("{text}\r\n").as_bytes()).await.ok()?,
        }
        to.flush().await.ok()
    }
}

#[tokio::test]
async fn letter_is_handed_over_plain_by_starttls_and_by_tls() {
    for (secured, scheme, encrypted) in [
        (Secured::Never, "smtp", false),
        (Secured::Offered, "smtp", true),
        (Secured::FromTheStart, "smtps", false),
    ] {
        let post = Post::start(secured, &[]).await;
        let login = [(header::USER, "ana"), (header::PASSWORD, "secret")];
        let sent = send(&post.trusted(patient()), post.request(scheme, &login)).await;
        let response = sent.response();
        assert_eq!(response.status, 250, "{scheme}");
        let heard = post.heard();
        assert_eq!(heard.contains("STARTTLS"), encrypted, "{heard}");
        // PLAIN: two zero bytes set the parts apart (RFC 4616).
        assert!(heard.contains("AUTH PLAIN AGFuYQBzZWNyZXQ="), "{heard}");
        assert!(heard.contains("MAIL FROM:<cauce@example.com>"), "{heard}");
        assert!(
            heard.contains("RCPT TO:<ana@example.com>\nDATA\nSubject: x\n\nhello\n\n."),
            "{heard}"
        );
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_does_not_encrypt_as_it_must() {
    let post = Post::start(Secured::Never, &[]).await;
    let must = [
        (header::TLS, "required"),
        (header::USER, "a"),
        (header::PASSWORD, "b"),
    ];
    let sent = send(&post.trusted(patient()), post.request("smtp", &must)).await;
    sent.is_not_sent(Fault::Tls);
    assert!(!post.heard().contains("AUTH"), "{}", post.heard());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    for (secured, scheme) in [(Secured::Offered, "smtp"), (Secured::FromTheStart, "smtps")] {
        let post = Post::start(secured, &[]).await;
        let transport = Transport::new(&patient()).unwrap();
        let sent = send(&transport, post.request(scheme, &[])).await;
        sent.is_not_sent(Fault::Tls);
        assert!(!post.heard().contains("MAIL"), "{}", post.heard());
    }
}

#[tokio::test]
async fn a_refusal_comes_with_its_code_and_its_step() {
    for (on, says, status, step) in [
        ("greeting", "554 not you", 554, "hello"),
        ("AUTH", "535 no", 535, "login"),
        ("MAIL", "550 not this sender", 550, "from"),
        ("RCPT", "451 greylisted, come back", 451, "to"),
        ("RCPT", "550 no such user", 550, "to"),
        ("DATA", "452 disk full", 452, "data"),
        (".", "554 spam", 554, "data"),
    ] {
        let post = Post::start(Secured::Never, &[(on, says)]).await;
        let login = [(header::USER, "a"), (header::PASSWORD, "b")];
        let sent = send(&post.trusted(patient()), post.request("smtp", &login)).await;
        let response = sent.response();
        assert_eq!(response.status, status, "{on}");
        assert_eq!(response.headers[header::STEP], step, "{on}");
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert!(text.contains(&says[4..]), "{text}");
    }
}

#[tokio::test]
async fn a_letter_may_be_there_once_it_was_handed_over() {
    for (on, says, fault) in [
        (".", "hang", Fault::AnswerTimeout),
        (".", "bye", Fault::Garbled),
    ] {
        let post = Post::start(Secured::Never, &[(on, says)]).await;
        let sent = send(&post.trusted(hasty()), post.request("smtp", &[])).await;
        sent.is_ambiguous(fault);
    }
    for (on, says, fault) in [
        ("greeting", "hang", Fault::AnswerTimeout),
        ("RCPT", "hang", Fault::AnswerTimeout),
        ("RCPT", "hello?", Fault::Garbled),
    ] {
        let post = Post::start(Secured::Never, &[(on, says)]).await;
        let sent = send(&post.trusted(hasty()), post.request("smtp", &[])).await;
        sent.is_not_sent(fault);
    }
}

#[tokio::test]
async fn what_becomes_of_the_goodbye_changes_nothing() {
    for says in ["hang", "bye", "421 too late", "what?"] {
        let post = Post::start(Secured::Never, &[("QUIT", says)]).await;
        let sent = send(&post.trusted(patient()), post.request("smtp", &[])).await;
        assert_eq!(sent.response().status, 250, "{says}");
    }
}

#[tokio::test]
async fn a_login_that_the_server_does_not_know_is_a_refusal_of_the_account() {
    let post = Post::start(Secured::Never, &[("EHLO", "250-here\r\n250 AUTH XOAUTH2")]).await;
    let login = [(header::USER, "a"), (header::PASSWORD, "b")];
    let sent = send(&post.trusted(patient()), post.request("smtp", &login)).await;
    let response = sent.response();
    assert_eq!(response.status, 504);
    assert_eq!(response.headers[header::STEP], "login");
    assert!(!post.heard().contains("AUTH"), "{}", post.heard());
}

#[tokio::test]
async fn hello_alone_shows_whether_one_is_let_in() {
    let post = Post::start(Secured::Offered, &[]).await;
    let mut request = post.request("smtp", &[(header::USER, "a"), (header::PASSWORD, "b")]);
    request.body = Default::default();
    let sent = send(&post.trusted(patient()), request).await;
    assert_eq!(sent.response().status, 250);
    let heard = post.heard();
    assert!(heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
}
