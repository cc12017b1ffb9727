//! What parts cost: writing, merging, bytes an event, and statistics over ten million events.
//!
//! `cargo run --release -p cauce-events --example bench_parts [events] [tenants] [rounds]`

#![expect(clippy::print_stdout, reason = "a report for a person")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

mod traffic;

use std::{fs, path::Path, process::Command, time::Instant};

use cauce_events::{
    Folder,
    part::{self, Part},
    rollup::Cache,
    row::Row,
    stats::{Source, answer},
    store::{Interval, StatsQuery},
};
use cauce_flow::time::Timestamp;
use traffic::{DAY, Traffic};

/// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 2025-03-01T00:00:00Z.
const MARCH: i64 = 1_740_787_200_000;
const DAYS: usize = 31;
/// Times that the buffer is written in a day.
const FLUSHES: usize = 4;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(default, |n| n.parse().unwrap());
    let (events, tenants, rounds) = (number(10_000_000), number(1), number(9) as usize);
    println!("{events} events, {tenants} tenants, 31 days, {FLUSHES} flushes a day");
    let dir = tempfile::tempdir().unwrap();
    let parts = write(dir.path(), events as usize, tenants);
    ask_all("124 parts", dir.path(), &parts, tenants, rounds);
    let (some, one) = merge_all(dir.path(), parts);
    ask_all("8 parts", dir.path(), &some, tenants, rounds);
    part::remove(
        dir.path(),
        &some.iter().map(|part| part.number).collect::<Vec<_>>(),
    )
    .unwrap();
    ask_all("1 part", dir.path(), &one, tenants, rounds);
}

/// Asks for all, and for a range with ragged ends; the first time with nothing in memory.
fn ask_all(what: &str, folder: &Path, parts: &[Part], tenants: u64, rounds: usize) {
    let tenant = Traffic::new(tenants, 10).tenants[0].0.clone();
    let day = |day: f64| Timestamp::from_millis(MARCH + (day * DAY as f64) as i64);
    for (range, from, to, interval) in [
        ("all", day(-1.0), day(40.0), None),
        ("all by day", day(0.0), day(31.0), Some(Interval::Day)),
        ("ragged", day(2.123_456), day(27.654_321), None),
        (
            "a ragged week by hour",
            day(11.123_456),
            day(18.123_456),
            Some(Interval::Hour),
        ),
        (
            "six days by minute",
            day(20.0),
            day(26.0),
            Some(Interval::Minute),
        ),
    ] {
        let query = StatsQuery {
            tenant: tenant.clone(),
            site: None,
            from,
            to,
            interval,
            max_top: 10,
        };
        let folder = &Folder::from(folder);
        let sources: Vec<Source<'_>> = parts.iter().map(|part| Source { folder, part }).collect();
        let cache = Cache::new(64 << 20);
        let ask = || answer(&sources, [].iter(), &query, &cache).unwrap();
        forget_pages(folder);
        let timed = || {
            let (wall, cpu) = (Instant::now(), thread_ms());
            let stats = ask();
            (wall.elapsed().as_secs_f64() * 1e3, thread_ms() - cpu, stats)
        };
        let (cold, cold_cpu, stats) = timed();
        let mut warm: Vec<(f64, f64)> = (0..rounds).map(|_| timed()).map(|t| (t.0, t.1)).collect();
        warm.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (wall, _) = warm[warm.len() / 2];
        warm.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (_, cpu) = warm[warm.len() / 2];
        println!(
            "{what}, {range}: cold {cold:.1} ms ({cold_cpu:.1} CPU), warm {wall:.1} ms ({cpu:.1} CPU); \
             {} events, {} visitors, cache {} KB",
            stats.total_events,
            stats.visitors.count,
            cache.bytes() / 1024
        );
    }
}

