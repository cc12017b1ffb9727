//! Runs one stand-in of each platform until Ctrl-C, then shows what they saw:
//! `cargo run -p cauce-sim --example stand_ins [first port]`.

#![expect(clippy::print_stdout, reason = "it is a program for a terminal")]

use std::time::Duration;

use cauce_sim::{Options, Platform, StandIn};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let first: u16 = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(0);
    let mut running = Vec::new();
    for (offset, platform) in (0..).zip(Platform::ALL) {
        let port = if first == 0 { 0 } else { first + offset };
        let stand_in = StandIn::start(
            platform,
            Options {
                port,
                ..Options::default()
            },
        )
        .await?;
        println!("{:10} {}", platform.name(), stand_in.base_url());
        running.push(stand_in);
    }
    tokio::signal::ctrl_c().await?;
    for stand_in in running {
        show(&stand_in);
        stand_in.stop().await;
    }
    Ok(())
}

fn show(stand_in: &StandIn) {
    let ledger = stand_in.ledger();
    println!(
        "{:10} {} requests, at most {} in a second and {} at once; {} events, {} repeats; refused {:?}; \
         callbacks answered {:?}",
        stand_in.platform().name(),
        ledger.request_count(),
        ledger.highest_in(Duration::from_secs(1)),
        ledger.max_in_flight(),
        ledger.accepted_events(),
        ledger.repeats(),
        ledger.refusals(),
        stand_in.messages().callbacks().answered,
    );
}
