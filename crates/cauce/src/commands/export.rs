//! `cauce export`: what a server keeps, into a file.
//!
//! The file takes its name when it is whole; until then it is `FILE.part`. On a terminal a line tells
//! how far it is.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    api::{self, Api},
    cli::{Export, ExportEvents},
    failure::Failure,
    global::Global,
    output,
};

/// Runs the command.
pub(crate) async fn run(export: Export, global: &Global) -> Result<(), Failure> {
    match export {
        Export::Events(args) => events(&args, global).await,
    }
}

async fn events(args: &ExportEvents, global: &Global) -> Result<(), Failure> {
    let api = Api::connect(&args.remote, global)?;
    let query = api::query(&[
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("format", Some(&args.format)),
        ("tenant", args.tenant.as_deref()),
        ("siteId", args.site.as_deref()),
    ]);
    let to_stdout = args.out.as_os_str() == "-";
    let target = Target::create(&args.out, to_stdout)?;
    let progress = Progress::start(total(&api, args).await, &args.format);
    let writing = Arc::new(Mutex::new(Writing {
        target,
        progress,
        bytes: 0,
        fault: None,
    }));
    let into = Arc::clone(&writing);
    let path = format!("/tracking-v2/export{query}");
    let asked = api
        .download(&path, move |piece| into.lock().take(&piece))
        .await;
    let mut writing = writing.lock();
    let ended = asked.and_then(|()| writing.finish());
    writing.progress.end();
    if let Err(failure) = ended {
        writing.target.remove();
        return Err(failure);
    }
    let (bytes, out) = (writing.bytes, args.out.display());
    if global.json && !to_stdout {
        output::json(&json!({ "out": args.out, "bytes": bytes }));
    } else if !to_stdout {
        output::line(&format!("{out}: {bytes} bytes"));
    }
    Ok(())
}

/// How many events there are, where one tenant's are asked for: what a bar needs to have an end.
async fn total(api: &Api, args: &ExportEvents) -> Option<u64> {
    let tenant = args.tenant.as_deref()?;
    let query = api::query(&[
        ("from", args.from.as_deref()),
        ("to", args.to.as_deref()),
        ("siteId", args.site.as_deref()),
    ]);
    let path = format!("/tracking-v2/stats/tenant/{}{query}", api::escape(tenant));
    let stats = api.get(&path).await.ok()?;
    let count = |name: &str| stats.get(name).and_then(Value::as_u64);
    Some(count("totalEvents")? + count("botEvents")?)
}

/// A download on its way to its file.
struct Writing {
    target: Target,
    progress: Progress,
    bytes: u64,
    fault: Option<io::Error>,
}

impl Writing {
    fn take(&mut self, piece: &[u8]) {
        if self.fault.is_some() {
            return;
        }
        self.fault = self.target.write(piece).err();
        self.bytes += piece.len() as u64;
        self.progress.more(piece);
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let written = match self.fault.take() {
            Some(error) => Err(error),
            None => self.target.finish(),
        };
        written.map_err(|why| Failure::failed(format!("cannot write: {why}")))
    }
}

/// Where it goes.
pub(super) struct Target {
    out: Box<dyn Write + Send>,
    /// The name while it is not whole, and the name it takes.
    names: Option<(PathBuf, PathBuf)>,
}

impl Target {
    pub(super) fn create(path: &Path, to_stdout: bool) -> Result<Target, Failure> {
        if to_stdout {
            return Ok(Target {
                out: Box::new(io::stdout()),
                names: None,
            });
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part)
            .map_err(|why| Failure::failed(format!("cannot write {}: {why}", part.display())))?;
        Ok(Target {
            out: Box::new(BufWriter::new(file)),
            names: Some((part, path.to_owned())),
        })
    }

    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.out.write_all(piece)
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.out.flush()?;
        match &self.names {
            Some((part, whole)) => fs::rename(part, whole),
            None => Ok(()),
        }
    }

    pub(super) fn remove(&self) {
        if let Some((part, _)) = &self.names {
            // What is left of it does no harm under that name.
            let _ = fs::remove_file(part);
        }
    }
}

/// How far it is, on a terminal.
struct Progress {
    bar: ProgressBar,
    /// Lines are events, but for the head of a CSV.
    counts_lines: bool,
}

impl Progress {
    fn start(total: Option<u64>, format: &str) -> Progress {
        let counts_lines = format != "parquet";
        let bar = match total.filter(|_| counts_lines) {
            _ if !io::stderr().is_terminal() => ProgressBar::hidden(),
            Some(events) => ProgressBar::new(events).with_style(style(
                "{wide_bar} {human_pos} of {human_len} events, {eta} left",
            )),
            None => ProgressBar::no_length().with_style(style(match counts_lines {
                true => "{spinner} {human_pos} events, {elapsed}",
                false => "{spinner} {binary_bytes}, {binary_bytes_per_sec}",
            })),
        };
        Progress { bar, counts_lines }
    }

    fn more(&self, piece: &[u8]) {
        let lines = || piece.iter().filter(|byte| **byte == b'\n').count();
        let more = if self.counts_lines {
            lines()
        } else {
            piece.len()
        };
        self.bar.inc(more as u64);
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
