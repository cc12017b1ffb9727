//! Signature version 4, as a server checks it
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use hmac::{Hmac, KeyInit, Mac};
use http::{StatusCode, header};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use sha2::{Digest, Sha256};

use super::{HASH, Refused};
use crate::call::Call;

/// A request may be so many seconds away.
const TOLERANCE_SECONDS: i64 = 15 * 60;

fn forbidden(code: &'static str) -> Refused {
    Refused(StatusCode::FORBIDDEN, code)
}

/// What a request states of its signature.
struct Stated<'a> {
    key: &'a str,
    day: &'a str,
    region: &'a str,
    signed: &'a str,
    signature: &'a str,
}

/// Whether the request is signed by the key of the bucket, for its region, now, with this body.
pub(super) fn check(call: &Call) -> Result<(), Refused> {
    let authorization = call.header(header::AUTHORIZATION.as_str());
    let authorization = authorization.ok_or(forbidden("AccessDenied"))?;
    let malformed = Refused(StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed");
    let Some(stated) = parse(authorization) else {
        return Err(malformed);
    };
    let bucket = &call.world.options.bucket;
    if stated.key != bucket.access_key_id {
        return Err(forbidden("InvalidAccessKeyId"));
    }
    if stated.region != bucket.region {
        return Err(malformed);
    }
    let at = call.header("x-amz-date").unwrap_or_default();
    let age = instant(at).map(|seconds| (call.now_ms / 1000 - seconds).abs());
    if age.is_none_or(|age| age > TOLERANCE_SECONDS) || !at.starts_with(stated.day) {
        return Err(forbidden("RequestTimeTooSkewed"));
    }
    let hash = call.header(HASH.as_str()).unwrap_or_default();
    if hash != "UNSIGNED-PAYLOAD" && hash != hex(&Sha256::digest(call.body)) {
        let code = "XAmzContentSHA256Mismatch";
        return Err(Refused(StatusCode::BAD_REQUEST, code));
    }
    let canonical = canonical(call, stated.signed, hash).ok_or(forbidden("AccessDenied"))?;
    let scope = format!("{}/{}/s3/aws4_request", stated.day, stated.region);
    let hashed = hex(&Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hashed}");
    let steps = [stated.day, stated.region, "s3", "aws4_request", &text];
    let secret = format!("AWS4{}", bucket.secret_access_key).into_bytes();
    let signature = steps.iter().fold(secret, |key, step| hmac(&key, step));
    match hex(&signature) == stated.signature {
        true => Ok(()),
        false => Err(forbidden("SignatureDoesNotMatch")),
    }
}

fn parse(authorization: &str) -> Option<Stated<'_>> {
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let field = |name: &str| {
        let mut fields = rest.split(',').map(str::trim);
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    let mut scope = field("Credential")?.split('/');
    let (key, day, region) = (scope.next()?, scope.next()?, scope.next()?);
    let is_whole = scope.eq(["s3", "aws4_request"]);
    is_whole.then_some(Stated {
        key,
        day,
        region,
        signed: field("SignedHeaders")?,
        signature: field("Signature")?,
    })
}

/// `20260131T235959Z` as seconds of Unix time.
fn instant(text: &str) -> Option<i64> {
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let at: Timestamp = at.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp();
    Some(at.as_second())
}

/// The request in the form that is signed; none if a header is missing that has to be in it.
fn canonical(call: &Call, signed: &str, hash: &str) -> Option<String> {
    let names: Vec<&str> = signed.split(';').collect();
    if !["host", "x-amz-content-sha256", "x-amz-date"]
        .iter()
        .all(|name| names.contains(name))
    {
        return None;
    }
    let mut headers = String::new();
    for name in &names {
        headers += &format!("{name}:{}\n", call.header(name)?.trim());
    }
    let query = call.head.uri.query().unwrap_or_default();
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (encoded(&name), encoded(&value)))
        .collect();
    pairs.sort();
    let query: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let (method, path) = (&call.head.method, call.path());
    Some(format!(
        "{method}\n{path}\n{}\n{headers}\n{signed}\n{hash}",
        query.join("&")
    ))
}

/// Everything but unreserved characters as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded += &format!("%{other:02X}"),
        }
    }
    encoded
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is one");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
