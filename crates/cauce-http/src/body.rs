//! A request's body, from bytes to a value.
//!
//! A body is read once, as a whole, within a limit and a time. Then it must be UTF-8, no deeper
//! than allowed, and JSON of the right shape; what is wrong is named by a JSON Pointer.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    app::App,
    problem::{Code, Fault, Problem},
    settings::ServerSettings,
};
use std::sync::Arc;

mod objects;
mod wanted;

pub(crate) use wanted::in_json;

/// The route whose body is a file that is taken while it comes, and never held as a whole.
pub(crate) const STREAMED: &str = "/api/contacts/import";

/// A body read as JSON of this type.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Json<T>, Problem> {
        let Raw(bytes) = Raw::from_request(request, app).await?;
        let text = text(&bytes, app.settings.max_depth)?;
        parse(text).map(Json)
    }
}

/// A body that is meant to be JSON, as bytes.
pub(crate) struct Raw(pub(crate) Bytes);

impl FromRequest<Arc<App>> for Raw {
    type Rejection = Problem;
    async fn from_request(request: Request, app: &Arc<App>) -> Result<Raw, Problem> {
        let (parts, stream) = request.into_parts();
        check_format(&parts.headers)?;
        read(stream, &parts.headers, &app.settings).await.map(Raw)
    }
}

/// Only plain JSON is read. A body without a type is taken for it.
fn check_format(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(coding) = headers.get(header::CONTENT_ENCODING)
        && coding != "identity"
    {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "send the body without Content-Encoding",
        ));
    }
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = kind
        .to_str()
        .ok()
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    if essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
    {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "send JSON with the header `Content-Type: application/json`",
    ))
}

/// Reads a whole body within the limits of the settings.
pub(crate) async fn read(
    body: Body,
    headers: &HeaderMap,
    settings: &ServerSettings,
) -> Result<Bytes, Problem> {
    let max = settings.max_body_bytes;
    // A length that is told beforehand is refused before a byte of it is read.
    if declared(headers).is_some_and(|length| length > max as u64) {
        return Err(too_large(max));
    }
    let whole = Limited::new(body, max).collect();
    match tokio::time::timeout(settings.body_timeout, whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(max)),
        Ok(Err(_)) => Err(Problem::new(
            Code::BadJson,
            "the body ended early; send it again as a whole",
        )),
        Err(_) => Err(Problem::new(
            Code::RequestTimeout,
            format!(
                "the body did not arrive within {} s; send less at once",
                settings.body_timeout.as_secs_f64()
            ),
        )),
    }
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn too_large(max: usize) -> Problem {
    Problem::new(
        Code::BodyTooLarge,
        format!(
            "the body has more than {max} bytes (setting http.max_body); split it into several requests"
        ),
    )
}

/// The bytes as a text of JSON that is not nested too deeply.
pub(crate) fn text(bytes: &[u8], max_depth: usize) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Problem::new(
            Code::BadJson,
            format!(
                "byte {} is not UTF-8; JSON is always UTF-8 (RFC 8259)",
                error.valid_up_to()
            ),
        )
    })?;
    if let Some(place) = too_deep(bytes, max_depth) {
        return Err(Problem::new(
            Code::BadJson,
            format!("nested deeper than {max_depth} levels at byte {place}; send a flatter value"),
        ));
    }
    Ok(text)
}

/// Where the text is nested deeper than this, if anywhere. Looks only at brackets and strings:
/// whether the text is JSON at all is for the parser to say.
pub(crate) fn too_deep(bytes: &[u8], max_depth: usize) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (place, byte) in bytes.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > max_depth {
                    return Some(place);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Reads a value and says where it is wrong.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Problem> {
    match parse_at(text) {
        Ok(value) => Ok(value),
        Err((Kind::Shape, fault)) => Err(Problem::invalid(vec![fault])),
        Err((Kind::Syntax, fault)) => Err(not_json(&fault.detail)),
    }
}

/// What kind of fault a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is not JSON.
    Syntax,
    /// It is JSON of another shape.
    Shape,
}

/// A body that is not JSON.
pub(crate) fn not_json(what: &str) -> Problem {
    Problem::new(Code::BadJson, format!("{what}; send one JSON value"))
}

/// Reads a value, or says what kind of fault it has and where.
pub(crate) fn parse_at<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, (Kind, Fault)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value =
        serde_path_to_error::deserialize(objects::Strict(&mut reader)).map_err(|error| {
            let pointer = pointer(error.path());
            let error = error.into_inner();
            (kind(&error), Fault::at(pointer, in_words(&error)))
        })?;
    reader
        .end()
        .map_err(|error| (Kind::Syntax, Fault::at("", in_words(&error))))?;
    Ok(value)
}

/// Reads a value as [`parse_at`] does where it is enough to know that something is wrong.
pub(crate) fn parse_fast<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(objects::Strict(&mut reader)).ok()?;
    reader.end().is_ok().then_some(value)
}

fn kind(error: &serde_json::Error) -> Kind {
    if error.is_data() {
        Kind::Shape
    } else {
        Kind::Syntax
    }
}

/// A path as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}

/// The parser's message without the value that it found: that may be personal data, and answers
/// end up in other people's logs. The place is told only where the text is not JSON.
fn in_words(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = match (kind(error), message.rfind(" at line ")) {
        (Kind::Shape, Some(end)) => &message[..end],
        _ => &message[..],
    };
    let shows_value = [
        "invalid type",
        "invalid value",
        "invalid length",
        "unknown variant",
    ];
    let shows_value = shows_value.iter().any(|what| message.starts_with(what));
    match message.rsplit_once("expected ") {
        Some((_, wanted)) if shows_value => format!("expected {}", in_json(wanted)),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
