//! Whether Twilio has made a call: `X-Twilio-Signature`.
//!
//! Twilio signs the address as it called it, then each field of a form by its name, with the
//! account's token (HMAC-SHA1 in base64). With a JSON body it signs the address alone, and puts a
//! hash of the body into it (`bodySHA256`). What stands between may have added or taken a port, or
//! written a quote in another way, so each of these is tried.
//!
//! Source: twilio.com/docs, "Security: validating requests".

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{form::Form, jwt, secret::Secret};

/// The field of an address that holds the hash of a JSON body.
const BODY_HASH: &str = "bodySHA256";

/// Whether the signature is the account's over this address and this body.
pub(super) fn is_signed(token: &Secret, url: &str, body: &[u8], signature: &str) -> bool {
    let Ok(signature) = BASE64_STANDARD.decode(signature) else {
        return false;
    };
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let fields = match Form::read(query.as_bytes()).get(BODY_HASH) {
        Some(hash) if is_hash(hash, body) => String::new(),
        Some(_) => return false,
        None => written(&Form::read(body)),
    };
    let variants = variants(url);
    variants.iter().any(|url| {
        let mut mac = Hmac::<Sha1>::new_from_slice(token.expose().as_bytes())
            .expect("a key of HMAC may have any length");
        mac.update(url.as_bytes());
        mac.update(fields.as_bytes());
        mac.verify_slice(&signature).is_ok()
    })
}

fn is_hash(shown: &str, body: &[u8]) -> bool {
    let digest = Sha256::digest(body);
    let hex = digest.iter().map(|byte| format!("{byte:02x}"));
    jwt::is_same(
        shown.to_ascii_lowercase().as_bytes(),
        hex.collect::<String>().as_bytes(),
    )
}

/// Names and values by name, without anything between them. Of a name that comes more than once,
/// each value counts once.
fn written(form: &Form) -> String {
    let mut fields: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in form.fields() {
        fields.entry(name).or_default().insert(value);
    }
    let each = fields
        .into_iter()
        .flat_map(|(name, values)| values.into_iter().map(move |value| [name, value]));
    each.flatten().collect()
}

/// The address as it may have been signed.
fn variants(url: &str) -> Vec<String> {
    let mut urls = vec![url.to_owned()];
    if let Some((scheme, rest)) = url.split_once("://") {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority.rfind('@').map_or(0, |at| at + 1);
        // The colons of an IPv6 address stand in brackets.
        let port = authority[host..].rfind(':').map(|at| host + at);
        let port = port.filter(|at| !authority[*at..].contains(']'));
        let bare = port.map_or(authority, |at| &authority[..at]);
        let standard = if scheme == "https" { "443" } else { "80" };
        urls.push(format!("{scheme}://{bare}{path}"));
        urls.push(format!("{scheme}://{bare}:{standard}{path}"));
    }
    let requoted: Vec<String> = urls
        .iter()
        .flat_map(|url| [url.replace('\'', "%27"), url.replace("%27", "'")])
        .collect();
    urls.extend(requoted);
    urls.sort_unstable();
    urls.dedup();
    urls
}

#[cfg(test)]
mod tests;
