//! A receiver that takes everything.

use http::StatusCode;

use crate::{answer::Answer, call::Judged, ledger::Decision};

/// Takes the request without looking at it.
pub(crate) fn deliver() -> Judged {
    let decision = Decision {
        is_accepted: true,
        ..Decision::default()
    };
    Judged {
        answer: Answer::empty(StatusCode::OK),
        decision,
    }
}
