//! TLS: rustls on aws-lc-rs, with the roots of Mozilla's programme built in, and those that the
//! operator adds.
//!
//! The provider is named here and not taken from the process, so nothing depends on which crate
//! installed one first. The roots are those of `webpki-roots`: the same on every machine, also in
//! an image without a certificate store. Only HTTP/1.1 is offered.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};

/// TLS cannot be set up: the provider lacks the protocol versions that are asked of it.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS for outgoing requests")]
pub struct TlsError(#[from] rustls::Error);

/// Why certificates cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// There is none.
    #[error("holds no certificate in PEM; hint: write \"${{file:/etc/ssl/own-ca.pem}}\"")]
    None,
    /// One cannot be read.
    #[error("holds a certificate that cannot be read: {0}")]
    Unread(String),
}

/// The certificates of a PEM file, as roots to be trusted.
pub fn roots(pem: &str) -> Result<Vec<Vec<u8>>, RootsError> {
    let unread = |why: &dyn std::fmt::Display| RootsError::Unread(why.to_string());
    let mut store = RootCertStore::empty();
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|why| unread(&why))?;
        found.push(certificate.to_vec());
        store.add(certificate).map_err(|why| unread(&why))?;
    }
    match found.is_empty() {
        true => Err(RootsError::None),
        false => Ok(found),
    }
}

/// The configuration that all outgoing connections share.
pub(super) fn client(own: &[Vec<u8>]) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    for root in own {
        roots.add(CertificateDer::from(root.clone()))?;
    }
    client_trusting(roots)
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
