//! The daily upkeep of the event store: the next month is made ahead, months past their time go.

use std::{sync::Arc, time::Duration};

use cauce_events::store::EventStore;
use cauce_flow::{shape::month::Month, time::Timestamp};
use jiff::{ToSpan, civil, tz::TimeZone};
use tokio_util::sync::CancellationToken;

use super::Tracking;
use crate::{clock::Clock, settings::tracking::Maintenance};

/// It looks at least so often whether it is time: the clock may have been set.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Whether a time zone is known here.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Runs until the engine stops.
pub(crate) async fn run(tracking: Tracking, clock: Clock, stop: CancellationToken) {
    prepare(tracking.store(), clock.now()).await;
    let mut due = next(&tracking.settings().maintenance, clock.now());
    loop {
        let wait = due.until(clock.now()).min(LOOK_EVERY);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let (settings, now) = (tracking.settings(), clock.now());
        if now >= due {
            let months = settings.cleanup_older_than_months;
            let keep_from = match settings.auto_cleanup {
                true => Month::of(now).back(months).first(),
                false => Timestamp::EPOCH,
            };
            maintain(tracking.store(), keep_from, now).await;
        }
        due = next(&settings.maintenance, now);
    }
}

/// Makes the month ahead and drops nothing: a process that starts often must not drop often.
async fn prepare(store: &Arc<dyn EventStore>, now: Timestamp) {
    maintain(store, Timestamp::EPOCH, now).await;
}

async fn maintain(store: &Arc<dyn EventStore>, keep_from: Timestamp, now: Timestamp) {
    match store.maintain(keep_from, now).await {
        Ok(dropped) => {
            for partition in dropped {
                tracing::info!(partition, "events past their time were dropped");
            }
        }
        Err(error) => tracing::error!(%error, "the upkeep of the event store failed"),
    }
}

/// The next time at which it is due, after `now`.
fn next(at: &Maintenance, now: Timestamp) -> Timestamp {
    let zone = TimeZone::get(&at.zone).unwrap_or(TimeZone::UTC);
    let today = jiff::Timestamp::from_millisecond(now.as_millis())
        .map(|now| now.to_zoned_datetime(zone.clone()).date())
        .unwrap_or(civil::date(1970, 1, 1));
    // A time that a day lacks because the clocks go forward is taken an hour later.
    let on = |day: civil::Date| {
        let zoned = day
            .at(at.hour, at.minute, 0, 0)
            .to_zoned_datetime(zone.clone())
            .ok()?;
        Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    };
    let days = [
        today,
        today.saturating_add(1.day()),
        today.saturating_add(2.days()),
    ];
    let later = days.into_iter().filter_map(on).find(|at| *at > now);
    later.unwrap_or(now + Duration::from_secs(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(zone: &str, now: &str) -> String {
        let at = Maintenance {
            hour: 3,
            minute: 0,
            zone: zone.to_owned(),
        };
        next(&at, now.parse().expect("a time")).to_string()
    }

    #[test]
    fn upkeep_is_due_at_three_in_the_zone_whatever_the_clocks_do() {
        for (zone, now, then) in [
            (
                "UTC",
                "2026-01-31T02:59:59.999Z",
                "2026-01-31T03:00:00.000Z",
            ),
            ("UTC", "2026-01-31T03:00:00Z", "2026-02-01T03:00:00.000Z"),
            (
                "Europe/Madrid",
                "2026-01-31T01:00:00Z",
                "2026-01-31T02:00:00.000Z",
            ),
            (
                "Europe/Madrid",
                "2026-07-31T01:00:00Z",
                "2026-08-01T01:00:00.000Z",
            ),
            (
                "America/Lima",
                "2026-01-31T23:00:00Z",
                "2026-02-01T08:00:00.000Z",
            ),
            // The clocks go from two to three on that day, and from three to two on the other.
            (
                "Europe/Madrid",
                "2026-03-29T00:30:00Z",
                "2026-03-29T01:00:00.000Z",
            ),
            (
                "Europe/Madrid",
                "2026-10-25T00:30:00Z",
                "2026-10-25T02:00:00.000Z",
            ),
        ] {
            assert_eq!(due(zone, now), then, "{zone} {now}");
        }
    }

    #[test]
    fn zones_are_known_without_the_systems_help() {
        assert!(is_zone("America/Mexico_City") && is_zone("UTC") && !is_zone("Europe/Madrit"));
    }
}
