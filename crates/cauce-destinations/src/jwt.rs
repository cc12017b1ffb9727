//! Whether a caller knows a secret: shown as it is, or as the key of a JSON Web Token of one kind
//! (HS256, with an end).
//!
//! Sources: RFC 7515, 5.2 (the signature is over the text of head and claims); RFC 7519, 4.1.4.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use cauce_flow::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Longest token that is looked at.
const MAX_BYTES: usize = 4_096;
/// A clock may be off by so much.
const LEEWAY_SECONDS: i64 = 30;

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

/// Whether a token is signed with this secret and has not ended.
pub fn is_signed(token: &str, secret: &str, now: Timestamp) -> bool {
    checked(token, secret).is_some_and(|claims| {
        let now = now.as_millis().div_euclid(1000);
        claims.exp.saturating_add(LEEWAY_SECONDS) > now
    })
}

fn checked(token: &str, secret: &str) -> Option<Claims> {
    if token.len() > MAX_BYTES {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let bytes = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    // Only this algorithm: a token must not choose how it is checked.
    let head: Head = serde_json::from_slice(&bytes(head)?).ok()?;
    if head.alg != "HS256" {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    mac.verify_slice(&bytes(signature)?).ok()?;
    serde_json::from_slice(&bytes(claims)?).ok()
}

/// Whether two secrets are the same, without telling by its time where they differ.
pub fn is_same(shown: &[u8], secret: &[u8]) -> bool {
    let digest = |bytes: &[u8]| Sha256::digest(bytes);
    let pairs = digest(shown).into_iter().zip(digest(secret));
    pairs.fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

    fn token(head: &str, exp: i64, secret: &str) -> String {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", part(head), part(&format!(r#"{{"exp":{exp}}}"#)));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{signed}.{signature}")
    }

    #[test]
    fn only_a_token_of_this_kind_with_this_secret_that_has_not_ended_is_taken() {
        let hs = r#"{"alg":"HS256","typ":"JWT"}"#;
        let now = 1_760_000_000;
        assert!(is_signed(&token(hs, now + 600, "s"), "s", NOW));
        assert!(is_signed(&token(hs, now - 29, "s"), "s", NOW));
        assert!(!is_signed(&token(hs, now - 30, "s"), "s", NOW));
        assert!(!is_signed(&token(hs, now + 600, "t"), "s", NOW));
        assert!(!is_signed(
            &token(r#"{"alg":"none"}"#, now + 600, "s"),
            "s",
            NOW
        ));
        assert!(!is_signed(
            &token(r#"{"alg":"HS512"}"#, now + 600, "s"),
            "s",
            NOW
        ));
        let whole = token(hs, now + 600, "s");
        assert!(!is_signed(&whole[..whole.len() - 3], "s", NOW));
        for bad in ["", ".", "..", "a.b.c", &"x".repeat(5_000)] {
            assert!(!is_signed(bad, "s", NOW), "{bad}");
        }
    }

    #[test]
    fn secrets_are_compared_as_a_whole() {
        assert!(is_same(b"secret", b"secret"));
        assert!(!is_same(b"secret", b"secret "));
        assert!(!is_same(b"", b"secret"));
    }
}
