//! `cauce import`: what is in a file, into a running server or a data folder.
//!
//! The first rows are looked at before anything is sent, so that a file that is no table is refused
//! at once. Then the file goes out piece by piece, a CSV file no faster than it is taken; on a
//! terminal a bar tells how far it is. Rows that are not taken come back as a file beside the first.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cauce_destinations::normalize::country::Country;
use cauce_engine::contacts::{
    self, BodyFault, Charset, Delimiter, FileFault, ImportError, Known, Options, Report,
    SheetFault, sheet,
};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::campaigns::Campaigns;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    api::{self, Api},
    cli::{Import, ImportContacts},
    config::{self, Config},
    failure::Failure,
    global::Global,
    output,
};

/// Bytes of a piece.
const PIECE_BYTES: usize = 256 << 10;
/// How often a bar moves while nothing is sent.
const TICK: Duration = Duration::from_millis(100);
/// Pieces that wait to be sent.
const MAX_WAITING: usize = 2;

/// Runs the command.
pub(crate) async fn run(import: Import, global: &Global) -> Result<(), Failure> {
    match import {
        Import::Contacts(args) => contacts(&args, global).await,
    }
}

async fn contacts(args: &ImportContacts, global: &Global) -> Result<(), Failure> {
    let source = Source::open(args, known(args)?)?;
    let rejected = args.rejected.clone().unwrap_or_else(|| beside(&args.file));
    let report = match args.offline {
        true => into_folder(args, global, source, &rejected).await?,
        false => through_server(args, global, source, &rejected).await?,
    };
    show(&report, &rejected, global);
    Ok(())
}

/// What the command line says of the file.
fn known(args: &ImportContacts) -> Result<Known, Failure> {
    let encoding = args.encoding.as_deref().map(|name| {
        Charset::find(name).ok_or_else(|| {
            Failure::usage(format!("no encoding {name}; hint: utf-8 or windows-1252"))
        })
    });
    let delimiter = args.delimiter.as_deref().map(|name| {
        Delimiter::find(name)
            .ok_or_else(|| Failure::usage("no delimiter; hint: write one of ; , | and tab"))
    });
    let country = args.default_country.as_deref().map(|code| {
        let found = Some(code).filter(|code| code.len() == 2);
        found
            .and_then(Country::find)
            .ok_or_else(|| Failure::usage(format!("no country {code}; hint: two letters, ES say")))
    });
    Ok(Known {
        country: country.transpose()?,
        encoding: encoding.transpose()?,
        delimiter: delimiter.transpose()?,
    })
}

/// A file that is read, with its first piece.
struct Source {
    file: File,
    first: Bytes,
    bar: ProgressBar,
}

impl Source {
    /// Opens a file, and refuses one that does not begin as a table of contacts.
    fn open(args: &ImportContacts, known: Known) -> Result<Source, Failure> {
        let path = args.file.as_path();
        let cannot =
            |why: io::Error| Failure::failed(format!("cannot read {}: {why}", path.display()));
        let mut file = File::open(path).map_err(cannot)?;
        let bytes = file.metadata().map_err(cannot)?.len();
        let first = piece(&mut file).map_err(cannot)?;
        let begun = match contacts::is_book(&first) {
            true => look_at_book(path, args.worksheet.as_deref()).map_err(cannot)?,
            false => look_at_text(&first, known).map_err(FileFault::from),
        };
        begun.map_err(|fault| Failure::failed(format!("{}: {fault}", path.display())))?;
        let bar = match io::stderr().is_terminal() {
            true => ProgressBar::new(bytes).with_style(style()),
            false => ProgressBar::hidden(),
        };
        Ok(Source { file, first, bar })
    }

