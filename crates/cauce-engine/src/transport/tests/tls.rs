use std::{future::pending, sync::Arc};

use cauce_destinations::destination::Fault;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::{OK, hasty_transport, patient, patient_transport, post, read_request, send, serve};
use crate::transport::{Reach, Transport, connect::Connector, tls};

pub(super) fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

pub(super) fn acceptor(own: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server with this certificate, and its port.
async fn serve_tls(own: &CertifiedKey<KeyPair>) -> String {
    let acceptor = acceptor(own);
    let url = serve(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            while !read_request(&mut stream).await.is_empty() {
                stream.write_all(OK).await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    })
    .await;
    url.rsplit(':').next().unwrap().to_owned()
}

fn trusting(own: &CertifiedKey<KeyPair>) -> Transport {
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let connector = Connector::new(tls::client_trusting(roots).unwrap());
    Transport::with_connector(&patient(), connector)
}

#[tokio::test]
async fn requests_over_tls_share_a_connection() {
    let own = certificate();
    let (transport, port) = (trusting(&own), serve_tls(&own).await);
    let url = format!("https://localhost:{port}/");
    for turn in 0..3 {
        let sent = send(&transport, post(&url, "x")).await;
        assert_eq!(sent.timings.reused, turn > 0);
        assert_eq!(sent.response().body, "ok");
    }
}

#[tokio::test]
async fn a_connection_of_the_operator_is_not_lent() {
    let own = certificate();
    let (trusted, port) = (trusting(&own), serve_tls(&own).await);
    let request = post(&format!("https://localhost:{port}/"), "x");
    send(&trusted, request.clone()).await.response();
    let public = trusted.with_reach(Reach::PublicOnly);
    send(&public, request).await.is_not_sent(Fault::Unsendable);
}

#[tokio::test]
async fn a_large_body_over_tls_leaves_whole() {
    let own = certificate();
    let (transport, port) = (trusting(&own), serve_tls(&own).await);
    let request = post(&format!("https://localhost:{port}/"), vec![b'x'; 1 << 20]);
    assert_eq!(send(&transport, request).await.response().status, 200);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let own = certificate();
    let (transport, port) = (trusting(&own), serve_tls(&own).await);
    let sent = send(&transport, post(&format!("https://127.0.0.1:{port}/"), "x")).await;
    sent.is_not_sent(Fault::Tls);
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let port = serve_tls(&certificate()).await;
    let request = post(&format!("https://localhost:{port}/"), "x");
    send(&patient_transport(), request)
        .await
        .is_not_sent(Fault::Tls);
}

#[tokio::test]
async fn a_server_without_tls_is_refused() {
    let url = serve(|mut stream, _| async move {
        // A plain server takes the first line of a handshake for a bad request.
        stream.read_u8().await.unwrap();
        let refusal = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        stream.write_all(refusal).await.unwrap();
    })
    .await;
    let request = post(&url.replace("http:", "https:"), "x");
    send(&patient_transport(), request)
        .await
        .is_not_sent(Fault::Tls);
}

#[tokio::test]
async fn a_handshake_that_hangs_is_a_connect_timeout() {
    let url = serve(|stream, _| async move {
        let _held = stream;
        pending::<()>().await;
    })
    .await;
    let sent = send(
        &hasty_transport(),
        post(&url.replace("http:", "https:"), "x"),
    )
    .await;
    sent.is_not_sent(Fault::ConnectTimeout);
}
