//! `cauce check`: the configuration, the data folder, and the credentials of every account.
//!
//! Nothing is changed, and it may run beside a server.

use std::{fs, path::Path, time::SystemTime};

use cauce_destinations::destination::{CredentialState, Credentials};
use cauce_engine::{
    bucket::{Bucket, Trial},
    offline,
    settings::{self, Account},
    transport::Transport,
};
use cauce_flow::time::Timestamp;
use serde_json::json;

use crate::{
    cli::CheckArgs,
    config::{self, Config},
    failure::Failure,
    global::Global,
    output,
};

/// One thing that was looked at.
struct Finding {
    what: String,
    good: bool,
    detail: String,
}

/// Runs the command.
pub(crate) async fn run(args: CheckArgs, global: &Global) -> Result<(), Failure> {
    let config = config::load(&config::inputs(global, Vec::new())).map_err(Failure::usage)?;
    let mut findings = vec![
        configuration(&config),
        folder("data folder", &config.settings.data_dir),
        events(&config),
    ];
    let export = &config.settings.tracking.export;
    if let Some(to) = &export.folder {
        findings.push(folder("export folder", to));
    }
    if !args.offline {
        if let Some(to) = &export.bucket {
            findings.push(bucket(to).await);
        }
        let transport =
            Transport::new(&config.settings.transport).map_err(|e| Failure::caused(&e))?;
        for account in &config.settings.accounts {
            findings.push(credentials(account, &transport).await);
        }
    }
    show(&findings, &config, global);
    match findings.iter().all(|finding| finding.good) {
        true => Ok(()),
        false => Err(Failure::Reported),
    }
}

fn configuration(config: &Config) -> Finding {
    let file = match &config.file {
        Some(path) => path.display().to_string(),
        None => "built-in defaults, no file".to_owned(),
    };
    let accounts = config.settings.accounts.len();
    Finding {
        what: "configuration".to_owned(),
        good: true,
        detail: format!("{file}; accounts: {accounts}"),
    }
}

/// Whether files can be made in the data folder, or the folder itself where it is not there yet.
fn folder(what: &str, dir: &Path) -> Finding {
    let existing = dir
        .ancestors()
        .find(|dir| dir.exists())
        .unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() {
        Path::new(".")
    } else {
        existing
    };
    let trial = existing.join(format!(".cauce-check-{}", std::process::id()));
    let tried = fs::write(&trial, b"").and_then(|()| fs::remove_file(&trial));
    Finding {
        what: what.to_owned(),
        good: tried.is_ok(),
        detail: match tried {
            Ok(()) if dir.exists() => format!("{} can be written", dir.display()),
            Ok(()) => format!("{} will be made at the first start", dir.display()),
            Err(why) => format!(
                "{}: {why}; hint: make it writable for this user, or set data_dir",
                existing.display()
            ),
        },
    }
}

/// Whether an object can be put into the bucket of the export.
async fn bucket(to: &settings::tracking::Bucket) -> Finding {
    let tried = match Bucket::open(to) {
        Ok(bucket) => bucket.try_out().await,
        Err(why) => Err(why),
    };
    Finding {
        what: "export bucket".to_owned(),
        good: tried.is_ok(),
        detail: match tried {
            Ok(Trial::Whole) => format!("{} can be written", to.name),
            Ok(Trial::Left) => format!(
                "{} can be written; its key may not remove the object .cauce-check again",
                to.name
            ),
            Err(why) => format!("{}: {why}", to.name),
        },
    }
}

/// Whether the files of tracked events are whole.
fn events(config: &Config) -> Finding {
    let dir = offline::events_dir(&config.settings.data_dir);
    let (good, detail) = match cauce_events::offline::bad_files(&dir) {
        Ok(bad) if bad.is_empty() => {
            let kept = config.settings.tracking.cleanup_older_than_months;
            let there = cauce_events::offline::log_folder(&dir).is_dir();
            let state = if there { "whole" } else { "none yet" };
            (
                true,
                format!("files of events: {state}; kept for {kept} months"),
            )
        }
        Ok(bad) => (
            false,
            format!(
                "{} files of events are damaged; hint: cauce store check",
                bad.len()
            ),
        ),
        Err(why) => (false, format!("{}: {why}", dir.display())),
    };
    Finding {
        what: "tracking".to_owned(),
        good,
        detail,
    }
}

async fn credentials(account: &Account, transport: &Transport) -> Finding {
    let now = now();
    let what = format!("account {}", account.name);
    let Some(request) = account.destination.check(now) else {
        let detail = "the platform has no way to check a credential by itself".to_owned();
        return Finding {
            what,
            good: true,
            detail,
        };
    };
    let exchange = transport.send(request, || {}).await;
    let found = account.destination.classify_check(&exchange.answer, now);
    Finding {
        what,
        good: is_usable(found.state),
        detail: in_words(&found),
    }
}

fn is_usable(state: CredentialState) -> bool {
    match state {
        CredentialState::Valid | CredentialState::ExpiresSoon | CredentialState::Unknown => true,
        CredentialState::Expired | CredentialState::Invalid | CredentialState::Disconnected => {
            false
        }
    }
}

fn in_words(found: &Credentials) -> String {
    let state = match found.state {
        CredentialState::Valid => "valid",
        CredentialState::ExpiresSoon => "expires soon",
        CredentialState::Expired => "expired",
        CredentialState::Invalid => "invalid",
        CredentialState::Disconnected => "not connected",
        CredentialState::Unknown => "cannot be told",
    };
    match found.expires_at {
        Some(at) => format!("{state}: {}; ends {at}", found.detail),
        None => format!("{state}: {}", found.detail),
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::EPOCH + since
}

fn show(findings: &[Finding], config: &Config, global: &Global) {
    if global.json {
        let checks: Vec<_> = findings
            .iter()
            .map(|f| json!({ "name": f.what, "ok": f.good, "detail": f.detail }))
            .collect();
        output::json(&json!({ "checks": checks, "notes": config.notes }));
        return;
    }
    let rows = findings
        .iter()
        .map(|f| vec![f.what.clone(), output::mark(f.good), f.detail.clone()])
        .collect();
    output::table(&["check", "is", "found"], rows, "");
    for note in &config.notes {
        output::note(&format!("note: {note}"));
    }
}
