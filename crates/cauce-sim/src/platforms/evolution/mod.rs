//! Evolution API: a gateway that speaks with a phone, or (as a business instance) with the Cloud API.
//!
//! Source: evolution-api 2.3.6 (guards, message router and schemas, Baileys and business services).
//! An unknown instance is 404 even with a wrong key; trouble with the connection is 400 like a fault
//! of the message; a business instance answers 201 with the error of Graph inside.

mod body;
mod errors;
mod jid;
mod read;
mod told;

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    Token, Treatment,
    answer::Answer,
    call::{Call, Judged, Refusal},
    messages::{Draft, Pair, Taken, seconds},
};
use errors::{graph, refuse};

pub(crate) use errors::{refuse_key, server_error, throttle};
pub(crate) use told::{connection, inbound, sign};

/// Code 131056: too much from one sender to one person.
const PAIR_LIMIT: u32 = 131_056;

/// Whether a path is `/message/{kind}/{instance}`.
pub(crate) fn delivers(path: &str) -> bool {
    path.starts_with("/message/") && parts(path).is_some()
}

/// Judges a message.
pub(crate) fn deliver(call: &Call) -> Judged {
    match judge(call) {
        Ok(judged) => judged,
        Err(refusal) => refusal.judged(1),
    }
}

/// Judges everything else.
pub(crate) fn check(call: &Call) -> Answer {
    match call.path() {
        "/" => {
            let body = json!({"status": 200, "message": "Welcome", "version": "2.3.6"});
            return Answer::json(StatusCode::OK, &body);
        }
        "/verify-creds" if call.is_post() => return read::verify(call),
        _ => {}
    }
    let Some((group, action, instance)) = parts(call.path()) else {
        return errors::no_route(call).answer;
    };
    if let Err(refusal) = guard(call, instance) {
        return refusal.answer;
    }
    match (group, action, call.is_post()) {
        ("instance", "connectionState", false) => read::state(call, instance),
        ("chat", "whatsappNumbers", true) => read::numbers(call),
        ("webhook", "set", true) => read::set_webhook(call),
        ("webhook", "find", false) => read::webhook(call),
        _ => errors::no_route(call).answer,
    }
}

fn judge(call: &Call) -> Result<Judged, Refusal> {
    let (_, kind, instance) = parts(call.path()).ok_or_else(|| errors::no_route(call))?;
    guard(call, instance)?;
    let body: Value = serde_json::from_slice(call.body).unwrap_or_default();
    let sent = body::read(call, kind, &body)?;
    let messages = &call.world.messages;
    let business = messages.is_business();
    if !business && messages.connection() != "open" {
        let text = "Error: Connection Closed";
        return Err(refuse(StatusCode::BAD_REQUEST, &json!([text])));
    }
    if kind == "sendTemplate" && !business {
        let text = "Method not available in the Baileys service";
        return Err(refuse(StatusCode::INTERNAL_SERVER_ERROR, &json!([text])));
    }
    match messages.treatment(&sent.to) {
        Treatment::Refused(code) if business => return Err(graph(call.world, code)),
        Treatment::Refused(_) => return Err(errors::not_there(&jid::of(&sent.to), &sent.to)),
        Treatment::Reads | Treatment::Receives | Treatment::Leaves | Treatment::FailsLater(_) => {}
    }
    let pair = Pair {
        from: instance,
        to: &sent.to,
        takes: call.takes,
    };
    if !messages.pass_pair(pair) {
        return Err(graph(call.world, PAIR_LIMIT));
    }
    let draft = Draft {
        id: format!("BAE5{}", messages.hex(6)),
        from: instance.to_owned(),
        to: sent.to,
        kind: sent.kind.to_owned(),
        words: sent.content.clone(),
        content: sent.content,
        reference: None,
    };
    let answer = Answer::json(StatusCode::CREATED, &shown(call, &draft));
    if call.takes {
        tell(call, &messages.take(draft));
    }
    Ok(Judged::accepted(answer, &[None]))
}

fn tell(call: &Call, taken: &Taken) {
    let messages = &call.world.messages;
    let business = messages.is_business();
    for step in taken.treatment.steps() {
        messages.notices().tell(told::status(taken, step, business));
    }
}

/// The instance first, the key after it.
fn guard(call: &Call, instance: &str) -> Result<(), Refusal> {
    let known = call.world.options.account.as_deref();
    if known.is_some_and(|known| known != instance) {
        return Err(errors::no_instance(instance));
    }
    match call.header("apikey").and_then(|key| call.token(key)) {
        Some(Token::Good | Token::GoodUntil(_) | Token::Throttled) => Ok(()),
        Some(Token::Expired | Token::Revoked | Token::Forbidden) | None => Err(refuse_key()),
    }
}

fn shown(call: &Call, draft: &Draft) -> Value {
    let at = seconds(std::time::SystemTime::now());
    // Two versions tell the time in two ways, and so do these messages by turns.
    let at = match draft.id.ends_with(['0', '2', '4', '6', '8']) {
        true => json!(at.to_string()),
        false => json!(at),
    };
    json!({
        "key": {"remoteJid": jid::of(&draft.to), "fromMe": true, "id": draft.id},
        "pushName": "Você", "status": "PENDING", "message": {"conversation": draft.content},
        "contextInfo": null, "messageType": "conversation", "messageTimestamp": at,
        "instanceId": call.world.trace(), "source": "unknown",
    })
}

/// `/{group}/{action}/{instance}`.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let found = (parts.next()?, parts.next()?, parts.next()?);
    (!found.2.is_empty() && parts.next().is_none()).then_some(found)
}
