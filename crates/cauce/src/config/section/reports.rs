//! `[[reports]]`: reports that are sent by e-mail, period after period.

use std::collections::BTreeMap;

use cauce_destinations::mail::Server;
use cauce_engine::settings::{Account, Form, ScheduledReport, alert_queue};
use cauce_flow::{
    campaign::window::{Clock, TimeZone},
    dispatch::policy::Policy,
    id::QueueName,
};
use cauce_observe::report::{Period, Schedule};
use cauce_report::Format;

use super::{
    alerts::{
        channels::{LANGUAGES, people, place},
        rules::{list, name},
        zone,
    },
    found::{Accounts, tenant},
};
use crate::config::{
    read::{choice, filled, parsed},
    reader::{Section, Wrong},
    tree::Node,
};

const PERIODS: [(&str, Period); 3] = [
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
];
/// The time of day where none is said.
const AT: &str = "08:00";

/// Reads the reports, and makes the account of each. Letters leave through the server of alerts.
pub(crate) fn read(
    root: &Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    server: Option<Server>,
    accounts: &mut Accounts,
) -> Vec<ScheduledReport> {
    let mut reports: Vec<ScheduledReport> = Vec::new();
    for section in root.sections("reports") {
        if server.is_none() {
            let what = "a report needs a server that e-mail leaves through";
            section.fault("name", what, "`smtp` and `from` in [alerts.email]");
        }
        let report = report(&section);
        let is_own = |own: &ScheduledReport| reports.iter().all(|other| other.name != own.name);
        if report.as_ref().is_some_and(|report| !is_own(report)) {
            let what = "another report has this name";
            section.fault("name", what, "a name of its own for each report");
        }
        section.finish();
        let policy = queues.get(&alert_queue());
        if let (Some(report), Some(server), Some(policy)) = (report, server.clone(), policy) {
            accounts.all.push(account(&report, server, policy));
            reports.push(report);
        }
    }
    reports
}

fn report(section: &Section<'_>) -> Option<ScheduledReport> {
    let name = section.need("name", name);
    let tenant = section.need("tenant", tenant);
    let period = section.need("period", choice(&PERIODS));
    let at = section.find("at", parsed::<Clock>);
    let at = at.or_else(|| AT.parse().ok());
    let zone = section.find("zone", named_zone);
    let (zone, zone_name) = zone.unwrap_or((TimeZone::UTC, "UTC".to_owned()));
    let language = section.find("language", choice(&LANGUAGES));
    let formats = section.find("formats", formats);
    let to = section.need("to", people);
    let name = name?;
    Some(ScheduledReport {
        line: ScheduledReport::line_of(&name)?,
        name,
        tenant: tenant?,
        schedule: Schedule {
            period: period?,
            at: at?,
            zone,
        },
        zone_name,
        language: language.unwrap_or_default(),
        formats: formats.unwrap_or_else(|| vec![Format::Pdf]),
        to: to?,
    })
}

fn named_zone(node: &Node) -> Result<(TimeZone, String), Wrong> {
    Ok((zone(node)?, filled(node)?))
}

/// The files that come with a letter.
fn formats(node: &Node) -> Result<Vec<Format>, Wrong> {
    let write = "some of \"pdf\", \"xlsx\" and \"csv\": [\"pdf\", \"xlsx\"]";
    let names = list(node, write)?;
    let formats: Option<Vec<Format>> = names.iter().map(|name| Format::of_name(name)).collect();
    let formats = formats.ok_or_else(|| Wrong::new("holds what is no format", write))?;
    match formats.is_empty() {
        true => Err(Wrong::new("is empty", write)),
        false => Ok(formats),
    }
}

fn account(report: &ScheduledReport, server: Server, policy: &Policy) -> Account {
    let (base_url, destination) = place(server);
    Account {
        name: report.line.account.clone(),
        tenant: report.tenant.clone(),
        queue: report.line.queue.clone(),
        platform: Form::Mail.as_str(),
        base_url,
        conversions: None,
        hears: None,
        destination,
        policy: policy.clone(),
    }
}
