//! What went wrong, as `application/problem+json` (RFC 9457).
//!
//! Every answer that is not a success is a [`Problem`]. Its `code` is stable and made for
//! programs; its `detail` is made for people and says what to do next. Neither holds a path, a
//! secret or anything of the inside.

mod stores;

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// How long to wait for a server that has too much to do.
const OVERLOADED_AFTER: Duration = Duration::from_secs(1);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal $status:ident $title:literal;)*) => {
        /// Every kind of problem. The text of a code never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as programs see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)* }
            }

            /// The kind of problem in words.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    BadJson = "bad_json" BAD_REQUEST "The body is not valid JSON";
    /// A query parameter or header cannot be read.
    BadParameter = "bad_parameter" BAD_REQUEST "A parameter cannot be read";
    /// No key came along.
    NoKey = "no_key" UNAUTHORIZED "A key is needed";
    /// The key is unknown, revoked or expired.
    BadKey = "bad_key" UNAUTHORIZED "The key is not accepted";
    /// The key does not allow this.
    MissingScope = "missing_scope" FORBIDDEN "The key does not allow this";
    /// The page does not come from an origin that the key is for.
    WrongOrigin = "wrong_origin" FORBIDDEN "The key is not for this origin";
    /// There is no such thing.
    NotFound = "not_found" NOT_FOUND "Not found";
    /// There is no such route.
    NoRoute = "no_route" NOT_FOUND "No such route";
    /// The route has other methods.
    MethodNotAllowed = "method_not_allowed" METHOD_NOT_ALLOWED "The route does not have this method";
    /// The caller accepts nothing that the route can answer.
    NotAcceptable = "not_acceptable" NOT_ACCEPTABLE "The route answers in another format";
    /// The request did not arrive in time.
    RequestTimeout = "request_timeout" REQUEST_TIMEOUT "The request took too long to arrive";
    /// The thing is in a state that does not allow this.
    WrongState = "wrong_state" CONFLICT "The state does not allow this";
    /// The thing is not as it was where the change of it began.
    ChangedMeanwhile = "changed_meanwhile" CONFLICT "It was changed meanwhile";
    /// The same call is being carried out right now.
    CallInFlight = "call_in_flight" CONFLICT "The same call is being carried out";
    /// The same call was carried out before, and its answer cannot be read any more.
    AnswerLost = "answer_lost" CONFLICT "The first answer cannot be given again";
    /// The body is too long.
    BodyTooLarge = "body_too_large" PAYLOAD_TOO_LARGE "The body is too large";
    /// The body holds too many entries.
    TooManyEntries = "too_many_entries" PAYLOAD_TOO_LARGE "Too many entries in one call";
    /// The body is in another format.
    UnsupportedMediaType = "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE "The body is in a format that is not read";
    /// The file is no table that can be read.
    BadFile = "bad_file" UNPROCESSABLE_ENTITY "The file cannot be read as a table";
    /// Fields are missing or wrong.
    Invalid = "invalid" UNPROCESSABLE_ENTITY "Some fields are not valid";
    /// The idempotency key was used for another body.
    KeyReused = "idempotency_key_reused" UNPROCESSABLE_ENTITY "The idempotency key was used for another body";
    /// The key makes too many requests.
    RateLimited = "rate_limited" TOO_MANY_REQUESTS "Too many requests";
    /// The tenant hands in more than it may.
    QuotaExceeded = "quota_exceeded" TOO_MANY_REQUESTS "More was handed in than may be";
    /// A queue holds all it may.
    QueueFull = "queue_full" TOO_MANY_REQUESTS "The queue is full";
    /// Something that should not happen.
    Internal = "internal" INTERNAL_SERVER_ERROR "Something went wrong inside";
    /// The server has too much to do.
    Overloaded = "overloaded" SERVICE_UNAVAILABLE "Too much to do right now";
    /// Events come faster than they are written to files.
    BufferFull = "buffer_full" SERVICE_UNAVAILABLE "The buffer of events is full";
    /// A queue takes no new jobs.
    QueueDraining = "queue_draining" SERVICE_UNAVAILABLE "The queue takes no new jobs";
    /// The data cannot be written.
    Unavailable = "unavailable" SERVICE_UNAVAILABLE "The data cannot be written right now";
    /// The answer was not ready in time.
    Timeout = "timeout" GATEWAY_TIMEOUT "The answer took too long";
    /// A company's backend cannot be asked.
    BackendUnavailable = "backend_unavailable" SERVICE_UNAVAILABLE "The backend cannot be asked";
    /// The disk is nearly full.
    DiskFull = "disk_full" INSUFFICIENT_STORAGE "The disk is nearly full";
}

