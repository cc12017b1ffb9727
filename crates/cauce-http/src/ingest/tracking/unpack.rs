//! The body of a batch: JSON under either of its names, packed or not.
//!
//! `sendBeacon` sends `text/plain`, because anything else would need a preflight, for which a page
//! that is being left has no time.

use std::{io::Read, sync::Arc};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use flate2::read::MultiGzDecoder;

use crate::{
    app::App,
    body,
    problem::{Code, Problem},
};

/// Packed bodies up to this are unpacked where they are; larger ones would hold up others.
const UNPACK_AT_ONCE: usize = 32 << 10;

/// A batch as it came.
pub(crate) struct Unpacked {
    /// The headers of its call.
    pub(crate) headers: HeaderMap,
    /// Its bytes, unpacked.
    pub(crate) bytes: Bytes,
}

impl FromRequest<Arc<App>> for Unpacked {
    type Rejection = Problem;
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Unpacked, Problem> {
        let (parts, stream) = request.into_parts();
        check_kind(&parts.headers)?;
        let packed = is_packed(&parts.headers)?;
        let bytes = body::read(stream, &parts.headers, &app.settings).await?;
        let max = app.settings.max_body_bytes;
        let unpacked = match packed {
            false => bytes,
            true if bytes.len() <= UNPACK_AT_ONCE => unpack(&bytes, max)?,
            true => tokio::task::spawn_blocking(move || unpack(&bytes, max))
                .await
                .map_err(|error| Problem::internal(&error))??,
        };
        Ok(Unpacked {
            headers: parts.headers,
            bytes: unpacked,
        })
    }
}

fn check_kind(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = kind.to_str().ok().and_then(|kind| kind.split(';').next());
    let essence = essence.unwrap_or_default().trim();
    let read = ["application/json", "text/plain"];
    if read.iter().any(|kind| essence.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "send JSON as `application/json`, or as `text/plain` from a page",
    ))
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(coding) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(false);
    };
    match coding
        .to_str()
        .map(|coding| coding.trim().to_ascii_lowercase())
    {
        Ok(coding) if coding == "gzip" || coding == "x-gzip" => Ok(true),
        Ok(coding) if coding == "identity" => Ok(false),
        _ => Err(Problem::new(
            Code::UnsupportedMediaType,
            "send the body with `Content-Encoding: gzip`, or without it",
        )),
    }
}

/// Unpacks at most `max` bytes. What would become more is given up there, however small it came.
fn unpack(packed: &[u8], max: usize) -> Result<Bytes, Problem> {
    let mut unpacked = Vec::with_capacity(max.min(packed.len().saturating_mul(4)));
    let most = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut unpacked)
        .map_err(|_| {
            Problem::new(
                Code::BadJson,
                "the body is not whole gzip; send it again, or without Content-Encoding",
            )
        })?;
    if unpacked.len() > max {
        return Err(Problem::new(
            Code::BodyTooLarge,
            format!(
                "unpacked, the body has more than {max} bytes (setting http.max_body); split it into several requests"
            ),
        ));
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn body_comes_back_as_it_was_packed() {
        assert_eq!(unpack(&pack(b"{}"), 2).unwrap().as_ref(), b"{}");
        let two = [pack(b"{"), pack(b"}")].concat();
        assert_eq!(unpack(&two, 2).unwrap().as_ref(), b"{}");
    }

    #[test]
    fn bomb_is_given_up_at_the_limit() {
        let bomb = pack(&vec![b' '; 64 << 20]);
        assert!(bomb.len() < 100_000);
        let refused = unpack(&bomb, 1 << 20).unwrap_err();
        assert_eq!(refused.code, Code::BodyTooLarge);
        let text = String::from_utf8(refused.to_json()).unwrap();
        assert!(
            text.contains("1048576") && text.contains("http.max_body"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_gzip_or_not_whole_is_refused() {
        let whole = pack(b"{\"events\":[]}");
        for bytes in [&b""[..], b"{}", &whole[..whole.len() - 4], &whole[..8]] {
            assert_eq!(unpack(bytes, 100).unwrap_err().code, Code::BadJson);
        }
    }

    #[test]
    fn kinds_and_codings_that_are_not_read_are_refused() {
        let headers =
            |name, value: &'static str| HeaderMap::from_iter([(name, value.parse().unwrap())]);
        for kind in ["application/json", "text/plain;charset=UTF-8", "Text/Plain"] {
            assert!(
                check_kind(&headers(header::CONTENT_TYPE, kind)).is_ok(),
                "{kind}"
            );
        }
        for kind in ["text/html", "application/x-www-form-urlencoded", ""] {
            assert!(
                check_kind(&headers(header::CONTENT_TYPE, kind)).is_err(),
                "{kind}"
            );
        }
        assert!(is_packed(&headers(header::CONTENT_ENCODING, "GZIP")).unwrap());
        assert!(!is_packed(&headers(header::CONTENT_ENCODING, "identity")).unwrap());
        for coding in ["br", "gzip, gzip", "deflate"] {
            assert!(
                is_packed(&headers(header::CONTENT_ENCODING, coding)).is_err(),
                "{coding}"
            );
        }
    }
}
