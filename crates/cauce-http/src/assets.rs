//! Files that are part of the binary: what runs in a browser.
//!
//! They are compressed when they are built, not when they are asked for.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// A file and its compressed forms.
#[derive(Debug)]
pub(crate) struct Asset {
    bytes: &'static [u8],
    gzip: &'static [u8],
    brotli: &'static [u8],
    /// For `ETag`, quotes included. Weak, because every form of the file has the same.
    pub(crate) etag: String,
}

/// One form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoded {
    pub(crate) bytes: &'static [u8],
    /// For `Content-Encoding`; none as it is.
    pub(crate) encoding: Option<&'static str>,
}

impl Asset {
    /// The file, or nothing if it had not been built when the binary was.
    fn new(bytes: &'static [u8], gzip: &'static [u8], brotli: &'static [u8]) -> Option<Asset> {
        let hash = HEXLOWER.encode(&Sha256::digest(bytes)[..16]);
        (!bytes.is_empty()).then(|| Asset {
            bytes,
            gzip,
            brotli,
            etag: format!("W/\"{hash}\""),
        })
    }

    /// The file as it is.
    pub(crate) fn plain(&self) -> &'static [u8] {
        self.bytes
    }

    /// The smallest form that a client takes, by its `Accept-Encoding`. An answer that depends on it
    /// says `Vary: Accept-Encoding`.
    pub(crate) fn encoded(&self, accept_encoding: &str) -> Encoded {
        let forms = [("br", self.brotli), ("gzip", self.gzip)];
        let taken = forms
            .into_iter()
            .find(|(name, bytes)| !bytes.is_empty() && takes(accept_encoding, name));
        match taken {
            Some((name, bytes)) => Encoded {
                bytes,
                encoding: Some(name),
            },
            None => Encoded {
                bytes: self.bytes,
                encoding: None,
            },
        }
    }

    /// Whether a client has it already, by its `If-None-Match`.
    pub(crate) fn is_known(&self, if_none_match: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let ours = opaque(&self.etag);
        if_none_match
            .split(',')
            .any(|tag| tag.trim() == "*" || opaque(tag) == ours)
    }
}

/// A file as it is answered, in the form that the caller takes; without a body where the caller has
/// it already.
pub(crate) fn answer(
    asset: &'static Asset,
    kind: HeaderValue,
    cache: HeaderValue,
    asked: &HeaderMap,
) -> Response {
    let text = |name| {
        asked
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let known = text(header::IF_NONE_MATCH).is_some_and(|tags| asset.is_known(tags));
    let form = asset.encoded(text(header::ACCEPT_ENCODING).unwrap_or_default());
    let mut response = Response::new(match known {
        true => Body::empty(),
        false => Body::from(Bytes::from_static(form.bytes)),
    });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        headers.insert(header::ETAG, etag);
    }
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(header::CONTENT_TYPE, kind);
    if let Some(encoding) = form.encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The browser tracker, `t.js`.
pub(crate) fn tracker() -> Option<&'static Asset> {
    TRACKER.as_ref()
}

static TRACKER: LazyLock<Option<Asset>> = LazyLock::new(|| {
    Asset::new(
        include_bytes!(concat!(env!("OUT_DIR"), "/t.js")),
        include_bytes!(concat!(env!("OUT_DIR"), "/t.js.gz")),
        include_bytes!(concat!(env!("OUT_DIR"), "/t.js.br")),
    )
});

/// The file of the dashboard at a path.
pub(crate) fn dashboard(path: &str) -> Option<&'static Asset> {
    DASHBOARD.get(path)
}

/// The paths of all files of the dashboard.
#[cfg(test)]
pub(crate) fn dashboard_paths() -> Vec<&'static str> {
    DASHBOARD.keys().copied().collect()
}

type File = (&'static str, &'static [u8], &'static [u8], &'static [u8]);

static DASHBOARD: LazyLock<BTreeMap<&'static str, Asset>> = LazyLock::new(|| {
    let files: &[File] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));
    let asset =
        |&(path, bytes, gzip, brotli): &File| Some((path, Asset::new(bytes, gzip, brotli)?));
    files.iter().filter_map(asset).collect()
});

/// Whether an `Accept-Encoding` names a coding and does not refuse it (RFC 9110, 12.5.3). A `*` is
/// not counted: who can unpack a coding names it.
fn takes(accept_encoding: &str, coding: &str) -> bool {
    accept_encoding.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let named = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = parts.any(|weight| {
            let value = weight
                .strip_prefix("q=")
                .and_then(|q| q.parse::<f32>().ok());
            value == Some(0.0)
        });
        named && !refused
    })
}
