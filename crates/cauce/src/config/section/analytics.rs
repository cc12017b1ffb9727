//! `[analytics]`: how long events and sums are kept, and what decides how they are counted.

use std::{ops::RangeInclusive, time::Duration};

use cauce_engine::settings::AnalyticsSettings;

use crate::config::{read::time, reader::Section};

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
    section.finish();
    Some(AnalyticsSettings {
        events_kept: events_kept?,
        sums_kept: sums_kept?,
        conversation_idle: conversation_idle?,
        attribution_window: attribution_window?,
    })
}
