//! `[campaigns]`: how campaigns are made, and when they are held.

use std::{ops::RangeInclusive, time::Duration};

use cauce_engine::settings::CampaignSettings;
use cauce_flow::campaign::{failing::Rule, window};

use crate::config::{
    read::{filled, number, parsed, time, whole},
    reader::{Section, Wrong},
    tree::Node,
};

/// How late a start may be and still be on time.
const GRACE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 3_600);
/// How long a pause may last.
const PAUSE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3_600);

/// Reads the section: the settings, and the messages of one batch.
pub(crate) fn read(section: Section<'_>) -> Option<(CampaignSettings, u64)> {
    let batch_size = section.need("batch_size", whole(1..=100_000_i64));
    let max_running = section.need("max_running", whole(1..=1_000_i64));
    let retries = section.need("retries", whole(0..=100_i64));
    let retry_delay = section.need("retry_delay", time(PAUSE));
    let late = section.need("late", parsed);
    let late_after = section.need("late_after", time(GRACE));
    let time_zone = section.need("time_zone", time_zone);
    let hold = section.section("hold").and_then(hold);
    section.finish();
    let settings = CampaignSettings {
        max_running: usize::try_from(max_running?).ok()?,
        retries: u32::try_from(retries?).ok()?,
        retry_delay: retry_delay?,
        late: late?,
        late_after: late_after?,
        time_zone: time_zone?,
        hold: hold?,
    };
    Some((settings, u64::try_from(batch_size?).ok()?))
}

fn hold(section: Section<'_>) -> Option<Rule> {
    let max_rate = section.need("failure_rate", number(0.0..=1.0));
    let min_sent = section.need("min_messages", whole(1..=1_000_000_000_i64));
    section.finish();
    Some(Rule {
        max_rate: max_rate?,
        min_sent: u64::try_from(min_sent?).ok()?,
    })
}

fn time_zone(node: &Node) -> Result<String, Wrong> {
    let name = filled(node)?;
    match window::zones().get(&name) {
        Ok(_) => Ok(name),
        Err(_) => Err(Wrong::new(
            "is no name of the time zone database",
            "a name such as \"Europe/Madrid\" or \"America/Lima\"",
        )),
    }
}
