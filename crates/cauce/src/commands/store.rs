//! `cauce store`: looks after the files of a data folder.
//!
//! `check` and `backup` only read, and may run beside a server. `repair` and `compact` write, so
//! they take the lock of the folder, and name the process that holds it.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use cauce_engine::offline;
use cauce_events::offline as events;
use cauce_flow::time::Timestamp;
use cauce_log::{
    files::RealFiles,
    tools::{self, Report},
};
use cauce_store::{
    analytics::Analytics,
    campaigns::Campaigns,
    control::{self, Control},
    messages::Messages,
};
use serde_json::{Value, json};

use crate::{
    cli::Store,
    config::{self, Config},
    failure::Failure,
    global::Global,
    output,
};

/// Runs the command.
pub(crate) async fn run(store: Store, global: &Global) -> Result<(), Failure> {
    let config = config::load(&config::inputs(global, Vec::new())).map_err(Failure::usage)?;
    let jobs = offline::jobs_dir(&config.settings.data_dir);
    if !jobs.is_dir() {
        return Err(Failure::failed(format!(
            "{} holds no job log; hint: name the data folder with --data-dir",
            config.settings.data_dir.display()
        )));
    }
    match store {
        Store::Check => check(&config, &jobs, global),
        Store::Repair => repair(&config, &jobs, global),
        Store::Compact => compact(&config, global).await,
        Store::Backup { to } => backup(&config, &jobs, &to, global).await,
    }
}

/// The logs of a data folder, each under its name. The one of tracked events is not there before the
/// first start.
fn logs(config: &Config, jobs: &Path) -> Vec<(&'static str, PathBuf)> {
    let tracking = events::log_folder(&offline::events_dir(&config.settings.data_dir));
    let tracking = Some(("tracking", tracking)).filter(|(_, dir)| dir.is_dir());
    [("jobs", jobs.to_owned())]
        .into_iter()
        .chain(tracking)
        .collect()
}

fn check(config: &Config, jobs: &Path, global: &Global) -> Result<(), Failure> {
    let (mut reports, mut clean) = (Vec::new(), true);
    for (name, dir) in logs(config, jobs) {
        let report = tools::check(&dir, &RealFiles).map_err(|error| Failure::caused(&error))?;
        clean &= report.is_clean();
        reports.push((name, report));
    }
    let bad = events::bad_files(&offline::events_dir(&config.settings.data_dir));
    let bad = bad.map_err(|error| Failure::caused(&error))?;
    show(&reports, &bad, "checked", global);
    match clean && bad.is_empty() {
        true => Ok(()),
        false if global.json => Err(Failure::Reported),
        false if clean => Err(Failure::failed(
            "files of events are damaged; hint: a server serves what is whole and counts what is \
             lost; restore them from a backup",
        )),
        false => Err(Failure::failed(
            "the log is damaged; hint: a server serves what is whole, and an interrupted write at \
             the end is cut off at its next start; `cauce store repair` mends the rest",
        )),
    }
}

fn repair(config: &Config, jobs: &Path, global: &Global) -> Result<(), Failure> {
    let mut reports = Vec::new();
    for (name, dir) in logs(config, jobs) {
        let report = tools::repair(&dir, &RealFiles).map_err(|error| Failure::caused(&error))?;
        reports.push((name, report));
    }
    show(&reports, &[], "mended", global);
    Ok(())
}

