//! English.

use super::{Facts, Kind, Named, Say, span};

pub(super) const SAY: Say = Say {
    what,
    was,
    advice,
    decimal: ".",
    percent: "%",
    again: "Still",
    over: "Over",
    warning: "Warning",
    critical: "Critical",
    severity: "Severity",
    tenant: "Tenant",
    since: "Since",
    lasted: "Lasted",
    lasts: "For",
    figure: "Figure",
    limit: "Limit",
    detail: "Detail",
    open: "Open in Cauce",
    footer: "Cauce sends this because this channel stands in its configuration, under [alerts].",
    channel: "Channel",
    test: "A test: alerts reach this channel",
    test_advice: "Nothing is wrong and there is nothing to do.",
};

fn what(facts: &Facts<'_>) -> String {
    let name = Named(&facts.subject.thing);
    let value = SAY.figure_of(facts.value, facts.kind.unit());
    match facts.kind {
        Kind::BreakerOpen => format!("{name}: the destination keeps failing and is left alone"),
        Kind::FailureRate => format!("{name}: {value} of the attempts fail"),
        Kind::ProcessingTime => format!("{name}: requests take {value} on the mean"),
        Kind::QueueSaturated => format!("{name}: the queue is {value} full"),
        Kind::OldestJob => format!("{name}: the oldest job has waited for {value}"),
        Kind::DeadLetters => {
            let within = span(facts.within);
            format!("{name}: {value} jobs became dead letters within {within}")
        }
        Kind::WorkerStalled => {
            format!("{name}: jobs wait and nothing has been sent for {value}")
        }
        Kind::TokenInvalid => format!("{name}: the credentials do not work"),
        Kind::TokenExpiring => format!("{name}: the credentials end soon"),
        Kind::DiskFull => format!("The disk is {value} full"),
        Kind::StoreFailing => format!("Store ({name}): something is wrong"),
        Kind::CountersDisagree => format!("{value} counters disagree with what is there"),
        Kind::BackendRoute => format!("{name}: the backend lacks a route"),
        Kind::TrackingVolume => "Tracked events are unlike those of past weeks".to_owned(),
        Kind::CampaignPaused => "A campaign was paused and waits for you".to_owned(),
        Kind::ReportUndelivered => format!("Report {name}: letters that did not arrive: {value}"),
    }
}

fn was(facts: &Facts<'_>) -> String {
    let name = Named(&facts.subject.thing);
    let value = SAY.figure_of(facts.value, facts.kind.unit());
    match facts.kind {
        Kind::BreakerOpen => format!("{name}: the destination kept failing and was left alone"),
        Kind::FailureRate => format!("{name}: up to {value} of the attempts failed"),
        Kind::ProcessingTime => format!("{name}: requests took up to {value} on the mean"),
        Kind::QueueSaturated => format!("{name}: the queue was up to {value} full"),
        Kind::OldestJob => format!("{name}: the oldest job waited for up to {value}"),
        Kind::DeadLetters => {
            let within = span(facts.within);
            format!("{name}: up to {value} jobs became dead letters within {within}")
        }
        Kind::WorkerStalled => format!("{name}: jobs waited and nothing was sent for {value}"),
        Kind::TokenInvalid => format!("{name}: the credentials did not work"),
        Kind::TokenExpiring => format!("{name}: the credentials were about to end"),
        Kind::DiskFull => format!("The disk was up to {value} full"),
        Kind::StoreFailing => format!("Store ({name}): something was wrong"),
        Kind::CountersDisagree => format!("{value} counters disagreed with what was there"),
        Kind::BackendRoute => format!("{name}: the backend lacked a route"),
        Kind::TrackingVolume => "Tracked events were unlike those of past weeks".to_owned(),
        Kind::CampaignPaused => "A campaign was paused and waited for you".to_owned(),
        Kind::ReportUndelivered => format!("Report {name}: letters that had not arrived: {value}"),
    }
}

fn advice(kind: Kind) -> &'static str {
    match kind {
        Kind::BreakerOpen => {
            "Look at the last error of the account. Jobs wait and go on by themselves when the destination answers again."
        }
        Kind::FailureRate => {
            "Look at the newest failures of the queue. If the destination has changed something, pause the queue until it is mended."
        }
        Kind::ProcessingTime => {
            "The destination answers slowly. Look at its status page; fewer requests at once may help it."
        }
        Kind::QueueSaturated => {
            "Past the limit new jobs are refused. See why the queue does not flow, or raise limits.max_jobs or limits.max_bytes."
        }
        Kind::OldestJob => {
            "Open the job and ask why it waits: a rate, a breaker or a pause is named there with the time at which it opens."
        }
        Kind::DeadLetters => {
            "Open the dead letters, grouped by reason. Mend the cause, then retry them."
        }
        Kind::WorkerStalled => {
            "Look at the server's log for the line of this account, then restart the server: nothing that was accepted is lost."
        }
        Kind::TokenInvalid => {
            "Make a new token at the platform, put it into the configuration and reload. Events are kept until then."
        }
        Kind::TokenExpiring => "Renew the token at the platform before it ends, and reload.",
        Kind::DiskFull => {
            "Free space or enlarge the disk. Below limits.min_free new jobs are refused while deliveries go on."
        }
        Kind::StoreFailing => {
            "See /readyz and the server's log for what is wrong, and look at the disk."
        }
        Kind::CountersDisagree => {
            "Keep the data folder as it is, run `cauce store check` on a copy, and report what it says."
        }
        Kind::BackendRoute => {
            "The backend answers 404. Add the route that is named in the detail, or correct base_url."
        }
        Kind::TrackingVolume => {
            "See by site and type what has changed: a tracker that is gone from a page, or traffic that is no people."
        }
        Kind::CampaignPaused => {
            "Open the campaign, read why it was paused, mend that, and resume or stop it."
        }
        Kind::ReportUndelivered => {
            "Open the letters: each says what the mail server objects to. Mend that, then try them again."
        }
    }
}
