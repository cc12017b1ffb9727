//! Measures an import of contacts, and a walk over them as a campaign does it.
//!
//! `cargo run --release -p cauce-engine --example bench_contacts -- ROWS [FOLDER]`

#![allow(clippy::print_stdout, reason = "what it measures is printed")]
#![allow(clippy::unwrap_used, reason = "a failure ends the measurement")]

use std::{path::Path, time::Instant};

use bytes::Bytes;
use cauce_engine::contacts::{Known, Options, import};
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::campaigns::{Audience, Campaigns, Walk};
use futures_util::stream;

const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);
/// Rows of one piece of the body.
const PIECE_ROWS: u64 = 500;
/// Contacts of one page of the walk, as an expansion takes them.
const PAGE: usize = 5_000;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let rows = args.next().map_or(100_000, |rows| rows.parse().unwrap());
    let made = tempfile::tempdir().unwrap();
    let folder = args.next();
    let folder = folder.as_deref().map_or(made.path(), Path::new);
    let store = Campaigns::open(folder).unwrap();
    for what in ["new contacts", "the same again"] {
        take(&store, rows, what).await;
    }
    walk(&store, rows).await;
    store.close().await;
    let bytes = std::fs::metadata(folder.join(cauce_store::campaigns::FILE)).unwrap();
    println!("{} bytes a contact on disk", bytes.len() / rows.max(1));
}

async fn take(store: &Campaigns, rows: u64, what: &str) {
    let options = Options {
        tenant: acme(),
        known: Known::default(),
        worksheet: None,
        tags: vec!["bench".to_owned()],
        dry_run: false,
    };
    let pieces = (0..rows.div_ceil(PIECE_ROWS)).map(|piece| Ok(piece_of(piece, rows)));
    let begun = Instant::now();
    let taken = import(store, options, stream::iter(pieces), || NOW, |_| {}).await;
    let (_, report) = taken.unwrap();
    let per_second = report.rows as f64 / begun.elapsed().as_secs_f64();
    println!(
        "{what}: {} rows, {} rejected, {per_second:.0} rows/s, {}",
        report.rows,
        report.rejected,
        memory()
    );
}

fn piece_of(piece: u64, rows: u64) -> Bytes {
    let mut text = String::new();
    if piece == 0 {
        text.push_str("teléfono;nombre;ciudad;pedido\n");
    }
    for n in piece * PIECE_ROWS..rows.min((piece + 1) * PIECE_ROWS) {
        // Numbers in no order, as they come.
        let number = 600_000_000 + (n * 7_919_993) % 99_999_989;
        text.push_str(&format!(
            "+34{number};Persona Número {n};Jaén;{:08}\n",
            n * 31 % 99_999_999
        ));
    }
    text.into()
}

async fn walk(store: &Campaigns, rows: u64) {
    let audience = Audience {
        campaign: None,
        tenant: acme(),
        tags: vec!["bench".to_owned()],
        list: None,
    };
    let upto = store.last_row().await.unwrap();
    let (mut after, mut met, mut duplicates) = (0, 0_u64, 0_u64);
    let begun = Instant::now();
    loop {
        let page = Walk {
            after,
            upto,
            limit: PAGE,
        };
        let members = store.walk(&audience, page).await.unwrap();
        let Some(last) = members.last() else { break };
        after = last.row;
        met += members.len() as u64;
        duplicates += members.iter().filter(|member| member.duplicate).count() as u64;
    }
    let per_second = met as f64 / begun.elapsed().as_secs_f64();
    println!(
        "walk: {met} of {rows}, {duplicates} duplicates, {per_second:.0} contacts/s, {}",
        memory()
    );
}

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

/// The most memory that the process has held, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM"));
    peak.unwrap_or("memory not known").replace('\t', " ")
}
