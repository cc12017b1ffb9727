//! What is asked and done about tracked events.

pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod stats;
pub(crate) mod stream;
pub(crate) mod throttling;

use std::time::Duration;

use cauce_flow::{id::TenantId, time::Timestamp};

use crate::{auth::Caller, problem::Problem};

/// The range where the caller does not say.
const DEFAULT_RANGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A range of time: what is asked for, or the day before now.
fn range(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Problem> {
    let to = to.unwrap_or(now);
    let from = from.unwrap_or(to - DEFAULT_RANGE);
    match from < to {
        true => Ok((from, to)),
        false => Err(Problem::bad_parameter("from", "lies not before `to`")),
    }
}

/// The tenant that something is done for. A key for all tenants has to name one.
fn one_tenant(caller: &Caller, asked: Option<&TenantId>) -> Result<TenantId, Problem> {
    caller.target(asked)?.ok_or_else(|| {
        Problem::bad_parameter("tenant", "missing; a key for all tenants has to name one")
    })
}
