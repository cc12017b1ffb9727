//! An object store that speaks S3, with the bucket in the path: objects put whole or in parts.
//!
//! It checks every signature, and refuses what Amazon refuses with Amazon's codes. A part is bound to
//! its upload, and an upload that is not completed makes no object. Listing and reading objects are
//! not needed by anybody here.

mod signature;

use http::{HeaderName, Method, StatusCode, header};

use crate::{
    answer::Answer,
    call::{Call, Judged, Refusal},
    ledger::Decision,
    objects::Wrong,
};

/// A refusal in Amazon's form
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
struct Refused(StatusCode, &'static str);

/// Judges a request.
pub(crate) fn deliver(call: &Call) -> Judged {
    match judge(call) {
        Ok(answer) => Judged {
            answer,
            decision: Decision {
                unnamed: 1,
                events: 1,
                is_accepted: true,
                ..Decision::default()
            },
        },
        Err(refused) => refusal(refused.0, refused.1).judged(1),
    }
}

/// A refusal with a code of Amazon's. It tells more than a client may show, as the real ones do.
pub(crate) fn refusal(status: StatusCode, code: &str) -> Refusal {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>not for logs</Message><AWSAccessKeyId>canary-of-an-error</AWSAccessKeyId></Error>"
    );
    Refusal::new(code, xml(status, body))
}

fn xml(status: StatusCode, body: String) -> Answer {
    let mut answer = Answer::empty(status);
    answer.body = body.into();
    answer.with(header::CONTENT_TYPE, "application/xml")
}

fn judge(call: &Call) -> Result<Answer, Refused> {
    signature::check(call)?;
    let bucket = &call.world.options.bucket;
    let path = call.path().trim_start_matches('/');
    let key = match path.split_once('/') {
        Some((name, key)) if name == bucket.name && !key.is_empty() => key,
        Some((name, _)) if name == bucket.name => {
            return Err(Refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented"));
        }
        _ => return Err(Refused(StatusCode::NOT_FOUND, "NoSuchBucket")),
    };
    let key = &decoded(key);
    let upload = call.query("uploadId");
    let objects = &call.world.objects;
    match (call.head.method.clone(), upload, call.query("partNumber")) {
        (Method::PUT, None, None) => {
            let tag = objects.put(key, call.body);
            Ok(Answer::empty(StatusCode::OK).with(header::ETAG, &tag))
        }
        (Method::POST, None, None) if call.query("uploads").is_some() => {
            let id = objects.begin(key);
            Ok(xml(
                StatusCode::OK,
                format!(
                    "<InitiateMultipartUploadResult><Bucket>{}</Bucket><Key>{key}</Key>\
                     <UploadId>{id}</UploadId></InitiateMultipartUploadResult>",
                    bucket.name
                ),
            ))
        }
        (Method::PUT, Some(id), Some(number)) => {
            let number = number
                .parse::<u32>()
                .ok()
                .filter(|n| (1..=10_000).contains(n));
            let number = number.ok_or(Refused(StatusCode::BAD_REQUEST, "InvalidArgument"))?;
            let tag = objects.put_part(key, &id, number, call.body)?;
            Ok(Answer::empty(StatusCode::OK).with(header::ETAG, &tag))
        }
        (Method::POST, Some(id), None) => complete(call, key, &id),
        (Method::DELETE, Some(id), None) => {
            objects.abort(key, &id)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        (Method::DELETE, None, None) => {
            objects.remove(key);
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Refused(StatusCode::NOT_IMPLEMENTED, "NotImplemented")),
    }
}

/// The name of an object as it was before it became part of an address.
fn decoded(path: &str) -> String {
    let form = format!("k={}", path.replace('+', "%2B").replace('&', "%26"));
    let (_, key) = form_urlencoded::parse(form.as_bytes())
        .next()
        .unwrap_or_default();
    key.into_owned()
}

fn complete(call: &Call, key: &str, id: &str) -> Result<Answer, Refused> {
    let text = std::str::from_utf8(call.body).unwrap_or_default();
    let parts: Option<Vec<_>> = text
        .split("<Part>")
        .skip(1)
        .map(|part| {
            Some((
                inner(part, "PartNumber")?.parse().ok()?,
                inner(part, "ETag")?,
            ))
        })
        .collect();
    let parts = parts.filter(|parts| !parts.is_empty());
    let parts = parts.ok_or(Refused(StatusCode::BAD_REQUEST, "MalformedXML"))?;
    let least = call.world.options.bucket.min_part_bytes;
    let tag = call.world.objects.complete(key, id, &parts, least)?;
    Ok(xml(
        StatusCode::OK,
        format!(
            "<CompleteMultipartUploadResult><Key>{key}</Key><ETag>{}</ETag>\
             </CompleteMultipartUploadResult>",
            tag.replace('"', "&quot;")
        ),
    ))
}

fn inner(text: &str, tag: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    let (inner, _) = rest.split_once(&format!("</{tag}>"))?;
    Some(inner.replace("&quot;", "\""))
}

impl From<Wrong> for Refused {
    fn from(wrong: Wrong) -> Refused {
        match wrong {
            Wrong::NoSuchUpload => Refused(StatusCode::NOT_FOUND, "NoSuchUpload"),
            Wrong::InvalidPart => Refused(StatusCode::BAD_REQUEST, "InvalidPart"),
            Wrong::InvalidPartOrder => Refused(StatusCode::BAD_REQUEST, "InvalidPartOrder"),
            Wrong::EntityTooSmall => Refused(StatusCode::BAD_REQUEST, "EntityTooSmall"),
        }
    }
}

/// The hash of a body that every request states.
const HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
