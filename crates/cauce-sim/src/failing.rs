//! The answers of faults that need no look at the request.

use std::time::{Duration, UNIX_EPOCH};

use http::{StatusCode, header};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};

use crate::{Fault, RetryAfter, Token, answer::Answer, call::Refusal, platforms, world::World};

/// The refusal that a fault stands for; none for faults of the connection or of time.
pub(crate) fn refusal(world: &World, fault: &Fault) -> Option<Refusal> {
    let refusal = match fault {
        Fault::TooManyRequests(retry_after) => too_many(world, *retry_after),
        Fault::Throttled { minutes } => platforms::throttle(world, *minutes),
        Fault::ServerError { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            platforms::server_error(world, status)
        }
        Fault::BadGateway => Refusal::new("502", Answer::html(StatusCode::BAD_GATEWAY)),
        Fault::TokenExpired => platforms::refuse_token(world, Some(Token::Expired)),
        Fault::TokenRevoked => platforms::refuse_token(world, Some(Token::Revoked)),
        Fault::TokenInvalid => platforms::refuse_token(world, None),
        Fault::VersionSunset => platforms::sunset(world),
        Fault::Redirect { location } => {
            let answer = Answer::empty(StatusCode::FOUND).with(header::LOCATION, location);
            Refusal::new("302", answer)
        }
        Fault::ResetEarly
        | Fault::ResetLate { .. }
        | Fault::Hang { .. }
        | Fault::SlowAnswer { .. }
        | Fault::SlowBody { .. }
        | Fault::HalfJson { .. }
        | Fault::ShortBody { .. }
        | Fault::Garbage { .. }
        | Fault::Oversized { .. } => return None,
    };
    Some(refusal)
}

/// Whether a request is taken although its answer gets lost.
pub(crate) const fn accepts(fault: &Fault) -> bool {
    match fault {
        Fault::ResetLate { accepts }
        | Fault::Hang { accepts }
        | Fault::HalfJson { accepts }
        | Fault::ShortBody { accepts }
        | Fault::Garbage { accepts }
        | Fault::Oversized { accepts, .. } => *accepts,
        Fault::SlowAnswer { .. } | Fault::SlowBody { .. } => true,
        Fault::TooManyRequests(_)
        | Fault::Throttled { .. }
        | Fault::ServerError { .. }
        | Fault::BadGateway
        | Fault::TokenExpired
        | Fault::TokenRevoked
        | Fault::TokenInvalid
        | Fault::VersionSunset
        | Fault::Redirect { .. }
        | Fault::ResetEarly => false,
    }
}

fn too_many(world: &World, retry_after: RetryAfter) -> Refusal {
    let status = StatusCode::TOO_MANY_REQUESTS;
    let refusal = Refusal::new("429", platforms::server_error(world, status).answer);
    let value = match retry_after {
        RetryAfter::Absent => return refusal,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(ahead) => http_date(world.now_ms(), ahead),
    };
    Refusal {
        answer: refusal.answer.with(header::RETRY_AFTER, &value),
        ..refusal
    }
}

/// The first whole second that lies at least this far ahead (RFC 9110, 5.6.7).
fn http_date(now_ms: i64, ahead: Duration) -> String {
    let then = Duration::from_millis(now_ms.unsigned_abs()) + ahead;
    let second = then.as_secs() + u64::from(then.subsec_nanos() > 0);
    let then = Timestamp::try_from(UNIX_EPOCH + Duration::from_secs(second));
    let text = then.and_then(|then| DateTimePrinter::new().timestamp_to_rfc9110_string(&then));
    text.expect("a date of this age fits")
}
