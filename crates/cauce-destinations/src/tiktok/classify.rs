//! What TikTok's answers mean.

use std::ops::RangeInclusive;

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    reason::Reason,
    time::Timestamp,
};
use serde::Deserialize;

use crate::{
    answer::{self, Class, by_status, held, received, shown},
    destination::{Answer, CredentialState, Credentials, Judgement, Response},
};

/// All events were taken.
const OK: i64 = 0;
/// Some were not, and the answer does not say which in any documented way: counted as taken, as
/// sending all again would gain nothing.
const PARTLY_OK: i64 = 20_001;
/// An event is not as it should be.
const BAD_PARAMETERS: i64 = 40_002;
/// The token may not send to this pixel.
const NO_PERMISSION: i64 = 40_001;
/// The token is wrong or was revoked.
const BAD_TOKEN: i64 = 40_105;

/// Numbers in the body ("Appendix: Return codes"). The first row that fits decides.
pub(super) const TABLE: &[(RangeInclusive<i64>, Class, &str)] = &[
    (
        NO_PERMISSION..=NO_PERMISSION,
        Class::Stop,
        "the token may not send to this pixel",
    ),
    (
        BAD_PARAMETERS..=BAD_PARAMETERS,
        Class::Poison,
        "an event is not as TikTok wants it",
    ),
    (40_100..=40_100, Class::Throttle(None), "too many requests"),
    (
        BAD_TOKEN..=BAD_TOKEN,
        Class::Stop,
        "the token is wrong or was revoked",
    ),
    (40_101..=40_199, Class::Stop, "the token is refused"),
    (50_000..=59_999, Class::Retry, "TikTok is in trouble"),
];

#[derive(Deserialize)]
struct Body {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    request_id: Option<String>,
}

/// The judgement on a batch of `count` jobs.
pub(super) fn judge(count: usize, answer: &Answer, now: Timestamp) -> Judgement {
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    Judgement {
        verdict: verdict(count, response, now),
        hold: held(response, now),
    }
}

fn verdict(count: usize, response: &Response, now: Timestamp) -> Verdict {
    let Ok(body) = serde_json::from_slice::<Body>(&response.body) else {
        return by_status("tiktok", response, now);
    };
    match body.code {
        OK | PARTLY_OK => Verdict::All(Disposition::Delivered {
            provider_id: body.request_id.filter(|id| id.len() <= 64),
        }),
        BAD_PARAMETERS => refused(count, &body.message),
        code => by_code(code, &body, response, now),
    }
}

/// `Batch.7.properties…: what is wrong` names the bad event; without it the batch is halved.
fn refused(count: usize, message: &str) -> Verdict {
    let reason = Reason::new("tiktok_40002", format!("refused: {}", shown(message)));
    match place(message).filter(|place| *place < count) {
        Some(place) => Verdict::Without(vec![(place, reason)]),
        None => Verdict::Bisect(reason),
    }
}

/// The number behind `Batch.`, with which the text begins.
pub(super) fn place(message: &str) -> Option<usize> {
    let (number, _) = message
        .trim_start()
        .strip_prefix("Batch.")?
        .split_once(['.', ':'])?;
    number.parse().ok()
}

fn by_code(code: i64, body: &Body, response: &Response, now: Timestamp) -> Verdict {
    let name = format!("tiktok_{code}");
    let after = held(response, now);
    match TABLE.iter().find(|(codes, ..)| codes.contains(&code)) {
        Some((_, class, meaning)) => class.verdict(Reason::new(name, *meaning), after),
        None => {
            let detail = format!("an unlisted error: {}", shown(&body.message));
            Class::Retry.verdict(Reason::new(name, detail), after)
        }
    }
}

/// What the answer to a test event says of the token. TikTok's long-lived tokens have no end that
/// could be asked for.
pub(super) fn credentials_of(answer: &Answer, _now: Timestamp) -> Credentials {
    let response = match answer::unchecked(answer) {
        Ok(response) => response,
        Err(credentials) => return credentials,
    };
    let (state, detail) = match serde_json::from_slice::<Body>(&response.body).map(|body| body.code)
    {
        // A refused event was looked at, and so the token was taken.
        Ok(OK | PARTLY_OK | BAD_PARAMETERS) => (
            CredentialState::Valid,
            "the token works; TikTok does not say until when".to_owned(),
        ),
        Ok(NO_PERMISSION) => (
            CredentialState::Invalid,
            "the token may not send to this pixel".to_owned(),
        ),
        Ok(BAD_TOKEN) => (
            CredentialState::Invalid,
            "the token is wrong or was revoked".to_owned(),
        ),
        Ok(code) => (
            CredentialState::Unknown,
            format!("TikTok answered with code {code}"),
        ),
        Err(_) => (
            CredentialState::Unknown,
            format!("no answer to read (HTTP {})", response.status),
        ),
    };
    answer::credentials(state, detail)
}
