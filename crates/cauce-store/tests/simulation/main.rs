//! A seeded simulator: dispatchers, the job store and fake destinations in virtual time, through
//! crashes, power cuts, moody destinations and the hands of operators.
//!
//! ```text
//! seed --> scenario --> world --> process, driver: dispatcher <-> store   what the process does
//!                         |  +--> callers, operators, moods               what happens to it
//!                         +-----> checks, ends                            what must hold
//! ```
//!
//! Every store call is awaited where it is made, so a run follows from its seed alone. A failure
//! prints the seed, the end of the trace, and the command that tells the same story again:
//!
//! ```text
//! CAUCE_SIM_SEED=42 cargo test -p cauce-store --test simulation one_seed
//! CAUCE_SIM_RUNS=100000 cargo test --release -p cauce-store --test simulation many_seeds
//! ```

mod chance;
mod scenario;

mod destination;

mod checks;

mod world;

mod driver;
mod process;
mod sabotage;

mod callers;
mod moods;
mod operators;

mod ends;
mod groups;

use std::time::Instant;

use scenario::{Family, Sabotage, Scenario};
use world::{Figures, run};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn runs(usual: u64) -> u64 {
    setting("CAUCE_SIM_RUNS").unwrap_or(usual)
}

fn check(seed: u64, family: Family) -> Figures {
    let name = match family {
        Family::Exact => "one_seed_on_one_segment",
        Family::Tiny => "one_seed_on_tiny_segments",
    };
    match run(Scenario::draw(seed, family, Sabotage::Nothing)) {
        Ok(figures) => figures,
        Err(broken) => panic!(
            "seed {seed}: {broken}\nreplay it with: CAUCE_SIM_SEED={seed} cargo test -p \
             cauce-store --test simulation {name}"
        ),
    }
}

fn check_many(seeds: std::ops::Range<u64>, family: Family) -> String {
    let began = Instant::now();
    let mut sum = Figures::default();
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let figures = check(seed, family);
        sum.virtual_ms += figures.virtual_ms;
        sum.jobs += figures.jobs;
        sum.requests += figures.requests;
        sum.crashes += figures.crashes;
        sum.calls += figures.calls;
        sum.repeats += figures.repeats;
        sum.series += figures.series;
    }
    let took = began.elapsed().as_secs_f64();
    let hours = sum.virtual_ms as f64 / 3_600_000.0;
    format!(
        "{count} runs in {took:.1} s: {hours:.0} virtual hours, {:.1} a second; {sum:?}",
        hours / took
    )
}

#[test]
fn many_seeds_on_one_segment_break_no_promise() {
    println!("{}", check_many(0..runs(120), Family::Exact));
}

#[test]
fn many_seeds_on_tiny_segments_break_no_promise() {
    println!(
        "{}",
        check_many(1_000_000..1_000_000 + runs(80), Family::Tiny)
    );
}

#[test]
fn one_seed_on_one_segment() {
    check(setting("CAUCE_SIM_SEED").unwrap_or(1), Family::Exact);
}

#[test]
fn one_seed_on_tiny_segments() {
    check(setting("CAUCE_SIM_SEED").unwrap_or(1_000_001), Family::Tiny);
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in 0..10 {
        assert_eq!(
            check(seed, Family::Exact),
            check(seed, Family::Exact),
            "seed {seed}"
        );
    }
}

#[test]
fn whatever_is_broken_on_purpose_is_noticed() {
    let all = [
        Sabotage::NoFsync,
        Sabotage::IgnoreHold,
        Sabotage::NoteNoStart,
        Sabotage::SendTwice,
        Sabotage::LoseSettlement,
        Sabotage::SettleLate,
        Sabotage::DeafToPause,
        Sabotage::DeafToGroup,
        Sabotage::RescueAll,
        Sabotage::UnknownIsRetry,
        Sabotage::NoBisection,
        Sabotage::AckTooSoon,
        Sabotage::ForgetKeys,
    ];
    for sabotage in all {
        let broken = (0..60).find_map(|seed| {
            let broken = run(Scenario::draw(seed, Family::Exact, sabotage)).err()?;
            Some((seed, broken))
        });
        let (seed, broken) = broken.unwrap_or_else(|| panic!("nobody noticed {sabotage:?}"));
        let first = broken.lines().next().unwrap_or_default();
        println!("{sabotage:?}, seed {seed}: {first}");
    }
}
