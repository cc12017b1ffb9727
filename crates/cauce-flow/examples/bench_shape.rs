//! What the shaping of tracked events costs, in calls of 50, and what knowing their ids costs.
//!
//! `cargo run --release -p cauce-flow --example bench_shape`, on Linux. Times are those on a processor,
//! so that what else runs on the machine makes little difference.

#![allow(
    clippy::print_stdout,
    reason = "what it finds is for the person who runs it"
)]

use std::{fs, time::Duration};

use cauce_flow::{
    event::{EventId, EventKind, Metadata, SessionId, VisitorId},
    id::TenantId,
    shape::{
        aggregator::{self, Aggregator, Candidate},
        allowance::Level,
        bots,
        clock::Clock,
        consent::{Policy, Signals},
        deduplicator::{self, Filter, Recent},
        sampler::{SampleBy, Sampler},
        shaper::{Call, Told, shape},
    },
    time::Timestamp,
};
use xxhash_rust::xxh3::xxh3_128;

const CALLS: u64 = 20_000;
const EVENTS: u64 = 50;
/// Events between two looks at the clock, which itself takes a while.
const STRETCH: u64 = 1_000;
const KINDS: [&str; 5] = ["PAGE_VIEW", "CLICK", "SCROLL", "MOUSE_MOVE", "of-the-site"];
const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                       (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

fn main() {
    shaping();
    user_agents();
    ids();
    firsts();
}

fn digest(number: u64) -> u128 {
    xxh3_128(&number.to_le_bytes())
}

fn told(number: u64, now: Timestamp) -> Told {
    let id = digest(number);
    let kind = KINDS[(number % 5) as usize];
    Told {
        id: EventId::from_u128(id),
        visitor: VisitorId::from_u128(id >> 7),
        session: SessionId::from_u128(id >> 9),
        kind: EventKind::new(kind).expect("a short name"),
        occurred_at: Some(now),
        metadata: Metadata::none(),
        consent: None,
    }
}

fn shaping() {
    let sampler = Sampler::new(true, SampleBy::Event, []);
    let tenant = TenantId::new("shop").expect("a short name");
    let now = Timestamp::from_millis(1_800_000_000_000);
    let call = Call {
        rules: sampler.rules(&tenant),
        level: Level::NONE,
        clock: Clock::new(Some(now), Timestamp::EPOCH, now),
        policy: Policy::default(),
        signals: Signals::default(),
        sign: None,
        from_server: false,
    };
    for level in [Level::NONE, Level::MAX] {
        let call = Call { level, ..call };
        let calls: Vec<Vec<Told>> = (0..CALLS)
            .map(|n| (0..EVENTS).map(|m| told(n * EVENTS + m, now)).collect())
            .collect();
        let started = on_cpu();
        let kept: usize = calls
            .into_iter()
            .map(|told| shape(told, &call).kept.len())
            .sum();
        report(
            &format!("shape at level {}", level.number()),
            CALLS * EVENTS,
            started,
        );
        println!("  kept {kept}");
    }
}

fn user_agents() {
    let started = on_cpu();
    let found = (0..CALLS).filter(|_| bots::sign(std::hint::black_box(BROWSER)).is_some());
    let found = found.count();
    report("look at a user agent", CALLS, started);
    println!("  bots {found}");
}

fn ids() {
    let config = deduplicator::Config::default();
    let mut recent = Recent::new(config);
    let now = Timestamp::EPOCH;
    let count = config.max_table as u64;
    let (started, mut longest) = (on_cpu(), 0);
    for call in 0..count / STRETCH {
        let began = on_cpu();
        for number in call * STRETCH..(call + 1) * STRETCH {
            recent.insert(digest(number), number, now);
        }
        longest = longest.max((on_cpu() - began).as_micros());
    }
    report("insert an id", count, started);
    println!("  longest {STRETCH}: {longest} us");
    recent.seal();
    let sealed = recent.poll_sealed().expect("it was sealed");
    let started = on_cpu();
    let entries = sealed.entries();
    report("sort a table, an id", count, started);
    let started = on_cpu();
    let filter = Filter::build(entries.iter().map(|entry| entry.digest));
    report("build a filter, an id", count, started);
    let started = on_cpu();
    let wrong = (count..2 * count)
        .filter(|number| filter.may_hold(digest(*number)))
        .count();
    report("ask a filter", count, started);
    println!("  let through {wrong} of {count}, {} bytes", filter.size());
}

fn firsts() {
    let mut aggregator = Aggregator::new(aggregator::Config::default());
    let count = 2_000_000;
    let (started, mut longest) = (on_cpu(), 0);
    for call in 0..count / STRETCH {
        let now = Timestamp::from_millis(call as i64);
        let began = on_cpu();
        for number in call * STRETCH..(call + 1) * STRETCH {
            let event = Candidate {
                key: digest(number),
                id: EventId::from_u128(u128::from(number)),
                occurred_at: now,
                visitor_print: number,
                token: number,
            };
            aggregator.on_event(event, now);
        }
        longest = longest.max((on_cpu() - began).as_micros());
    }
    report("aggregate an event", count, started);
    println!(
        "  longest {STRETCH}: {longest} us, remembered {}",
        aggregator.len()
    );
}

/// How long this process has been on a processor.
fn on_cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/schedstat").expect("Linux tells it");
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("a number comes first"))
}

fn report(what: &str, count: u64, started: Duration) {
    let nanos = (on_cpu() - started).as_nanos() / u128::from(count);
    println!("{what}: {nanos} ns");
}
