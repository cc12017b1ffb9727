//! What is drawn at random: the secrets and the ids of keys, and what a browser keeps in their place.

use data_encoding::BASE32_NOPAD;

use crate::control::Error;

/// What a secret key begins with.
pub const SECRET_PREFIX: &str = "ck_live_";
/// What a public write key begins with.
pub const WRITE_PREFIX: &str = "cw_";

/// A new secret, of a public write key or of any other.
pub(in crate::control) fn random_secret(public: bool) -> Result<String, Error> {
    let prefix = if public { WRITE_PREFIX } else { SECRET_PREFIX };
    Ok(format!("{prefix}{}", random_text::<32>()?))
}

/// A new token of somebody who signs in.
pub(in crate::control) fn random_token() -> Result<String, Error> {
    random_text::<32>()
}

/// A new id of a key.
pub(in crate::control) fn random_id() -> Result<String, Error> {
    Ok(format!("key_{}", random_text::<10>()?))
}

fn random_text<const BYTES: usize>() -> Result<String, Error> {
    let mut bytes = [0u8; BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|why| Error::Database(format!("no random bytes: {why}").into()))?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}
