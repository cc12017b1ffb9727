//! TikTok Events API 1.3: the status is 200 whatever happens, and the code in the body tells.
//!
//! Sources: Segment's tiktok-conversions and rudder-transformer's tiktok_ads with their tests.
//! What nobody has published is decided so: 40002 refuses the whole batch, 40102 stands for an
//! expired token, and an event may be 28 days old.

mod event;

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    EventKey, Poison, Token,
    answer::Answer,
    call::{Call, Judged, Refusal},
    world::World,
};

/// Where events go; without the slash at the end nothing is there.
pub(crate) const TRACK: &str = "/open_api/v1.3/event/track/";
const MAX_EVENTS: usize = 1000;

/// Judges a batch of events.
pub(crate) fn deliver(call: &Call) -> Judged {
    match judge(call) {
        Ok(keys) => {
            let answer = say(call.world, StatusCode::OK, 0, "OK");
            Judged::accepted(answer.answer, &keys)
        }
        Err((refusal, events)) => refusal.judged(events),
    }
}

/// A code for each kind of bad token.
pub(crate) fn refuse_token(world: &World, token: Option<Token>) -> Refusal {
    let (code, text) = match token {
        Some(Token::Expired) => (40102, "Access token is expired."),
        Some(Token::Throttled) => return throttle(world),
        Some(Token::Forbidden) => (40001, "No permission to operate pixel code."),
        Some(Token::Revoked | Token::Good | Token::GoodUntil(_)) | None => {
            (40105, "Access token is incorrect or has been revoked.")
        }
    };
    say(world, StatusCode::OK, code, text)
}

/// Code 40100.
pub(crate) fn throttle(world: &World) -> Refusal {
    say(
        world,
        StatusCode::OK,
        40100,
        "Too many requests. Please retry in some time.",
    )
}

/// An error of TikTok's own, with a status.
pub(crate) fn server_error(world: &World, status: StatusCode) -> Refusal {
    say(world, status, 50000, "System error.")
}

type Refused = (Refusal, usize);

fn judge(call: &Call) -> Result<Vec<Option<EventKey>>, Refused> {
    let world = call.world;
    let bad = |text: &str, events| (say(world, StatusCode::OK, 40002, text), events);
    let Some(given) = call.header("access-token") else {
        return Err((
            say(world, StatusCode::OK, 40104, "Access token is empty."),
            0,
        ));
    };
    match call.token(given) {
        Some(Token::Good | Token::GoodUntil(_)) => {}
        refused => return Err((refuse_token(world, refused), 0)),
    }
    if !call.is_json() {
        return Err(bad("Content-Type: Only application/json is supported", 0));
    }
    let body: Value = serde_json::from_slice(call.body).map_err(|_| bad("Invalid JSON", 0))?;
    check_source(call, &body).map_err(|refusal| (refusal, 0))?;
    let events = match body["data"].as_array() {
        Some(events) if (1..=MAX_EVENTS).contains(&events.len()) => events,
        Some(events) => {
            return Err(bad(
                "data: Length must be between 1 and 1000.",
                events.len(),
            ));
        }
        None => return Err(bad("data: Missing data for required field.", 0)),
    };
    for (index, event) in events.iter().enumerate() {
        event::check(event, call.now_ms)
            .map_err(|fault| bad(&format!("Batch.{index}.{fault}"), events.len()))?;
    }
    let keys: Vec<_> = events.iter().map(key).collect();
    match world.faults.poison_in(&keys).first() {
        None => Ok(keys),
        Some((index, Poison::Named)) => Err(bad(
            &format!("Batch.{index}.event_id: Not a valid event."),
            events.len(),
        )),
        Some((_, Poison::Unnamed | Poison::Element)) => {
            Err(bad("Not a valid event.", events.len()))
        }
    }
}

fn check_source(call: &Call, body: &Value) -> Result<(), Refusal> {
    let bad = |text: &str| Err(say(call.world, StatusCode::OK, 40002, text));
    let source = body["event_source"].as_str();
    if !source.is_some_and(|source| ["web", "app", "offline", "crm"].contains(&source)) {
        return bad("event_source: Not a valid choice.");
    }
    let Some(id) = body["event_source_id"].as_str().filter(|id| !id.is_empty()) else {
        return bad("event_source_id: Missing data for required field.");
    };
    if call
        .world
        .options
        .account
        .as_ref()
        .is_some_and(|known| known != id)
    {
        let text = format!("No permission to operate pixel code: {id}.");
        return Err(say(call.world, StatusCode::OK, 40001, &text));
    }
    Ok(())
}

fn key(event: &Value) -> Option<EventKey> {
    event["event_id"].as_str().map(EventKey::of)
}

fn say(world: &World, status: StatusCode, code: u32, message: &str) -> Refusal {
    let body = json!({
        "code": code, "message": message, "request_id": world.trace(), "data": {},
    });
    Refusal::new(code.to_string(), Answer::json(status, &body))
}