    /// Reads the rest on a thread of its own. A file that cannot be read to its end breaks off.
    fn rest(mut self) -> (Bytes, mpsc::Receiver<Bytes>, Ending) {
        let (pieces, rest) = mpsc::channel(MAX_WAITING);
        let first = self.first.clone();
        self.bar.inc(first.len() as u64);
        let bar = self.bar.clone();
        let reading = tokio::task::spawn_blocking(move || {
            loop {
                let piece = piece(&mut self.file)?;
                let bytes = piece.len() as u64;
                // Whoever takes them may want no more.
                if bytes == 0 || pieces.blocking_send(piece).is_err() {
                    break;
                }
                self.bar.inc(bytes);
            }
            self.bar.set_style(taking());
            self.bar.enable_steady_tick(TICK);
            Ok(())
        });
        (first, rest, Ending { reading, bar })
    }
}

/// Why a text is no table of contacts, by its first piece.
fn look_at_text(first: &[u8], known: Known) -> Result<(), SheetFault> {
    let mut sheet = sheet::Sheet::new(known);
    match sheet.push(first) {
        Ok(_) if sheet.header().is_none() => sheet.finish().map(drop),
        begun => begun.map(drop),
    }
}

/// Why a workbook is no table of contacts. All of it is needed for that, as far as it may be taken.
fn look_at_book(path: &Path, worksheet: Option<&str>) -> io::Result<Result<(), FileFault>> {
    let mut bytes = Vec::new();
    let most = contacts::MAX_BOOK_BYTES as u64 + 1;
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(contacts::look_at_book(&bytes, worksheet))
}

/// The reading of a file, and the bar that tells of it.
struct Ending {
    reading: tokio::task::JoinHandle<io::Result<()>>,
    bar: ProgressBar,
}

/// The next bytes of a file; none at its end.
fn piece(file: &mut File) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    file.take(PIECE_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

async fn through_server(
    args: &ImportContacts,
    global: &Global,
    source: Source,
    rejected: &Path,
) -> Result<Value, Failure> {
    let api = Api::connect(&args.remote, global)?;
    let query = api::query(&[
        ("tenant", args.tenant.as_deref()),
        ("defaultCountry", args.default_country.as_deref()),
        ("tags", args.tags.as_deref()),
        ("encoding", args.encoding.as_deref()),
        ("delimiter", args.delimiter.as_deref()),
        ("worksheet", args.worksheet.as_deref()),
        ("dryRun", args.dry_run.then_some("true")),
    ]);
    let (first, rest, reading) = source.rest();
    let report = api
        .upload(
            &format!("/api/contacts/import{query}"),
            "text/csv",
            first,
            rest,
        )
        .await?;
    ended(reading).await?;
    if let Some(path) = report["rejectedUrl"].as_str() {
        let query = api::query(&[("tenant", args.tenant.as_deref())]);
        let mut file = create(rejected)?;
        let (told, mut fault) = mpsc::channel(1);
        let take = move |piece: Bytes| {
            if let Err(why) = file.write_all(&piece) {
                // The first fault is enough.
                let _ = told.try_send(why);
            }
        };
        api.download(&format!("{path}{query}"), take).await?;
        if let Some(why) = fault.recv().await {
            return Err(unwritten(rejected, &why));
        }
    }
    Ok(report)
}

/// Waits for the end of the file's reader.
async fn ended(ending: Ending) -> Result<(), Failure> {
    let ended = ending.reading.await;
    ending.bar.finish_and_clear();
    let ended = ended.map_err(|error| Failure::caused(&error))?;
    ended.map_err(|why| {
        Failure::failed(format!(
            "the file could not be read to its end: {why}; hint: import it again, which changes nothing of what was taken"
        ))
    })
}

async fn into_folder(
    args: &ImportContacts,
    global: &Global,
    source: Source,
    rejected: &Path,
) -> Result<Value, Failure> {
    let config = config::load(&config::inputs(global, Vec::new())).map_err(Failure::usage)?;
    let tenant = TenantId::new(args.tenant.as_deref().unwrap_or_default());
    let tenant = tenant.map_err(Failure::usage)?;
    let tags = sheet::tags(args.tags.as_deref().unwrap_or_default());
    let known = known(args)?;
    let options = Options {
        known: Known {
            country: known.country.or_else(|| country_of(&config, &tenant)),
            ..known
        },
        worksheet: args.worksheet.clone(),
        tags: tags.map_err(Failure::usage)?,
        dry_run: args.dry_run,
        tenant: tenant.clone(),
    };
    let dir = &config.settings.data_dir;
    cauce_engine::data_dir::make(dir)
        .map_err(|why| Failure::failed(format!("cannot make {}: {why}", dir.display())))?;
    let store = Campaigns::open(dir).map_err(Failure::failed)?;
    let (first, mut rest, reading) = source.rest();
    let pieces = futures_util::stream::iter([Ok(first)])
        .chain(futures_util::stream::poll_fn(move |cx| rest.poll_recv(cx)).map(Ok::<_, BodyFault>));
    let bar = reading.bar.clone();
    let told = |report: &Report| bar.set_message(format!("{} rows", report.rows));
    let taken = contacts::import(&store, options, pieces, now, told).await;
    ended(reading).await?;
    let (import, report) = taken.map_err(refused)?;
    if report.rejected_kept > 0 {
        let mut file = create(rejected)?;
        for piece in 0.. {
            let text = store
                .rejected(&import, piece)
                .await
                .map_err(Failure::failed)?;
            let Some(text) = text else { break };
            file.write_all(&text)
                .map_err(|why| unwritten(rejected, &why))?;
        }
    }
    store.close().await;
    let rejected_kept = report.rejected_kept;
    Ok(json!({
        "id": import.id, "state": import.state.as_str(), "dryRun": report.dry_run,
        "encoding": report.encoding, "delimiter": report.delimiter, "columns": report.columns,
        "worksheet": report.worksheet,
        "rows": report.rows, "created": report.created, "updated": report.updated,
        "rejected": report.rejected, "rejectedKept": rejected_kept, "reasons": report.reasons,
    }))
}

/// Why a file was not taken, and how much of it was.
fn refused(error: ImportError) -> Failure {
    let report = error.import().map(Report::of);
    match report.filter(|report| !report.dry_run) {
        None => Failure::failed(error),
        Some(Report {
            created, updated, ..
        }) => Failure::failed(format!(
            "{error}; {created} contacts had been made and {updated} changed before; hint: mend the file and import it again, which changes nothing of that"
        )),
    }
}

fn country_of(config: &Config, tenant: &TenantId) -> Option<Country> {
    let pixels = &config.settings.pixels;
    let own = pixels.default_country.get(tenant);
    let code = own.or(pixels.fallback_country.as_ref())?;
    Country::find(code)
}

fn beside(file: &Path) -> PathBuf {
    file.with_extension("rejected.csv")
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|why| unwritten(path, &why))
}

