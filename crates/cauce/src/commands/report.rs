//! `cauce report`: the report of a running server, into a file or to its people.
//!
//! The file takes its name when it is whole. On a terminal a line tells that it is being made.

use std::{io, io::IsTerminal, path::Path, sync::Arc, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use serde_json::json;

use super::export::Target;
use crate::{
    api::{self, Api},
    cli::ReportArgs,
    failure::Failure,
    global::Global,
    output,
};

/// How often the line is drawn while the server works.
const TICK: Duration = Duration::from_millis(120);

/// What has come so far.
struct Coming {
    target: Target,
    bar: ProgressBar,
    bytes: u64,
    fault: Option<io::Error>,
}

/// Runs the command.
pub(crate) async fn run(args: ReportArgs, global: &Global) -> Result<(), Failure> {
    let api = Api::connect(&args.remote, global)?;
    match (&args.send_now, &args.out) {
        (Some(name), _) => send(&api, name, args.tenant.as_deref(), global).await,
        (None, Some(out)) => write(&api, &args, out, global).await,
        (None, None) => Err(Failure::usage("name a file with --out")),
    }
}

async fn send(api: &Api, name: &str, tenant: Option<&str>, global: &Global) -> Result<(), Failure> {
    let (name, query) = (api::escape(name), api::query(&[("tenant", tenant)]));
    let path = format!("/api/analytics/reports/{name}/send{query}");
    let sent = api.post(&path, &json!({})).await?;
    if global.json {
        output::json(&sent);
        return Ok(());
    }
    let letters = sent["jobs"].as_array().map_or(0, Vec::len);
    output::line(&format!(
        "{letters} letters are on their way; `cauce jobs list alerts` shows how they do"
    ));
    Ok(())
}

async fn write(api: &Api, args: &ReportArgs, out: &Path, global: &Global) -> Result<(), Failure> {
    let to_stdout = out.as_os_str() == "-";
    let coming = Arc::new(Mutex::new(Coming {
        target: Target::create(out, to_stdout)?,
        bar: bar(),
        bytes: 0,
        fault: None,
    }));
    let into = Arc::clone(&coming);
    let path = format!("/api/analytics/report{}", query(args));
    let take = move |piece: bytes::Bytes| into.lock().take(&piece);
    let asked = api.download(&path, take).await;
    let mut coming = coming.lock();
    let ended = asked.and_then(|()| coming.finish());
    coming.bar.finish_and_clear();
    if let Err(failure) = ended {
        coming.target.remove();
        return Err(failure);
    }
    let bytes = coming.bytes;
    if global.json && !to_stdout {
        output::json(&json!({ "out": out, "bytes": bytes }));
    } else if !to_stdout {
        output::line(&format!("{}: {bytes} bytes", out.display()));
    }
    Ok(())
}

fn query(args: &ReportArgs) -> String {
    api::query(&[
        ("period", args.period.as_deref()),
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("timeZone", args.zone.as_deref()),
        ("language", Some(&args.lang)),
        ("format", Some(&args.format)),
        ("table", args.table.as_deref()),
        ("tenant", args.tenant.as_deref()),
    ])
}

fn bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{spinner} making the report, {binary_bytes}, {elapsed}");
    let bar = ProgressBar::no_length();
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(TICK);
    bar
}

impl Coming {
    fn take(&mut self, piece: &[u8]) {
        if self.fault.is_none() {
            self.fault = self.target.write(piece).err();
            self.bytes += piece.len() as u64;
            self.bar.inc(piece.len() as u64);
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let written = match self.fault.take() {
            Some(error) => Err(error),
            None => self.target.finish(),
        };
        written.map_err(|why| Failure::failed(format!("cannot write: {why}")))
    }
}