/// One fault in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Where in the body it is, as a JSON Pointer (RFC 6901). The empty pointer is the whole body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/name")]
    pub pointer: Option<String>,
    /// The query parameter, path segment or header that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "limit")]
    pub parameter: Option<String>,
    /// What is wrong and what to write instead.
    pub detail: String,
}

impl Fault {
    /// A fault in the body.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Fault {
        Fault {
            pointer: Some(pointer.into()),
            parameter: None,
            detail: detail.into(),
        }
    }

    /// A fault in a parameter.
    pub fn in_parameter(name: impl Into<String>, detail: impl Into<String>) -> Fault {
        Fault {
            pointer: None,
            parameter: Some(name.into()),
            detail: detail.into(),
        }
    }
}

/// What went wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    detail: String,
    faults: Vec<Fault>,
    retry_after: Option<Duration>,
    instance: Option<String>,
}

/// The body of every answer that is not a success (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Where the kind of problem is explained, relative to the documentation.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#not_found")]
    kind: String,
    /// The kind of problem in words.
    title: &'a str,
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// The kind of problem for programs; it never changes.
    #[schema(example = "not_found")]
    code: &'a str,
    /// What happened and what to do next.
    detail: &'a str,
    /// Every bad field or parameter.
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [Fault],
    /// Names this one occurrence, to be found again in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
}

impl Problem {
    /// A problem of this kind; `detail` says what happened and what to do next.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            retry_after: None,
            instance: None,
        }
    }

    /// Fields that are not valid.
    pub fn invalid(faults: Vec<Fault>) -> Problem {
        let detail = match faults.len() {
            1 => "correct the field in `errors` and send the request again".to_owned(),
            many => format!("correct the {many} fields in `errors` and send the request again"),
        };
        Problem::new(Code::Invalid, detail).with_faults(faults)
    }

    /// A parameter that cannot be read.
    pub fn bad_parameter(name: impl Into<String>, detail: impl Into<String>) -> Problem {
        Problem::new(
            Code::BadParameter,
            "correct the parameter in `errors` and try again",
        )
        .with_faults(vec![Fault::in_parameter(name, detail)])
    }

    /// There is no such thing for this caller.
    pub fn not_found(what: &str, name: &str) -> Problem {
        let name: String = name.chars().take(100).collect();
        Problem::new(
            Code::NotFound,
            format!(
                "no {what} `{name}` that this key can see; check the name and the key's tenant"
            ),
        )
    }

    /// Something that should not happen. The caller gets a number, the log the reason.
    pub fn internal(reason: &dyn std::fmt::Display) -> Problem {
        let instance = uuid::Uuid::new_v4().urn().to_string();
        tracing::error!(%instance, %reason, "a request failed inside");
        let mut problem = Problem::new(
            Code::Internal,
            "try again; if it stays so, look for the `instance` in the server's log",
        );
        problem.instance = Some(instance);
        problem
    }

    /// The server has too much to do.
    pub fn overloaded() -> Problem {
        Problem::new(
            Code::Overloaded,
            "the server has all the requests it can hold; wait as told by Retry-After",
        )
        .retry_after(OVERLOADED_AFTER)
    }

    /// The same problem in other words.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<String>) -> Problem {
        self.detail = detail.into();
        self
    }

    /// The same problem, with these faults.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Problem {
        self.faults = faults;
        self
    }

    /// The same problem; the caller may try again after this long.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Problem {
        self.retry_after = Some(wait);
        self
    }

    /// The body as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let body = ProblemBody {
            kind: format!("/docs/errors#{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            errors: &self.faults,
            instance: self.instance.as_deref(),
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_json()));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds_up(wait)));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, challenge(self.code));
        }
        response
    }
}

/// Whole seconds, at least one: a caller that waits so long does not come too early.
pub(crate) fn seconds_up(wait: Duration) -> u64 {
    wait.as_millis()
        .div_ceil(1_000)
        .clamp(1, u128::from(u32::MAX)) as u64
}

/// RFC 6750, section 3: without credentials the challenge names no error.
fn challenge(code: Code) -> HeaderValue {
    HeaderValue::from_static(match code {
        Code::BadKey => "Bearer realm=\"cauce\", error=\"invalid_token\"",
        _ => "Bearer realm=\"cauce\"",
    })
}

/// A job that is in a state which does not allow what was asked.
pub(crate) fn wrong_state(job: &str, found: &str) -> Problem {
    Problem::new(
        Code::WrongState,
        format!(
            "job {job} is {found}, which does not allow this; GET /api/jobs/{job} shows where it stands"
        ),
    )
}

#[cfg(test)]
mod tests;
