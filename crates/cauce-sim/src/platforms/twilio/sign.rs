//! `X-Twilio-Signature`: HMAC-SHA1 over the address and the sorted parameters (twilio-node,
//! `getExpectedTwilioSignature`).

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The value of the header.
pub(crate) fn sign(secret: &str, url: &str, body: &[u8]) -> String {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        let values = parameters.entry(name).or_default();
        if let Err(place) = values.binary_search(&value) {
            values.insert(place, value);
        }
    }
    let mut text = url.to_owned();
    for (name, values) in &parameters {
        for value in values {
            text.push_str(name);
            text.push_str(value);
        }
    }
    let mut mac =
        Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn signatures_are_those_of_the_reference_library() {
        // twilio-node, spec/validation.spec.js; twilio-python, tests/unit/test_request_validator.py.
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let body = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234\
            &From=%2B14158675309&To=%2B18005551212";
        assert_eq!(sign("12345", url, body), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        let repeated = b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234";
        assert_eq!(sign("12345", url, repeated), "IK+Dwps556ElfBT0I3Rgjkr1wJU=");
    }
}
