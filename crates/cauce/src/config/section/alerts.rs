//! `[alerts]`: what is looked at, and who is told.

pub(super) mod channels;
pub(super) mod rules;

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use cauce_destinations::mail::Server;
use cauce_engine::settings::{AlertSettings, alert_queue};
use cauce_flow::{
    campaign::window::{Clock, TimeZone, Window, zones},
    dispatch::policy::Policy,
    id::QueueName,
};

use super::found::Accounts;
use crate::config::{
    read::{boolean, filled, parsed, time},
    reader::{Section, Wrong},
    tree::Node,
};

/// How often everything may be looked at.
const EVERY: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(3_600);

/// Reads the section: the settings, and the server that e-mail leaves through. Channels have accounts
/// of their own.
pub(crate) fn read(
    section: Section<'_>,
    queues: &BTreeMap<QueueName, Policy>,
    public_url: Option<&str>,
    accounts: &mut Accounts,
) -> Option<(AlertSettings, Option<Server>)> {
    let enabled = section.need("enabled", boolean);
    let every = section.need("every", time(EVERY));
    let quiet = section.section("quiet_hours").and_then(quiet_hours);
    let (channels, server) = match queues.get(&alert_queue()) {
        Some(policy) => channels::read(&section, policy, accounts),
        None => (Vec::new(), None),
    };
    let names: Vec<&str> = channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    let rules = rules::read(&section, &names);
    section.finish();
    let settings = AlertSettings {
        every: enabled?.then_some(every?),
        rules,
        channels,
        quiet,
        public_url: public_url.map(str::to_owned),
    };
    Some((settings, server))
}

fn quiet_hours(section: Section<'_>) -> Option<(Window, TimeZone)> {
    let from = section.need("from", parsed::<Clock>);
    let to = section.need("to", parsed::<Clock>);
    let zone = section.need("zone", zone);
    let window = from
        .zip(to)
        .and_then(|(from, to)| match Window::new(from, to) {
            Ok(window) => Some(window),
            Err(_) => {
                section.fault(
                    "to",
                    "quiet hours that never begin",
                    "another time than `from`",
                );
                None
            }
        });
    section.finish();
    window.zip(zone)
}

pub(super) fn zone(node: &Node) -> Result<TimeZone, Wrong> {
    let name = filled(node)?;
    zones().get(&name).map_err(|_| {
        Wrong::new(
            "is no name of the time zone database",
            "a name like \"Europe/Madrid\" or \"America/Lima\"",
        )
    })
}
