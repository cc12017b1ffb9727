//! The daily export: one Parquet file for each UTC day and tenant, for a warehouse to read, in a folder,
//! a bucket, or both.
//!
//! ```text
//! FOLDER/date=2026-01-31/tenant=acme.parquet
//! s3://BUCKET/PREFIX/date=2026-01-31/tenant=acme.parquet
//! ```
//!
//! A day is written once it is over, and a file takes its name when it is whole. The day that was
//! written last is written once more with the next one: events may come late, from a browser that
//! was offline. What was written is noted in the control store, for each place by itself; a day for
//! which the process was down, or the place gone, is made up for. The same names again: a file that
//! was written twice is there once.

mod files;
mod place;

use std::{io, path::PathBuf, time::Duration};

use cauce_flow::time::Timestamp;
use cauce_store::control::Control;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::place::Place;
use super::Tracking;
use crate::{bucket, clock::Clock};

/// How long after its end a day is written: events of its last minutes are on their way.
const SETTLE: Duration = Duration::from_secs(3_600);
/// It looks so often for a day that is over.
const LOOK_EVERY: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);
/// Days that are made up for at most.
const MAX_DAYS: u64 = 400;

/// Why a day was not written.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
}

/// How the export to one place does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// `folder` or `bucket`.
    pub to: &'static str,
    /// The last day that is there, as `2026-01-31`, and when it ended.
    pub through: Option<(String, Timestamp)>,
    /// Files that were written since the process started.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How often a day could not be written since the process started.
    pub failures: u64,
    /// What last went wrong; none while nothing is wrong.
    pub last_error: Option<(Timestamp, String)>,
}

/// How the export to each place does.
#[derive(Default)]
pub(super) struct Exports(Mutex<Vec<Exported>>);

impl Exports {
    /// The places that are configured.
    pub(super) fn all(&self) -> Vec<Exported> {
        self.0.lock().clone()
    }

    /// Forgets places that are configured no more.
    fn keep(&self, places: &[Place]) {
        let is_there = |known: &Exported| places.iter().any(|place| place.name() == known.to);
        self.0.lock().retain(is_there);
    }

    fn tell(&self, to: &'static str, change: impl FnOnce(&mut Exported)) {
        let mut all = self.0.lock();
        let at = all.iter().position(|known| known.to == to);
        let at = at.unwrap_or_else(|| {
            all.push(Exported {
                to,
                ..Exported::default()
            });
            all.len() - 1
        });
        change(&mut all[at]);
    }
}

/// Runs until the engine stops. `scratch` is a folder of its own.
pub(crate) async fn run(
    tracking: Tracking,
    control: Control,
    clock: Clock,
    scratch: PathBuf,
    stop: CancellationToken,
) {
    let work = async {
        loop {
            let places = Place::all(&tracking.settings().export, &scratch);
            tracking.exports().keep(&places);
            for place in places {
                look(&tracking, &control, &place, clock.now()).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

async fn look(tracking: &Tracking, control: &Control, place: &Place, now: Timestamp) {
    let done = catch_up(tracking, control, place, now).await;
    let to = place.name();
    tracking.exports().tell(to, |known| match &done {
        Ok(()) => known.last_error = None,
        Err(error) => {
            known.failures += 1;
            known.last_error = Some((now, error.to_string()));
        }
    });
    if let Err(error) = done {
        tracing::error!(to, %error, "the daily export failed; it is tried again");
    }
}

/// Writes every day that is over and was not written; the last one once more.
async fn catch_up(
    tracking: &Tracking,
    control: &Control,
    place: &Place,
    now: Timestamp,
) -> Result<(), Error> {
    let known = control.fact(place.fact()).await.map_err(io::Error::other)?;
    let through = known.as_ref().and_then(Value::as_i64);
    tell_through(tracking, place, through);
    for day in days(through, now) {
        let (from, to) = (start_of(day), start_of(day + 1));
        let (files, bytes) = place.write(tracking, &date(day), from, to).await?;
        let noted = control.put_fact(place.fact(), &json!(day), now).await;
        noted.map_err(io::Error::other)?;
        tell_through(tracking, place, Some(day));
        tracking.exports().tell(place.name(), |known| {
            known.files += files;
            known.bytes += bytes;
        });
        let to = place.name();
        tracing::info!(
            day = date(day),
            to,
            files,
            bytes,
            "events of a day were exported"
        );
    }
    Ok(())
}

fn tell_through(tracking: &Tracking, place: &Place, through: Option<i64>) {
    let through = through.map(|day| (date(day), start_of(day + 1)));
    tracking
        .exports()
        .tell(place.name(), |known| known.through = through);
}

/// The days to write, counted from the Unix epoch, when this one was written last.
fn days(through: Option<i64>, now: Timestamp) -> std::ops::RangeInclusive<i64> {
    let over = day_of(now - SETTLE) - 1;
    match through {
        None => over..=over,
        // Nothing new is over; the last one was written again when it had to be.
        Some(through) if through >= over => over + 1..=over,
        Some(through) => through.max(over - MAX_DAYS as i64)..=over,
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(DAY.as_millis() as i64)
}

fn start_of(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY.as_millis() as i64)
}

/// `2026-01-31`.
fn date(day: i64) -> String {
    let mut text = start_of(day).to_string();
    text.truncate(10);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(through: Option<&str>, now: &str) -> Vec<String> {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let through = through.map(|day| day_of(at(&format!("{day}T00:00:00Z"))));
        days(through, at(now)).map(date).collect()
    }

    #[test]
    fn day_is_written_when_it_is_over_and_once_more_with_the_next() {
        assert_eq!(due(None, "2026-02-01T00:59:59Z"), ["2026-01-30"]);
        assert_eq!(due(None, "2026-02-01T01:00:00Z"), ["2026-01-31"]);
        assert!(due(Some("2026-01-31"), "2026-02-01T23:00:00Z").is_empty());
        assert_eq!(
            due(Some("2026-01-31"), "2026-02-02T01:00:00Z"),
            ["2026-01-31", "2026-02-01"]
        );
    }

    #[test]
    fn days_that_were_missed_are_made_up_for() {
        let days = due(Some("2026-01-28"), "2026-02-02T12:00:00Z");
        assert_eq!(days.len(), 5);
        assert_eq!(
            (days[0].as_str(), days[4].as_str()),
            ("2026-01-28", "2026-02-01")
        );
        assert_eq!(
            due(Some("2001-01-01"), "2026-02-02T12:00:00Z").len(),
            MAX_DAYS as usize + 1
        );
        // A clock that was set back writes nothing twice.
        assert!(due(Some("2026-03-01"), "2026-02-02T12:00:00Z").is_empty());
    }
}
