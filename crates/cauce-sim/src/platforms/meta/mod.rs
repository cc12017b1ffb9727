//! Meta Conversions API: one bad event refuses the whole batch, and the answer does not say which.
//!
//! Sources: developers.facebook.com/docs/marketing-api/conversions-api (using-the-api, parameters);
//! the codes as facebook-php-business-sdk and rudder-transformer read them. Only JSON bodies are
//! understood; the form encoding of older clients is refused.

mod errors;
mod event;
mod texts;
mod token;

use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::{
    EventKey, Token,
    answer::Answer,
    call::{Call, Judged, Refusal},
    world::World,
};
use errors::{USAGE, error, no_such_dataset, payload_error, usage};
use event::Flaw;

pub(crate) use errors::{server_error, throttle, unknown_path};
pub(crate) use token::{debug, refuse_token};

/// Events in one request at most (using-the-api, batch requests).
const MAX_EVENTS: usize = 1000;
/// Versions before this one are upgraded with a warning in a header.
const OLDEST_VERSION: u32 = 24;
const VERSION_WARNING: HeaderName = HeaderName::from_static("x-ad-api-version-warning");

/// Whether a path is `/{version}/{dataset}/events`.
pub(crate) fn delivers(path: &str) -> bool {
    parts(path).is_some_and(|(_, _, edge)| edge == "events")
}

/// Judges a batch of events.
pub(crate) fn deliver(call: &Call) -> Judged {
    let Some((version, dataset, _)) = parts(call.path()) else {
        return unknown_path(call.world).judged(0);
    };
    let judged = match judge(call, dataset) {
        Ok(keys) => {
            let body = json!({
                "events_received": keys.len(),
                "messages": [],
                "fbtrace_id": call.world.trace(),
            });
            Judged::accepted(Answer::json(StatusCode::OK, &body), &keys)
        }
        Err((refusal, events)) => refusal.judged(events),
    };
    with_headers(judged, call.world, version, dataset)
}

/// Judges everything else.
pub(crate) fn check(call: &Call) -> Answer {
    let mut path = call.path().trim_start_matches('/').split('/');
    match (path.next().and_then(major), path.next(), path.next()) {
        (Some(_), Some("debug_token"), None) if !call.is_post() => token::debug(call),
        // Reading a dataset fails even with a token that may write to it.
        (Some(_), Some(_), None) => {
            error(
                call.world,
                StatusCode::BAD_REQUEST,
                "(#100) Missing Permission",
                100,
                None,
            )
            .answer
        }
        _ => unknown_path(call.world).answer,
    }
}

type Refused = (Refusal, usize);

fn judge(call: &Call, dataset: &str) -> Result<Vec<Option<EventKey>>, Refused> {
    let world = call.world;
    let body: Option<Value> = call
        .is_json()
        .then(|| serde_json::from_slice(call.body).ok())
        .flatten();
    let given = given_token(call, body.as_ref());
    let token = given.as_deref().and_then(|given| call.token(given));
    match token {
        Some(Token::Good | Token::GoodUntil(_)) => {}
        Some(Token::Throttled) => return Err((throttle(world, dataset, 15), 0)),
        refused => return Err((refuse_token(world, refused), 0)),
    }
    if world
        .options
        .account
        .as_ref()
        .is_some_and(|known| known != dataset)
    {
        return Err((no_such_dataset(world, dataset), 0));
    }
    let parameter = || {
        error(
            world,
            StatusCode::BAD_REQUEST,
            "Invalid parameter",
            100,
            None,
        )
    };
    let body = body.ok_or_else(|| (parameter(), 0))?;
    let events = body["data"].as_array().ok_or_else(|| (parameter(), 0))?;
    if events.is_empty() || events.len() > MAX_EVENTS || !is_envelope(&body) {
        return Err((parameter(), events.len()));
    }
    for event in events {
        let flaw = event::check(event, call.now_ms).err();
        flaw.map_or(Ok(()), |flaw| {
            Err((payload_error(world, flaw), events.len()))
        })?;
    }
    let keys: Vec<_> = events.iter().map(key).collect();
    match world.faults.poison_in(&keys).is_empty() {
        true => Ok(keys),
        false => Err((payload_error(world, Flaw::Other), events.len())),
    }
}

/// The token may stand in the header, the query or the body.
fn given_token(call: &Call, body: Option<&Value>) -> Option<String> {
    let in_body = || Some(body?["access_token"].as_str()?.to_owned());
    let in_header = call.bearer().map(str::to_owned);
    in_header
        .or_else(|| Some(call.query("access_token")?.into_owned()))
        .or_else(in_body)
}

fn is_envelope(body: &Value) -> bool {
    let text = |name: &str| body[name].is_null() || body[name].is_string();
    let agent = body["partner_agent"].as_str().unwrap_or("cauce");
    let letters = agent.bytes().filter(u8::is_ascii_alphabetic).count();
    text("test_event_code") && text("partner_agent") && agent.len() < 23 && letters >= 2
}

fn key(event: &Value) -> Option<EventKey> {
    event["event_id"].as_str().map(EventKey::of)
}

fn with_headers(mut judged: Judged, world: &World, version: u32, dataset: &str) -> Judged {
    let percent = world.faults.usage();
    if percent > 0 && judged.answer.headers.iter().all(|(name, _)| *name != USAGE) {
        judged.answer = judged.answer.with(USAGE, &usage(dataset, percent, 0));
    }
    if version < OLDEST_VERSION {
        let text = "The call has been auto-upgraded to a newer version as it used a deprecated one";
        judged.answer = judged.answer.with(VERSION_WARNING, text);
    }
    judged
}

fn parts(path: &str) -> Option<(u32, &str, &str)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let found = (major(parts.next()?)?, parts.next()?, parts.next()?);
    let is_dataset = !found.1.is_empty() && found.1.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_dataset && parts.next().is_none()).then_some(found)
}

/// The 26 of `v26.0`.
fn major(version: &str) -> Option<u32> {
    let (major, minor) = version.strip_prefix('v')?.split_once('.')?;
    minor.parse::<u32>().ok()?;
    major.parse().ok()
}