fn unwritten(path: &Path, why: &io::Error) -> Failure {
    let path = path.display();
    Failure::failed(format!(
        "the contacts are imported, but {path} cannot be written: {why}"
    ))
}

fn show(report: &Value, rejected: &Path, global: &Global) {
    if global.json {
        return output::json(report);
    }
    let number = |name: &str| report[name].as_u64().unwrap_or_default();
    let text = |name: &str| report[name].as_str().unwrap_or_default();
    output::line(&format!(
        "{} rows ({}): {} contacts made, {} changed, {} rows rejected{}",
        number("rows"),
        match report["worksheet"].as_str() {
            Some(sheet) => format!("{}, sheet {sheet:?}", text("encoding")),
            None => format!("{}, columns by {:?}", text("encoding"), text("delimiter")),
        },
        number("created"),
        number("updated"),
        number("rejected"),
        if report["dryRun"] == true {
            "; nothing was changed"
        } else {
            ""
        },
    ));
    for (reason, count) in report["reasons"].as_object().into_iter().flatten() {
        output::line(&format!("  {reason}: {count}"));
    }
    if number("rejectedKept") > 0 {
        output::line(&format!(
            "rejected rows with their reasons: {}",
            rejected.display()
        ));
    }
}

fn style() -> ProgressStyle {
    let template = "{wide_bar} {binary_bytes} of {binary_total_bytes}, {eta} left";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// After the last byte has been sent: the rows of a workbook are taken then.
fn taking() -> ProgressStyle {
    let template = "{spinner} taking the rows, for {elapsed} {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::EPOCH + since
}