/// Prints what a tool found, log by log and segment by segment.
fn show(reports: &[(&str, Report)], bad: &[(PathBuf, String)], done: &str, global: &Global) {
    let segments = |(log, report): &(&str, Report)| -> Vec<Value> {
        let of = report.segments.iter();
        of.map(|segment| {
            json!({
                "log": log,
                "segment": segment.number,
                "bytes": segment.bytes,
                "records": segment.records,
                "header": segment.header,
                "damagedPlaces": segment.corrupt.len(),
                "tornBytes": segment.torn_bytes,
                "setAside": segment.corrupt.iter().filter_map(|c| c.set_aside.as_ref()).collect::<Vec<_>>(),
            })
        })
        .collect()
    };
    let segments = Value::Array(reports.iter().flat_map(segments).collect());
    let clean = bad.is_empty() && reports.iter().all(|(_, report)| report.is_clean());
    if global.json {
        let files = bad
            .iter()
            .map(|(path, why)| json!({ "file": path, "detail": why }));
        let files: Vec<Value> = files.collect();
        output::json(&json!({ "clean": clean, "segments": segments, "damagedFiles": files }));
        return;
    }
    const COLUMNS: [&str; 7] = [
        "log",
        "segment",
        "records",
        "bytes",
        "header",
        "damagedPlaces",
        "tornBytes",
    ];
    let pointers = COLUMNS.map(|name| format!("/{name}"));
    let pointers = pointers.each_ref().map(String::as_str);
    output::table(
        &COLUMNS,
        output::rows(&segments, &pointers),
        "the log is empty",
    );
    for place in reports.iter().flat_map(|(_, report)| report.corrupt()) {
        let kept = place
            .set_aside
            .as_ref()
            .map(|path| format!("; copied to {}", path.display()));
        output::line(&format!(
            "damaged at {}: {} bytes, {} records{}",
            place.position,
            place.bytes,
            place.records,
            kept.unwrap_or_default()
        ));
    }
    for (path, why) in bad {
        output::line(&format!("damaged: {}: {why}", path.display()));
    }
    for (log, report) in reports {
        let state = if report.is_clean() {
            "whole"
        } else {
            "damaged"
        };
        output::line(&format!(
            "{log} {done}: {} records, {state}",
            report.records()
        ));
    }
}

async fn compact(config: &Config, global: &Global) -> Result<(), Failure> {
    let freed = offline::compact(&config.settings, now())
        .await
        .map_err(|error| Failure::caused(&error))?;
    let events = offline::compact_events(&config.settings, now()).await;
    let freed = freed + events.map_err(|error| Failure::caused(&error))?;
    if global.json {
        output::json(&json!({ "freedBytes": freed }));
    } else {
        output::line(&format!("{freed} bytes are free again"));
    }
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::EPOCH + since
}

/// Keys and audit log first: a job that is newer than its statistics is summed up again at the
/// start, statistics that are newer than their jobs would be wrong. The same holds for what became of
/// messages. What is kept of sessions is a cache, and stays behind.
async fn backup(
    config: &Config,
    jobs: &Path,
    to: &PathBuf,
    global: &Global,
) -> Result<(), Failure> {
    if to.exists() {
        let what = format!("{} is there already; hint: name a new folder", to.display());
        return Err(Failure::usage(what));
    }
    cauce_engine::data_dir::make(to)
        .map_err(|why| Failure::failed(format!("cannot make {}: {why}", to.display())))?;
    if config.settings.data_dir.join(control::FILE).exists() {
        let control = Control::open(&config.settings.data_dir).map_err(Failure::failed)?;
        let copied = control.copy_to(&to.join(control::FILE)).await;
        control.close().await;
        copied.map_err(Failure::failed)?;
    }
    let campaigns = Campaigns::copy(&config.settings.data_dir, to).await;
    campaigns.map_err(Failure::failed)?;
    let messages = Messages::copy(&config.settings.data_dir, to).await;
    messages.map_err(Failure::failed)?;
    let analytics = Analytics::copy(&config.settings.data_dir, to).await;
    analytics.map_err(Failure::failed)?;
    let report = tools::backup(jobs, &offline::jobs_dir(to), &RealFiles)
        .map_err(|error| Failure::caused(&error))?;
    let dir = offline::events_dir(&config.settings.data_dir);
    let (mut records, mut bytes, mut files) = (report.records(), report.bytes(), 0);
    if events::log_folder(&dir).is_dir() {
        let copied = events::backup(&dir, &offline::events_dir(to));
        let copied = copied.map_err(|error| Failure::caused(&error))?;
        records += copied.0.records();
        bytes += copied.0.bytes();
        files = copied.1;
    }
    if global.json {
        let told = json!({ "to": to, "records": records, "bytes": bytes, "files": files });
        output::json(&told);
    } else {
        let to = to.display();
        output::line(&format!(
            "{to}: {records} records, {bytes} bytes of logs, {files} files of events"
        ));
    }
    Ok(())
}
