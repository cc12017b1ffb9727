//! `[analytics]`: how long events and sums are kept, and what decides how they are counted.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use cauce_engine::settings::{AnalyticsSettings, BusinessHours, BusinessWindow};

use crate::config::{
    read::{filled, parsed, time},
    reader::{Section, Wrong},
    tree::{Node, Value},
};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// How long events may be kept.
const EVENTS: RangeInclusive<Duration> = DAY..=Duration::from_secs(366 * 86_400);
/// How long sums may be kept.
const SUMS: RangeInclusive<Duration> =
    Duration::from_secs(31 * 86_400)..=Duration::from_secs(3_660 * 86_400);
/// How long a conversation may be silent.
const IDLE: RangeInclusive<Duration> = HOUR..=Duration::from_secs(7 * 86_400);
/// How long a conversion may be owed to a campaign.
const WINDOW: RangeInclusive<Duration> = HOUR..=Duration::from_secs(90 * 86_400);

/// Reads the section.
pub(crate) fn read(section: Section<'_>) -> Option<AnalyticsSettings> {
    let events_kept = section.need("events_kept", time(EVENTS));
    let sums_kept = section.need("sums_kept", time(SUMS));
    let conversation_idle = section.need("conversation_idle", time(IDLE));
    let attribution_window = section.need("attribution_window", time(WINDOW));
    if let (Some(events), Some(sums)) = (events_kept, sums_kept)
        && events > sums
    {
        let what = format!("is shorter than `{}`", section.name_of("events_kept"));
        section.fault("sums_kept", what, "at least as long as events are kept");
    }
    let business_hours = business_hours(&section);
    section.finish();
    Some(AnalyticsSettings {
        events_kept: events_kept?,
        sums_kept: sums_kept?,
        conversation_idle: conversation_idle?,
        attribution_window: attribution_window?,
        business_hours: business_hours?,
    })
}

/// When answers are due; without hours, always.
fn business_hours(section: &Section<'_>) -> Option<Option<Arc<BusinessHours>>> {
    let windows = section.need("business_hours", windows);
    let zone = section.need("business_time_zone", filled);
    let (windows, zone) = (windows?, zone?);
    // A wrong zone is said also where there are no hours that it would be of.
    if let Err(error) = BusinessHours::zone(&zone) {
        section.fault("business_time_zone", error.to_string(), WRITE_ZONE);
        return None;
    }
    if windows.is_empty() {
        return Some(None);
    }
    match BusinessHours::new(&zone, windows) {
        Ok(hours) => Some(Some(Arc::new(hours))),
        Err(error) => {
            section.fault("business_hours", error.to_string(), WRITE_HOURS);
            None
        }
    }
}

const WRITE_ZONE: &str = "a name such as \"Europe/Madrid\" or \"America/Lima\"";
const WRITE_HOURS: &str = "days and hours: [\"mon-fri 09:00-18:00\", \"sat 10:00-14:00\"]";

fn windows(node: &Node) -> Result<Vec<BusinessWindow>, Wrong> {
    let Value::List(items) = &node.value else {
        return Err(Wrong::new("is not a list of hours", WRITE_HOURS));
    };
    items.iter().map(parsed).collect()
}
