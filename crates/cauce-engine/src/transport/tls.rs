//! TLS: rustls on aws-lc-rs, with the roots of Mozilla's programme built in.
//!
//! The provider is named here and not taken from the process, so nothing depends on which crate
//! installed one first. The roots are those of `webpki-roots`: the same on every machine, also in
//! an image without a certificate store. Only HTTP/1.1 is offered.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// TLS cannot be set up: the provider lacks the protocol versions that are asked of it.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for outgoing requests")]
pub struct TlsError(#[from] rustls::Error);

/// The configuration that all outgoing connections share.
pub(super) fn client() -> Result<Arc<ClientConfig>, TlsError> {
    client_trusting(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
}

/// The same with other roots.
pub(super) fn client_trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
