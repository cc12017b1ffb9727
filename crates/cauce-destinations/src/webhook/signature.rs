//! Signs requests by Standard Webhooks.
//!
//! Source: standardwebhooks.com, "Signature scheme": HMAC-SHA256 over id, timestamp and body with
//! points between them, in base64 behind `v1,`.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::Secret;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has (Standard Webhooks, "Signing secret").
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a text is no secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the secret is not one of Standard Webhooks; hint: write whsec_ and 24 to 64 random bytes in base64"
)]
pub struct SecretError;

/// A key that signs.
#[derive(Clone)]
pub struct Signer {
    key: Vec<u8>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(secret)")
    }
}

impl Signer {
    /// The key that a secret stands for.
    pub fn new(secret: &Secret) -> Result<Signer, SecretError> {
        let text = secret.expose().strip_prefix(PREFIX).ok_or(SecretError)?;
        let key = BASE64_STANDARD.decode(text).map_err(|_| SecretError)?;
        match BYTES.contains(&key.len()) {
            true => Ok(Signer { key }),
            false => Err(SecretError),
        }
    }

    /// The value of `webhook-signature`.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac: Hmac<Sha256> =
            Hmac::new_from_slice(&self.key).expect("a key of HMAC may have any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}
