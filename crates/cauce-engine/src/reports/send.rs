//! Sends reports by themselves: looks which are due, and makes each a job for each of its people.
//!
//! ```text
//! mark (up to where it has come) --> due? --> figures --> files --> jobs of the queue `alerts`
//!   ^                                                                 |
//!   +---------------- moved on when the jobs are on disk -------------+
//! ```
//!
//! After a crash between the two, the jobs are handed in again and known by their keys.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use cauce_destinations::mail::Attachment;
use cauce_flow::{job::NewJob, time::Timestamp};
use cauce_observe::report::{Report, Stretch};
use cauce_store::{
    analytics,
    jobs::{self, Enqueue, Enqueued},
};
use tokio_util::sync::CancellationToken;

use super::{gather, letter::letter};
use crate::{
    alerts,
    inner::Inner,
    settings::{ScheduledReport, Settings},
};

/// How often it is looked whether a report is due.
const LOOK_EVERY: Duration = Duration::from_secs(20);

/// Why a report was not sent.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The calendar has no such period.
    #[error("the calendar has no such period")]
    OutOfCalendar,
    /// The figures cannot be read.
    #[error(transparent)]
    Figures(#[from] analytics::Error),
    /// It cannot be written as a file.
    #[error(transparent)]
    Written(#[from] cauce_report::Error),
    /// Writing it was broken off.
    #[error("writing it was broken off")]
    BrokenOff,
    /// The job store refuses its letters.
    #[error(transparent)]
    Jobs(#[from] jobs::Error),
}

/// Looks again and again.
pub(crate) async fn run(inner: Weak<Inner>, stop: CancellationToken) {
    while let Some(inner) = inner.upgrade() {
        look(&inner).await;
        drop(inner);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(inner: &Inner) {
    let settings = Arc::clone(&inner.settings.read());
    for report in &settings.reports {
        if let Err(error) = send_due(inner, &settings, report).await {
            let name = &report.name;
            tracing::warn!(name, %error, "a report could not be sent; trying again");
        }
    }
}

/// Where it is kept up to where a report has come. One that is set up otherwise begins anew.
pub(crate) fn mark_of(report: &ScheduledReport) -> String {
    let period = report.schedule.period.as_str();
    format!("report {} {period} {}", report.name, report.zone_name)
}

async fn send_due(
    inner: &Inner,
    settings: &Settings,
    report: &ScheduledReport,
) -> Result<(), Failure> {
    let (mark, schedule) = (mark_of(report), &report.schedule);
    let now = inner.clock.now();
    let Some(mut done) = inner.analytics.mark(&mark).await? else {
        let start = schedule.start(now.as_millis());
        let start = start.ok_or(Failure::OutOfCalendar)?;
        return Ok(inner.analytics.keep_mark(&mark, start).await?);
    };
    loop {
        let next = schedule.next(done).ok_or(Failure::OutOfCalendar)?;
        if !next.is_due(now.as_millis()) {
            return Ok(());
        }
        let range = next.stretch.range;
        if next.is_too_late(now.as_millis()) {
            let (name, until) = (&report.name, Timestamp::from_millis(range.to));
            tracing::warn!(name, %until, "a report is left out: it is due for too long");
        } else {
            let key = format!("report-{}-{}", report.name, range.from);
            let sent = send(inner, settings, report, next.stretch, Some(&key)).await?;
            let (name, letters) = (&report.name, sent.len());
            tracing::info!(name, letters, "a report is sent");
        }
        done = range.to;
        inner.analytics.keep_mark(&mark, done).await?;
    }
}

/// Sends a report on a period to its people: once, where it has a key.
pub(crate) async fn send(
    inner: &Inner,
    settings: &Settings,
    report: &ScheduledReport,
    stretch: Stretch,
    key: Option<&str>,
) -> Result<Vec<Enqueued>, Failure> {
    let now = inner.clock.now();
    let zone = (report.schedule.zone.clone(), report.zone_name.clone());
    let material = gather::material(inner, &report.tenant, stretch, zone, now.as_millis()).await?;
    let made = Report::of(&material, report.language);
    let own = report.clone();
    let letters = tokio::task::spawn_blocking(move || letters(&made, &own)).await;
    let letters = letters.map_err(|_| Failure::BrokenOff)??;
    let mut batch = Enqueue::default();
    for (place, payload) in letters.into_iter().enumerate() {
        let job = alerts::job(settings, &report.line, payload, now);
        batch.jobs.extend(job.map(|job| NewJob {
            idempotency_key: key.map(|key| format!("{key}-{place}")),
            ..job
        }));
    }
    match batch.is_empty() {
        true => Ok(Vec::new()),
        false => Ok(inner.jobs.enqueue(batch, now).await?),
    }
}

/// A letter to each of its people, with the files.
fn letters(made: &Report, report: &ScheduledReport) -> Result<Vec<Bytes>, cauce_report::Error> {
    let mut files = Vec::new();
    for format in &report.formats {
        files.push(Attachment {
            name: made.file_name(format.as_str()),
            media_type: format.media_type().to_owned(),
            content: cauce_report::write(made, *format)?,
        });
    }
    let letter = |to: &String| letter(made, &report.name, to, &files);
    // Texts and numbers always have a JSON form.
    let bytes = |letter| serde_json::to_vec(&letter).unwrap_or_default().into();
    Ok(report.to.iter().map(letter).map(bytes).collect())
}
