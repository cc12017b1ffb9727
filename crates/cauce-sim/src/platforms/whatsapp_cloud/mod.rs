//! WhatsApp Cloud API, a part of Graph: errors have codes, and the HTTP status says little.
//!
//! Sources: developers.facebook.com/docs/whatsapp/cloud-api (messages, error codes, throughput,
//! webhooks); the HTTP status of limits as a public emulator of it has it.

mod body;
mod errors;
mod told;

use http::StatusCode;
use serde_json::{Value, json};

use super::meta;
use crate::{
    EventKey, Token, Treatment,
    answer::Answer,
    call::{Call, Judged, Refusal},
    messages::{Draft, Pair, digits},
};
use errors::refuse;

pub(crate) use errors::{server_error, throttle};
pub(crate) use told::{inbound, sign};

/// Whether a path is `/{version}/{phone number id}/messages`.
pub(crate) fn delivers(path: &str) -> bool {
    parts(path).is_some_and(|(_, rest)| rest == Some("messages"))
}

/// Judges a message.
pub(crate) fn deliver(call: &Call) -> Judged {
    match judge(call) {
        Ok(judged) => judged,
        Err(refusal) => refusal.judged(1),
    }
}

/// Judges everything else: a number, and what a token is worth.
pub(crate) fn check(call: &Call) -> Answer {
    match parts(call.path()) {
        Some(("debug_token", None)) => meta::debug(call),
        Some((phone, None)) => match check_access(call, phone) {
            Ok(()) => {
                let body = json!({
                    "verified_name": "Tienda", "display_phone_number": "+1 555-078-3881",
                    "quality_rating": "GREEN", "id": phone,
                });
                Answer::json(StatusCode::OK, &body)
            }
            Err(refusal) => refusal.answer,
        },
        _ => meta::unknown_path(call.world).answer,
    }
}

fn judge(call: &Call) -> Result<Judged, Refusal> {
    let (phone, _) = parts(call.path()).ok_or_else(|| meta::unknown_path(call.world))?;
    check_access(call, phone)?;
    let body: Option<Value> = serde_json::from_slice(call.body).ok();
    let body = body.filter(|_| call.is_json());
    let body = body.ok_or_else(|| refuse(call.world, 100))?;
    let sent = body::read(call, &body)?;
    let messages = &call.world.messages;
    if digits(&sent.to) == digits(phone) {
        return Err(refuse(call.world, 131_021));
    }
    if let Treatment::Refused(code) = messages.treatment(&sent.to) {
        return Err(refuse(call.world, code));
    }
    let pair = Pair {
        from: phone,
        to: &sent.to,
        takes: call.takes,
    };
    if !messages.pass_pair(pair) {
        return Err(refuse(call.world, 131_056));
    }
    let draft = Draft {
        id: format!("wamid.HBg{}", messages.hex(12)),
        from: phone.to_owned(),
        to: sent.to,
        kind: sent.kind,
        words: sent.content.clone(),
        content: sent.content,
        reference: sent.reference,
    };
    let key = draft.reference.as_deref().map(EventKey::of);
    let wa_id = digits(&draft.to).to_string();
    let answer = json!({
        "messaging_product": "whatsapp", "contacts": [{"input": draft.to, "wa_id": wa_id}],
        "messages": [{"id": draft.id}],
    });
    if call.takes {
        let taken = messages.take(draft);
        for step in taken.treatment.steps() {
            messages.notices().tell(told::status(&taken, step));
        }
    }
    Ok(Judged::accepted(
        Answer::json(StatusCode::OK, &answer),
        &[key],
    ))
}

fn check_access(call: &Call, phone: &str) -> Result<(), Refusal> {
    match call.bearer().and_then(|text| call.token(text)) {
        Some(Token::Good | Token::GoodUntil(_)) => {}
        Some(Token::Throttled) => return Err(refuse(call.world, 80_007)),
        Some(Token::Forbidden) => return Err(refuse(call.world, 10)),
        refused => return Err(meta::refuse_token(call.world, refused)),
    }
    let known = call.world.options.account.as_deref();
    match known.is_none_or(|known| known == phone) {
        true => Ok(()),
        false => Err(errors::no_such_phone(call.world, phone)),
    }
}

/// What follows the version, and what follows that.
fn parts(path: &str) -> Option<(&str, Option<&str>)> {
    let mut parts = path.strip_prefix("/v")?.split('/');
    let version = parts.next()?.split_once('.')?;
    version.0.parse::<u32>().ok()?;
    let found = (parts.next()?, parts.next());
    parts.next().is_none().then_some(found)
}
