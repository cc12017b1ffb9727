//! `POST /tracking-v2/events`: tracked events of a site, in batches.
//!
//! The body is read once, without copying what stands in it ([`batch`]). Only where something is
//! wrong it is taken apart and every fault named ([`careful`]).

mod batch;
mod careful;
mod limits;
mod names;
mod object;
mod unpack;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use cauce_engine::tracking::{Batch, Refused};
use cauce_flow::{
    event::SiteId,
    id::TenantId,
    shape::{clock::Untimely, consent::Signals},
};
use serde::Deserialize;
use utoipa::IntoParams;

use self::{careful::Careful, limits::Limits, names::Names, unpack::Unpacked};
use crate::{
    app::App,
    auth::Caller,
    body,
    control::answer::Json,
    idempotency::Call,
    problem::{Code, Fault, Problem},
    query::Query,
    wire::tracking::{Events, Taken},
};

/// Most faults that an answer names one by one.
const MAX_FAULTS: usize = 100;

/// How a batch is to be taken.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    /// Takes the good events even where others are bad, and lists the bad ones.
    #[serde(default)]
    partial: bool,
    /// A public write key, where no header can be set.
    #[serde(default, rename = "key")]
    #[expect(dead_code, reason = "the gate has read it")]
    key: Option<String>,
}

/// Take tracked events.
///
/// A batch of 1 to 1,000 events of one site. It is taken as a whole or, with `partial=true`, but for
/// its bad events. The answer comes when all of them are durable. A key of the scope `ingest` opens
/// this route, and a public write key, in the header `X-Write-Key` or in the parameter `key`, to the
/// pages of its origins. The body may be `text/plain` with JSON in it, and gzip.
#[utoipa::path(
    post,
    path = "/tracking-v2/events",
    tag = "tracking",
    operation_id = "takeTrackingEvents",
    params(How),
    request_body(content = Events, description = "The events."),
    responses((status = 202, description = "What became of the events.", body = Taken)),
    security(("bearer" = ["ingest"]), ("writeKey" = []))
)]
pub(crate) async fn take_events(
    State(app): State<Arc<App>>,
    caller: Caller,
    call: Option<Extension<Call>>,
    Query(how): Query<How>,
    Unpacked { headers, bytes }: Unpacked,
) -> Result<Response, Problem> {
    let begun = Instant::now();
    let names = call.map_or(Names::Random, |Extension(call)| Names::OfCall(call));
    let mut read = read(&app, &bytes, &names)?;
    let (tenant, site) = owner(&caller, &mut read)?;
    if !read.faults.is_empty() || (!read.bad.is_empty() && !how.partial) {
        return Err(refused(read.faults, read.bad));
    }
    let (mut bad, places) = (read.bad, read.places);
    let batch = Batch {
        tenant,
        site,
        events: read.batch.events,
        sent_at: read.batch.sent_at,
        signals: Signals {
            analytics: read.batch.consent,
            ..signals(&headers)
        },
        from_server: !caller.key.is_public(),
        user_agent: text_of(&headers, &header::USER_AGENT).map(Arc::from),
        bytes: bytes.len(),
        partial: how.partial,
        rejected: u32::try_from(bad.len()).unwrap_or(u32::MAX),
    };
    let tracking = app.engine.tracking();
    let taken = tracking.take(batch, app.engine.now()).await;
    let outcome = taken.map_err(|error| problem_of(error, &places))?;
    bad.extend(outcome.untimely.iter().map(|found| at_time(found, &places)));
    bad.sort_unstable_by_key(|(index, _)| *index);
    let taken = Taken::new(outcome, bad, begun.elapsed());
    Ok((StatusCode::ACCEPTED, Json(taken)).into_response())
}

fn read(app: &App, bytes: &[u8], names: &Names) -> Result<Careful, Problem> {
    let settings = &app.settings;
    let limits = Limits {
        max_events: settings.max_entries,
        max_metadata_bytes: app.engine.tracking().settings().max_metadata_bytes,
        max_depth: settings.max_depth,
    };
    let text = std::str::from_utf8(bytes).ok();
    match text.and_then(|text| batch::read(text, &limits, names)) {
        Some(batch) => Ok(Careful::whole(batch)),
        None => careful::read(body::text(bytes, settings.max_depth)?, &limits, names),
    }
}

/// Whose events they are and of which site. The key knows, or the batch says it; another tenant's
/// name, and another site's in the hand of a key for one, is not found.
fn owner(caller: &Caller, read: &mut Careful) -> Result<(TenantId, SiteId), Problem> {
    let tenant = caller.target(read.batch.tenant.as_ref())?;
    let own_site = caller.key.site.as_deref();
    let site = match (own_site.map(str::parse::<SiteId>), read.batch.site) {
        (None, named) => named,
        (Some(Ok(own)), Some(named)) if own != named => {
            return Err(Problem::not_found("site", &named.to_string()));
        }
        (Some(own), _) => own.ok(),
    };
    if tenant.is_none() {
        read.missing(
            "/tenantId",
            "missing; a key for all tenants has to name one",
        );
    }
    if site.is_none() && own_site.is_some() {
        let what = "the key is bound to a site that is no UUID; make a new key";
        read.missing("/siteId", what);
    } else if site.is_none() {
        read.missing("/siteId", "missing");
    }
    match (tenant, site) {
        (Some(tenant), Some(site)) => Ok((tenant, site)),
        _ => Err(refused(
            std::mem::take(&mut read.faults),
            std::mem::take(&mut read.bad),
        )),
    }
}

/// Nothing was taken: the faults, and how many more there are than can be told.
fn refused(faults: Vec<Fault>, bad: Vec<(usize, Vec<Fault>)>) -> Problem {
    let of_events = bad.into_iter().flat_map(|(_, faults)| faults);
    let mut faults: Vec<Fault> = faults.into_iter().chain(of_events).collect();
    let more = faults.len().saturating_sub(MAX_FAULTS);
    faults.truncate(MAX_FAULTS);
    let problem = Problem::invalid(faults);
    match more {
        0 => problem,
        more => problem.saying(format!(
            "correct the {MAX_FAULTS} fields in `errors` and {more} more, and send the request again"
        )),
    }
}

fn at_time((place, wrong): &(usize, Untimely), places: &[usize]) -> (usize, Vec<Fault>) {
    let index = places.get(*place).copied().unwrap_or(*place);
    let pointer = format!("/events/{index}/occurredAt");
    (index, vec![Fault::at(pointer, wrong.to_string())])
}

fn problem_of(error: Refused, places: &[usize]) -> Problem {
    match error {
        Refused::Untimely(wrong) => {
            let bad = wrong.iter().map(|found| at_time(found, places));
            refused(Vec::new(), bad.collect())
        }
        Refused::Quota(refusal) => Problem::new(Code::QuotaExceeded, refusal.to_string())
            .retry_after(refusal.retry_after().unwrap_or(NEVER_AFTER)),
        Refused::Store(error) => error.into(),
    }
}

/// A call that is refused for its size alone may come again in smaller pieces at once; those who
/// only repeat it shall not do so every second.
const NEVER_AFTER: Duration = Duration::from_secs(60);

/// What the browser says of its user's wishes.
fn signals(headers: &HeaderMap) -> Signals {
    let gpc = text_of(headers, &HeaderName::from_static("sec-gpc"));
    Signals::from_headers(gpc, text_of(headers, &header::DNT))
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
