//! `cauce store`: looks after the files of a data folder.
//!
//! `check` and `backup` only read, and may run beside a server. `repair` and `compact` write, so
//! they take the lock of the folder, and name the process that holds it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use cauce_engine::offline;
use cauce_flow::time::Timestamp;
use cauce_log::{
    files::RealFiles,
    tools::{self, Report},
};
use cauce_store::control::{self, Control};
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
        Store::Check => check(&jobs, global),
        Store::Repair => repair(&jobs, global),
        Store::Compact => compact(&config, global).await,
        Store::Backup { to } => backup(&config, &jobs, &to, global).await,
    }
}

fn check(jobs: &Path, global: &Global) -> Result<(), Failure> {
    let report = tools::check(jobs, &RealFiles).map_err(|error| Failure::caused(&error))?;
    show(&report, "checked", global);
    match report.is_clean() {
        true => Ok(()),
        false if global.json => Err(Failure::Reported),
        false => Err(Failure::failed(
            "the log is damaged; hint: a server serves what is whole, and an interrupted write at \
             the end is cut off at its next start; `cauce store repair` mends the rest",
        )),
    }
}

fn repair(jobs: &Path, global: &Global) -> Result<(), Failure> {
    let report = tools::repair(jobs, &RealFiles).map_err(|error| Failure::caused(&error))?;
    show(&report, "mended", global);
    Ok(())
}

/// Prints what a tool found, segment by segment.
fn show(report: &Report, done: &str, global: &Global) {
    let segments: Vec<Value> = report
        .segments
        .iter()
        .map(|segment| {
            json!({
                "segment": segment.number,
                "bytes": segment.bytes,
                "records": segment.records,
                "header": segment.header,
                "damagedPlaces": segment.corrupt.len(),
                "tornBytes": segment.torn_bytes,
                "setAside": segment.corrupt.iter().filter_map(|c| c.set_aside.as_ref()).collect::<Vec<_>>(),
            })
        })
        .collect();
    let segments = Value::Array(segments);
    if global.json {
        output::json(&json!({ "clean": report.is_clean(), "segments": segments }));
        return;
    }
    const COLUMNS: [&str; 6] = [
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
    for place in report.corrupt() {
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
    let state = if report.is_clean() {
        "whole"
    } else {
        "damaged"
    };
    output::line(&format!("{done}: {} records, {state}", report.records()));
}

async fn compact(config: &Config, global: &Global) -> Result<(), Failure> {
    let freed = offline::compact(&config.settings, now())
        .await
        .map_err(|error| Failure::caused(&error))?;
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
/// start, statistics that are newer than their jobs would be wrong.
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
    fs::create_dir_all(to)
        .map_err(|why| Failure::failed(format!("cannot make {}: {why}", to.display())))?;
    if config.settings.data_dir.join(control::FILE).exists() {
        let control = Control::open(&config.settings.data_dir).map_err(Failure::failed)?;
        let copied = control.copy_to(&to.join(control::FILE)).await;
        control.close().await;
        copied.map_err(Failure::failed)?;
    }
    let report = tools::backup(jobs, &offline::jobs_dir(to), &RealFiles)
        .map_err(|error| Failure::caused(&error))?;
    if global.json {
        output::json(&json!({ "to": to, "records": report.records(), "bytes": report.bytes() }));
    } else {
        let (records, bytes) = (report.records(), report.bytes());
        output::line(&format!(
            "{}: {records} records, {bytes} bytes",
            to.display()
        ));
    }
    Ok(())
}