/// Takes the files out of the system's memory, so that the next read is from the disk.
fn forget_pages(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let file = format!("of={}", entry.unwrap().path().display());
        let options = [
            "oflag=nocache",
            "conv=notrunc,fdatasync",
            "count=0",
            "status=none",
        ];
        let _ = Command::new("dd").arg(file).args(options).status();
    }
}

fn write(folder: &Path, events: usize, tenants: u64) -> Vec<Part> {
    let mut traffic = Traffic::new(tenants, (events as u64 / 22 / tenants).max(10));
    let (mut parts, mut sorting, mut clock) = (Vec::new(), Clock::default(), Clock::default());
    for day in 0..DAYS {
        let from = MARCH + day as i64 * DAY;
        let rows = traffic.rows(events / DAYS, from, DAY - 1_000_000);
        let size = rows.len().div_ceil(FLUSHES);
        for flush in rows.chunks(size) {
            let mut flush: Vec<Row> = flush.to_vec();
            let number = parts.len() as u64;
            sorting.time(|| flush.sort_unstable_by(|a, b| a.key().cmp(&b.key())));
            clock.time(|| {
                parts.push(part::write(folder, number, &flush).unwrap());
                part::publish(folder, &[number]).unwrap();
            });
        }
    }
    sorting.report("sort", parts.iter().map(|part| part.rows).sum());
    clock.report("write", parts.iter().map(|part| part.rows).sum());
    describe("written", &parts);
    parts
}

/// Merges the parts of each four days, and then those.
fn merge_all(folder: &Path, parts: Vec<Part>) -> (Vec<Part>, Vec<Part>) {
    let some = merge_level(folder, &parts, 1_000);
    let one = merge_level(folder, &some, 2_000);
    part::remove(
        folder,
        &parts.iter().map(|part| part.number).collect::<Vec<_>>(),
    )
    .unwrap();
    (some, one)
}

fn merge_level(folder: &Path, parts: &[Part], first: u64) -> Vec<Part> {
    let (mut clock, mut merged) = (Clock::default(), Vec::new());
    for (number, group) in (first..).zip(parts.chunks(16)) {
        clock.time(|| {
            let made = part::merge(folder, group, number, &mut |_| true).unwrap();
            part::publish(folder, &[number]).unwrap();
            merged.extend(made.part);
        });
    }
    let what = format!("merge {} into {}", parts.len(), merged.len());
    clock.report(&what, merged.iter().map(|part| part.rows).sum());
    describe(&what, &merged);
    merged
}

fn describe(what: &str, parts: &[Part]) {
    let rows: u64 = parts.iter().map(|part| part.rows).sum();
    let per_row = |bytes: u64| bytes as f64 / rows as f64;
    println!(
        "{what}: {} parts, {rows} rows, Parquet {:.2} + rollup {:.2} bytes a row; peak memory {} MB",
        parts.len(),
        per_row(parts.iter().map(|part| part.bytes).sum()),
        per_row(parts.iter().map(|part| part.rollup_bytes).sum()),
        peak_kb() / 1024,
    );
}

/// Sums up wall time and CPU time of what is measured.
#[derive(Default)]
struct Clock {
    wall: f64,
    cpu: f64,
}

impl Clock {
    fn time(&mut self, work: impl FnOnce()) {
        let (wall, cpu) = (Instant::now(), cpu_seconds());
        work();
        self.wall += wall.elapsed().as_secs_f64();
        self.cpu += cpu_seconds() - cpu;
    }

    fn report(&self, what: &str, rows: u64) {
        println!(
            "{what}: {:.2} s, {:.2} s CPU: {:.0} rows/s, {:.0} a CPU second",
            self.wall,
            self.cpu,
            rows as f64 / self.wall,
            rows as f64 / self.cpu
        );
    }
}

/// Of this process, as Linux counts it: in hundredths.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

/// CPU time of this thread.
fn thread_ms() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split_whitespace()
        .next()
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1e6
}

/// Most memory since the last call.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    let _ = fs::write("/proc/self/clear_refs", "5");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
