//! What a mail server's answers mean (RFC 5321, 4.2).
//!
//! ```text
//! 2xx                          taken
//! 421, 450, 451, 452, 454      for the moment: greylisting, a full disk, a busy server
//! 5xx to login, hello, from    the account is refused: its letters wait until that is mended
//! 5xx to a recipient, the data this letter is refused
//! ```

use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    reason::Reason,
};

use super::header;
use crate::{
    answer::{Class, received, shown},
    destination::{Answer, CredentialState, Credentials, Judgement, Response},
};

pub(super) fn judge(answer: &Answer) -> Judgement {
    let response = match received(answer) {
        Ok(response) => response,
        Err(judgement) => return judgement,
    };
    let verdict = match response.status {
        200..=299 => Verdict::All(Disposition::Delivered { provider_id: None }),
        400..=499 => Class::Retry.verdict(reason(response), None),
        _ if is_of_account(response) => Class::Stop.verdict(reason(response), None),
        _ => Class::Poison.verdict(reason(response), None),
    };
    verdict.into()
}

pub(super) fn checked(answer: &Answer) -> Credentials {
    let (state, detail) = match answer {
        Answer::Response(response) if response.status < 300 => (
            CredentialState::Valid,
            "the mail server lets us in".to_owned(),
        ),
        Answer::Response(response) => {
            let state = match response.status {
                500..=599 if is_of_account(response) => CredentialState::Invalid,
                _ => CredentialState::Unknown,
            };
            (state, reason(response).detail)
        }
        Answer::NotSent(fault) | Answer::Ambiguous(fault) => (
            CredentialState::Unknown,
            format!("not reached: {}", fault.code()),
        ),
    };
    Credentials {
        state,
        detail,
        expires_at: None,
    }
}

/// Whether the refusal is one that every letter would meet.
fn is_of_account(response: &Response) -> bool {
    matches!(step(response), "hello" | "login" | "from")
}

fn step(response: &Response) -> &str {
    let step = response.headers.get(header::STEP);
    step.and_then(|step| step.to_str().ok()).unwrap_or_default()
}

fn reason(response: &Response) -> Reason {
    let said = shown(&String::from_utf8_lossy(&response.body));
    let step = step(response);
    Reason::new(
        format!("smtp_{}", response.status),
        format!("the mail server answers to `{step}`: {said}"),
    )
}
