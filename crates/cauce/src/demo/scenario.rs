//! What happens in the demo, and when: traffic all along, and one trouble after another.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use cauce_engine::Engine;
use cauce_sim::{
    Fault, Poison, RetryAfter,
    traffic::{Made, Traffic, TrafficOptions},
};
use cauce_store::jobs::Scope;
use serde_json::Value;

use super::{Args, ByPlatform, client::Client, moment, outside::Outside, statuses};
use crate::failure::Failure;

/// Posts a second.
const POSTS_A_SECOND: u32 = 20;
/// The share of events that the API has to refuse.
const BAD_SHARE: f64 = 0.01;
/// Every so many posts, an application sends the same one again.
const RESEND_EVERY: u64 = 25;
/// Events that Meta will refuse without saying which one it was.
const POISONED: usize = 3;

/// The events that the API took for one platform.
#[derive(Default)]
pub(super) struct Accepted {
    pub(super) ids: BTreeSet<String>,
}

/// What applications were told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) by_platform: ByPlatform,
    pub(super) posted: u64,
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) rejected: u64,
    /// Events that had to be refused.
    pub(super) flawed: u64,
    pub(super) answer_ms: Vec<f64>,
}

/// Plays the traffic and the troubles.
pub(super) async fn play(
    args: &Args,
    client: &Client,
    outside: &Outside,
    engine: &Engine,
) -> Result<Told, Failure> {
    let mut traffic = Traffic::new(TrafficOptions {
        seed: args.seed,
        origin_ms: engine.now().as_millis() - 60_000,
        events_per_second: args.rate,
        bad_share: BAD_SHARE,
        tag_events: true,
        ..TrafficOptions::default()
    });
    let per_post = (args.rate / POSTS_A_SECOND).max(1) as usize;
    let posts = args.seconds * u64::from(POSTS_A_SECOND);
    let mut told = Told::default();
    let mut troubles = Troubles::new(posts);
    let began = Instant::now();
    for post in 0..posts {
        let (body, made) = traffic.next_batch(per_post);
        troubles.cause(post, outside, &made).await;
        told.posted += made.len() as u64;
        told.flawed += made.iter().filter(|event| event.flaw.is_some()).count() as u64;
        told.take(client.post_timed(body.clone()).await?);
        if post % RESEND_EVERY == RESEND_EVERY - 1 {
            told.posted += made.len() as u64;
            told.flawed += made.iter().filter(|event| event.flaw.is_some()).count() as u64;
            told.take(client.post_timed(body).await?);
        }
        let due = began
            + Duration::from_secs(1) * u32::try_from(post + 1).unwrap_or(u32::MAX) / POSTS_A_SECOND;
        tokio::time::sleep_until(due.into()).await;
    }
    Ok(told)
}

impl Client {
    async fn post_timed(&self, body: Vec<u8>) -> Result<(Value, Duration), Failure> {
        let began = Instant::now();
        Ok((self.post(body).await?, began.elapsed()))
    }
}

impl Told {
    fn take(&mut self, (answer, took): (Value, Duration)) {
        let figure = |name: &str| answer[name].as_u64().unwrap_or(0);
        self.accepted += figure("accepted");
        self.duplicates += figure("duplicates");
        self.rejected += answer["rejected"]
            .as_array()
            .map_or(0, |all| all.len() as u64);
        self.answer_ms.push(took.as_secs_f64() * 1_000.0);
        for event in answer["events"].as_array().into_iter().flatten() {
            let id = event["eventId"].as_str().unwrap_or_default();
            for platform in event["platforms"].as_array().into_iter().flatten() {
                let platform = platform.as_str().unwrap_or_default().to_owned();
                self.by_platform
                    .entry(platform)
                    .or_default()
                    .ids
                    .insert(id.to_owned());
            }
        }
    }
}

/// What goes wrong outside, and at which part of the traffic.
struct Troubles {
    posts: u64,
    down: bool,
}

impl Troubles {
    fn new(posts: u64) -> Troubles {
        Troubles { posts, down: false }
    }

    /// Causes what is due at this post.
    async fn cause(&mut self, post: u64, outside: &Outside, made: &[Made]) {
        let percent = |share: u64| self.posts * share / 100;
        if post == percent(10) {
            let good = made.iter().filter(|event| event.flaw.is_none());
            let ids = good.map(|event| event.event_id.as_str()).take(POISONED);
            outside.meta.faults().poison(ids, Poison::Unnamed);
        }
        if post == percent(20) {
            let seconds = RetryAfter::Seconds(2);
            outside
                .tiktok
                .faults()
                .next(2, Fault::TooManyRequests(seconds));
        }
        if post == percent(30) {
            outside
                .linkedin
                .faults()
                .next(1, Fault::ResetLate { accepts: true });
            outside.linkedin.faults().next(1, Fault::BadGateway);
        }
        if post == percent(40) {
            outside.meta.go_down().await;
            self.down = true;
        }
        if post == percent(60) && self.down {
            outside.meta.come_back().await;
            self.down = false;
        }
        if post == percent(65) {
            outside
                .google
                .faults()
                .next(5, Fault::ServerError { status: 503 });
        }
        if post == percent(75) {
            let date = RetryAfter::Date(Duration::from_secs(1));
            outside
                .tiktok
                .faults()
                .next(1, Fault::TooManyRequests(date));
            outside
                .tiktok
                .faults()
                .next(1, Fault::HalfJson { accepts: true });
        }
        if post == percent(85) {
            outside
                .meta
                .faults()
                .next(1, Fault::ServerError { status: 500 });
            outside
                .meta
                .faults()
                .next(1, Fault::TooManyRequests(RetryAfter::Seconds(1)));
            outside.meta.faults().next(
                1,
                Fault::SlowAnswer {
                    delay: Duration::from_secs(1),
                },
            );
        }
    }
}

/// Waits until nothing is pending, or for as long as it may take.
pub(super) async fn catch_up(engine: &Engine, scope: &Scope, patience: Duration) {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        let pending: u64 = statuses(engine, scope)
            .iter()
            .map(|q| q.counts.pending())
            .sum();
        let pending = pending + super::gateway::pending(engine, scope);
        if pending + super::conversation::pending(engine, scope) == 0 {
            return;
        }
        moment().await;
    }
}
