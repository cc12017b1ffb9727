//! What all interfaces of Meta's Graph answer the same way: how much of a limit is used, and what a
//! token says of itself.
//!
//! Sources: developers.facebook.com, "Graph API: Rate limits" (headers), "Debug token".

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use cauce_flow::time::Timestamp;
use serde::Deserialize;

use crate::{
    answer::{self, escaped},
    destination::{Answer, CredentialState, Credentials, Request, Response},
    secret::Secret,
};

/// The newest version of the Graph API that is known.
pub(crate) const VERSION: &str = "v26.0";
/// The address of the Graph API.
pub(crate) const BASE_URL: &str = "https://graph.facebook.com";

/// Percentages of what may be used, and the minutes until it may be used again.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    call_count: f64,
    total_cputime: f64,
    total_time: f64,
    estimated_time_to_regain_access: f64,
}

impl Usage {
    /// Left alone for as long as Meta says; nearly used up, for a minute; much used, for a breath.
    fn hold(&self) -> Option<Duration> {
        const DAY_MINUTES: f64 = 1440.0;
        let minutes = self.estimated_time_to_regain_access.clamp(0.0, DAY_MINUTES);
        let highest = self.call_count.max(self.total_cputime).max(self.total_time);
        if minutes > 0.0 {
            return Some(Duration::from_secs_f64(minutes * 60.0));
        }
        match highest {
            95.0.. => Some(Duration::from_secs(60)),
            80.0.. => Some(Duration::from_secs(2)),
            _ => None,
        }
    }
}

/// How long the usage headers ask to be left alone.
pub(crate) fn usage_hold(response: &Response) -> Option<Duration> {
    let header = |name| {
        response
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let by_business = header("x-business-use-case-usage")
        .and_then(|text| serde_json::from_str::<BTreeMap<String, Vec<Usage>>>(text).ok())
        .and_then(|all| all.values().flatten().filter_map(Usage::hold).max());
    let by_app = header("x-app-usage")
        .and_then(|text| serde_json::from_str::<Usage>(text).ok())
        .and_then(|usage| usage.hold());
    by_business.max(by_app)
}

/// An id that Meta's support asks for.
pub(crate) fn is_trace(text: &str) -> bool {
    text.len() <= 40
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

/// The request in which a token asks about itself.
pub(crate) fn debug_token(base_url: &str, version: &str, token: &Secret) -> Request {
    let token = escaped(token.expose());
    let base_url = base_url.trim_end_matches('/');
    Request {
        method: http::Method::GET,
        url: format!("{base_url}/{version}/debug_token?input_token={token}&access_token={token}"),
        headers: Vec::new(),
        body: Bytes::new(),
    }
}

#[derive(Deserialize)]
struct DebugBody {
    data: Option<Token>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    error_subcode: Option<i64>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    is_valid: bool,
    #[serde(default)]
    expires_at: i64,
    #[serde(default)]
    data_access_expires_at: i64,
}

/// What `debug_token` says. Its times are seconds, and zero is never.
pub(crate) fn credentials_of(answer: &Answer, now: Timestamp) -> Credentials {
    let response = match answer::unchecked(answer) {
        Ok(response) => response,
        Err(credentials) => return credentials,
    };
    match serde_json::from_slice::<DebugBody>(&response.body) {
        Ok(DebugBody {
            data: Some(token), ..
        }) => of_token(&token, now),
        Ok(DebugBody {
            error: Some(error), ..
        }) => of_refusal(&error),
        _ => answer::credentials(
            CredentialState::Unknown,
            format!("no answer to read (HTTP {})", response.status),
        ),
    }
}

fn of_token(token: &Token, now: Timestamp) -> Credentials {
    let ends = [token.expires_at, token.data_access_expires_at];
    let first = ends.into_iter().filter(|seconds| *seconds > 0).min();
    let end = first.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)));
    let credentials = answer::working(end, now);
    if !token.is_valid && credentials.state != CredentialState::Expired {
        return answer::credentials(CredentialState::Invalid, "Meta says the token is not valid");
    }
    credentials
}

fn of_refusal(error: &Refusal) -> Credentials {
    let state = match (error.code, error.error_subcode) {
        (190, Some(463)) => CredentialState::Expired,
        (190 | 102, _) => CredentialState::Invalid,
        _ => CredentialState::Unknown,
    };
    answer::credentials(
        state,
        format!("Meta refuses the token (code {})", error.code),
    )
}
