//! Twilio Programmable Messaging, as far as WhatsApp needs it.
//!
//! Sources: twilio-oai (Message resource), twilio.com/docs/errors for the codes, twilio-node for the
//! signature. Parameters that the sources do not name are refused, where Twilio ignores them: a
//! misspelt one should be seen.

mod errors;
mod form;
mod read;
mod sign;
mod told;

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::StatusCode;

use crate::{
    EventKey, Token, Treatment,
    answer::Answer,
    call::{Call, Judged, Refusal},
    messages::Draft,
};
use errors::refuse;

pub(crate) use errors::{refuse_token, server_error, throttle};
pub(crate) use sign::sign;
pub(crate) use told::inbound;

const ROOT: &str = "/2010-04-01/Accounts/";

/// Whether a path is `…/Accounts/{sid}/Messages.json`.
pub(crate) fn delivers(path: &str) -> bool {
    matches!(parts(path), Some((_, "Messages.json")))
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
    let Some((account, rest)) = parts(call.path()) else {
        return refuse(20_404).answer;
    };
    if let Err(refusal) = check_account(call, account) {
        return refusal.answer;
    }
    match rest {
        "" => read::account(account),
        "Messages.json" => read::list(call, account),
        rest => read::one(call, account, rest),
    }
}

fn judge(call: &Call) -> Result<Judged, Refusal> {
    let (account, _) = parts(call.path()).ok_or_else(|| refuse(20_404))?;
    check_account(call, account)?;
    let messages = &call.world.messages;
    let form = form::read(call)?;
    if !form.from.starts_with("MG") && !messages.is_sender(&form.from) {
        return Err(refuse(63_007));
    }
    if let Treatment::Refused(code) = messages.treatment(&form.to) {
        return Err(refuse(code));
    }
    if !messages.pass_pair(crate::messages::Pair {
        from: &form.from,
        to: &form.to,
        takes: call.takes,
    }) {
        return Err(refuse(63_018));
    }
    let id = format!("SM{}", messages.hex(16).to_lowercase());
    let key = form.callback.as_deref().map(EventKey::of);
    let draft = Draft {
        id,
        from: form.from,
        to: form.to,
        kind: form.kind.to_owned(),
        content: form.content,
        words: form.words,
        reference: form.callback.clone(),
    };
    let answer = read::created(account, &draft);
    if call.takes {
        let taken = messages.take(draft);
        let steps = taken.treatment.steps().into_iter();
        for step in steps.filter(|_| form.callback.is_some()) {
            messages.notices().tell(told::status(account, &taken, step));
        }
    }
    Ok(Judged::accepted(answer, &[key]))
}

/// Basic authentication with the account's own id or an API key.
fn check_account(call: &Call, account: &str) -> Result<(), Refusal> {
    let given = basic(call).ok_or_else(|| refuse_token(None))?;
    let (user, token) = given.split_once(':').ok_or_else(|| refuse_token(None))?;
    let is_user = user == account || user.starts_with("SK");
    match call.token(token) {
        Some(Token::Good | Token::GoodUntil(_)) if is_user => {}
        Some(Token::Throttled) if is_user => return Err(throttle()),
        Some(token) if is_user => return Err(refuse_token(Some(token))),
        _ => return Err(refuse_token(None)),
    }
    let known = call.world.options.account.as_deref();
    match account.starts_with("AC") && known.is_none_or(|known| known == account) {
        true => Ok(()),
        false => Err(refuse(20_404)),
    }
}

fn basic<'a>(call: &Call<'a>) -> Option<Cow<'a, str>> {
    let given = call.header("authorization")?.strip_prefix("Basic ")?;
    let bytes = BASE64_STANDARD.decode(given).ok()?;
    Some(Cow::Owned(String::from_utf8(bytes).ok()?))
}

/// The account and what follows it: nothing, `Messages.json`, `Messages/{sid}.json`.
fn parts(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix(ROOT)?;
    match rest.split_once('/') {
        Some(found) => Some(found),
        None => Some((rest.strip_suffix(".json")?, "")),
    }
}

/// The status that Twilio answers a code with.
fn status_of(code: u32) -> StatusCode {
    match code {
        20_003 => StatusCode::UNAUTHORIZED,
        20_404 => StatusCode::NOT_FOUND,
        20_429 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}
