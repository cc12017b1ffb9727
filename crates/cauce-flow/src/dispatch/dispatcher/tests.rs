mod apart;
mod world;

use std::time::Duration;

use super::*;
use crate::{
    dispatch::{
        disposition::{Disposition, Verdict},
        policy::{BatchPolicy, BreakerPolicy, OnUnknown, RetryPolicy, Window},
    },
    id::{JobId, TenantId},
    priority::Priority,
    queue::settlement::{Outcome, Settlement},
};

const SECOND: Duration = Duration::from_secs(1);

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// One job a request, ten in flight, no limit of rate.
fn singles() -> Policy {
    Policy {
        batch: BatchPolicy {
            max_items: 1,
            max_bytes: 1 << 20,
            max_wait: Duration::ZERO,
            priority_wait: Duration::ZERO,
        },
        rate: Vec::new(),
        concurrency: 10,
        retry: RetryPolicy {
            max_attempts: 3,
            base: SECOND,
            factor: 2.0,
            cap: 300 * SECOND,
            jitter: 0.5,
        },
        breaker: BreakerPolicy {
            failures: 3,
            open_for: 60 * SECOND,
            probes: 1,
        },
        ttl: None,
        on_unknown: OnUnknown::Hold,
    }
}

/// The same with batches of eight.
fn batches() -> Policy {
    let mut policy = singles();
    policy.batch.max_items = 8;
    policy.batch.max_wait = 60 * SECOND;
    policy.batch.priority_wait = SECOND;
    policy
}

fn line(policy: Policy) -> Dispatcher {
    let setup = Setup {
        policy,
        delivery: Delivery::NeverTwice,
        state: None,
        starts: Vec::new(),
    };
    Dispatcher::new(setup, ms(0))
}

fn job(number: u64) -> LeasedJob {
    LeasedJob {
        id: JobId::new(number, 1, ms(0)),
        tenant: TenantId::new("acme").unwrap(),
        group: None,
        priority: Priority::Normal,
        attempt: 1,
        max_attempts: 3,
        enqueued_at: ms(0),
        expires_at: Timestamp::NEVER,
        payload: Default::default(),
    }
}

fn backlog(waiting: u64) -> Backlog {
    Backlog {
        waiting,
        bytes: waiting,
        oldest_at: Some(ms(0)),
        oldest_urgent_at: None,
    }
}

fn claimed(requests: Vec<Vec<LeasedJob>>) -> Claimed {
    Claimed {
        requests,
        ..Claimed::default()
    }
}

fn why() -> Reason {
    Reason::new("http_503", "service unavailable")
}

fn delivered() -> Verdict {
    Verdict::All(Disposition::Delivered { provider_id: None })
}

fn retry() -> Verdict {
    Verdict::All(Disposition::Retry {
        reason: why(),
        after: None,
    })
}

fn throttled(after: Option<Duration>) -> Verdict {
    Verdict::All(Disposition::Throttled {
        reason: why(),
        after,
    })
}

fn unauthorised() -> Verdict {
    Verdict::All(Disposition::Unauthorised { reason: why() })
}

impl Dispatcher {
    fn commands(&mut self) -> Vec<Command> {
        std::iter::from_fn(|| self.poll_command()).collect()
    }

    fn sends(&mut self) -> Vec<Send> {
        let sends = self
            .commands()
            .into_iter()
            .filter_map(|command| match command {
                Command::Send(send) => Some(send),
                Command::Claim(_) | Command::Settle(_) | Command::Persist(_) => None,
            });
        sends.collect()
    }

    fn outcomes(&mut self) -> Vec<(u64, Outcome)> {
        let settled = self
            .commands()
            .into_iter()
            .filter_map(|command| match command {
                Command::Settle(settlements) => Some(settlements),
                Command::Claim(_) | Command::Send(_) | Command::Persist(_) => None,
            });
        settled
            .flatten()
            .map(|s| (s.job.number(), s.outcome))
            .collect()
    }

    fn observed(&mut self) -> Vec<Observation> {
        std::iter::from_fn(|| self.poll_observation()).collect()
    }

    fn claim_now(&mut self) -> Option<Claim> {
        self.commands()
            .into_iter()
            .find_map(|command| match command {
                Command::Claim(claim) => Some(claim),
                Command::Send(_) | Command::Settle(_) | Command::Persist(_) => None,
            })
    }

    /// Claims and starts requests of these jobs, with more waiting behind them.
    fn begin(&mut self, requests: Vec<Vec<LeasedJob>>, now: Timestamp) -> Vec<Send> {
        self.on_backlog(backlog(1_000), now);
        assert!(self.claim_now().is_some(), "shut: {:?}", self.why(now));
        self.on_claimed(claimed(requests), now);
        self.sends()
    }

    fn answer(&mut self, send: &Send, verdict: Verdict, now: Timestamp) {
        let answered = Answered {
            verdict,
            hold: None,
            status: 0,
        };
        self.on_left(send.request, now);
        self.on_answered(send.request, answered, 0.0, now);
    }

    /// Lets one request fail or succeed from beginning to end.
    fn once(&mut self, verdict: Verdict, now: Timestamp) -> Vec<(u64, Outcome)> {
        let send = self.begin(vec![vec![job(1)]], now).remove(0);
        self.answer(&send, verdict, now);
        self.outcomes()
    }

    fn shut(&self, now: Timestamp) -> Vec<&'static str> {
        self.why(now)
            .iter()
            .map(|gate| gate.name.as_str())
            .collect()
    }
}

#[test]
fn claims_as_many_jobs_as_may_leave_in_one_go() {
    let mut line = line(singles());
    line.on_backlog(backlog(1_000), ms(0));
    let claim = line.claim_now().unwrap();
    assert_eq!((claim.max_jobs, claim.max_requests), (10, 10));
    line.on_backlog(backlog(2_000), ms(0));
    assert_eq!(line.claim_now(), None, "one claim at a time");
}

#[test]
fn claims_only_what_the_quota_admits() {
    let rate = vec![Window {
        max: 4,
        per: SECOND,
    }];
    let mut line = line(Policy { rate, ..singles() });
    let sends = line.begin((0..4).map(|n| vec![job(n)]).collect(), ms(0));
    assert_eq!(sends.len(), 4);
    for send in &sends {
        line.answer(send, delivered(), ms(20));
    }
    line.on_backlog(backlog(1_000), ms(20));
    assert_eq!(line.claim_now(), None);
    assert_eq!(line.shut(ms(20)), ["rate"]);
    assert_eq!(line.poll_timeout(), Some(ms(1_021)));
    line.handle_timeout(ms(1_021));
    assert_eq!(line.claim_now().unwrap().max_jobs, 4);
}

#[test]
fn a_batch_waits_for_company_and_then_for_its_age() {
    let mut line = line(batches());
    line.on_backlog(backlog(7), ms(10));
    assert_eq!(line.claim_now(), None);
    assert_eq!(line.shut(ms(10)), ["batch"]);
    assert_eq!(line.poll_timeout(), Some(ms(60_000)));
    line.on_backlog(backlog(17), ms(20));
    assert_eq!(line.claim_now().unwrap().max_jobs, 16, "full batches only");
    line.on_claimed(claimed(vec![vec![job(1)]]), ms(20));
    line.on_backlog(backlog(3), ms(60_000));
    assert_eq!(line.claim_now().unwrap().max_requests, 9);
}

#[test]
fn a_store_that_gives_nothing_is_not_asked_again_until_it_says_so() {
    let mut line = line(singles());
    line.on_backlog(backlog(5), ms(0));
    assert!(line.claim_now().is_some());
    let nothing = Claimed {
        backlog: backlog(5),
        ..Claimed::default()
    };
    line.on_claimed(nothing, ms(1));
    assert_eq!(line.claim_now(), None);
    assert!(line.is_idle());
}

#[test]
fn jobs_that_the_destination_would_refuse_die_unsent() {
    let mut line = line(singles());
    line.on_backlog(backlog(5), ms(0));
    assert!(line.claim_now().is_some());
    let refused = vec![(JobId::new(7, 1, ms(0)), why())];
    let backlog = backlog(4);
    line.on_claimed(
        Claimed {
            refused,
            backlog,
            ..Claimed::default()
        },
        ms(1),
    );
    let commands = line.commands();
    let [Command::Settle(settled), Command::Claim(_)] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(settled[0].outcome, Outcome::Dead { reason: why() });
    assert_eq!(settled[0].attempt, None);
}

#[test]
fn a_failed_job_goes_again_after_its_backoff_and_dies_with_its_last_attempt() {
    let mut line = line(singles());
    let due_at = ms(1_000);
    assert_eq!(line.once(retry(), ms(0)), [(1, Outcome::Retry { due_at })]);
    let last = LeasedJob {
        attempt: 3,
        ..job(2)
    };
    let send = line.begin(vec![vec![last]], ms(10)).remove(0);
    line.answer(&send, retry(), ms(10));
    assert_eq!(line.outcomes(), [(2, Outcome::Dead { reason: why() })]);
}

#[test]
fn every_settlement_tells_the_attempt_that_was_made() {
    let mut line = line(singles());
    let send = line.begin(vec![vec![job(1)]], ms(0)).remove(0);
    line.on_left(send.request, ms(3));
    let verdict = retry();
    let answered = Answered {
        verdict,
        hold: None,
        status: 503,
    };
    line.on_answered(send.request, answered, 0.0, ms(9));
    let Some(Command::Settle(settled)) = line.poll_command() else {
        panic!()
    };
    let attempt = settled[0].attempt.clone().unwrap();
    assert_eq!((attempt.started_at, attempt.ended_at), (ms(3), ms(9)));
    assert_eq!((attempt.status, attempt.batch), (503, 1));
    assert_eq!(attempt.reason, Some(why()));
}

#[test]
fn the_jobs_of_a_failed_batch_come_back_together() {
    let mut line = line(batches());
    let send = line.begin(vec![(0..8).map(job).collect()], ms(0)).remove(0);
    line.on_left(send.request, ms(0));
    let answered = Answered {
        verdict: retry(),
        hold: None,
        status: 503,
    };
    line.on_answered(send.request, answered, 0.7, ms(0));
    let due_at = ms(1_350);
    for (_, outcome) in line.outcomes() {
        assert_eq!(outcome, Outcome::Retry { due_at });
    }
}

#[test]
fn an_ambiguous_answer_holds_the_job_where_it_must_not_go_twice() {
    let unknown = || Verdict::All(Disposition::Unknown { reason: why() });
    let mut line = line(singles());
    assert_eq!(
        line.once(unknown(), ms(0)),
        [(1, Outcome::Unknown { reason: why() })]
    );
    line.delivery = Delivery::Deduplicates;
    let [(1, Outcome::Retry { .. })] = line.once(unknown(), ms(0))[..] else {
        panic!()
    };
    line.delivery = Delivery::NeverTwice;
    line.policy.on_unknown = OnUnknown::Retry;
    let [(1, Outcome::Retry { .. })] = line.once(unknown(), ms(0))[..] else {
        panic!()
    };
}

#[test]
fn refused_credentials_stop_the_line_until_they_are_mended() {
    let mut line = line(singles());
    let sends = line.begin(vec![vec![job(1)], vec![job(2)]], ms(0));
    line.answer(&sends[0], unauthorised(), ms(5));
    line.answer(&sends[1], unauthorised(), ms(6));
    assert_eq!(
        line.outcomes(),
        [(1, Outcome::Release), (2, Outcome::Release)]
    );
    line.on_backlog(backlog(2), ms(10));
    assert_eq!((line.claim_now(), line.poll_timeout()), (None, None));
    assert_eq!(line.shut(ms(10)), ["credentials"]);
    let refused = Observation::AccountRefused { reason: why() };
    let told = line.observed().into_iter().filter(|told| *told == refused);
    assert_eq!(told.count(), 1);
    line.on_credentials_mended(ms(20));
    assert_eq!(
        line.claim_now().unwrap().max_jobs,
        1,
        "the flow starts slowly"
    );
    assert_eq!(line.observed(), [Observation::AccountMended]);
}

#[test]
fn a_pause_takes_back_what_has_not_left_and_lets_the_rest_end() {
    let mut line = line(singles());
    let flying = line.begin(vec![vec![job(1)]], ms(0)).remove(0);
    line.on_backlog(backlog(9), ms(1));
    assert!(line.claim_now().is_some());
    line.on_claimed(claimed(vec![vec![job(2)]]), ms(2));
    line.on_pause(ms(2));
    let commands = line.commands();
    let [Command::Settle(settled)] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(settled[0].outcome, Outcome::Release);
    assert_eq!(settled[0].attempt, None);
    line.answer(&flying, delivered(), ms(5));
    assert_eq!(line.outcomes().len(), 1);
    line.on_backlog(backlog(9), ms(6));
    assert!(line.is_idle());
    line.on_resume(ms(7));
    assert_eq!(line.claim_now().unwrap().max_jobs, 10);
}

#[test]
fn jobs_claimed_across_a_pause_go_back() {
    let mut line = line(singles());
    line.on_backlog(backlog(9), ms(0));
    assert!(line.claim_now().is_some());
    line.on_pause(ms(1));
    line.on_claimed(claimed(vec![vec![job(2)]]), ms(2));
    assert_eq!(line.outcomes(), [(2, Outcome::Release)]);
}

#[test]
fn a_drain_finishes_what_is_claimed_and_claims_no_more() {
    let mut line = line(Policy {
        concurrency: 1,
        ..singles()
    });
    let first = line
        .begin(vec![vec![job(1)], vec![job(2)]], ms(0))
        .remove(0);
    line.on_drain(ms(1));
    line.answer(&first, delivered(), ms(2));
    let second = line.sends().remove(0);
    line.answer(&second, delivered(), ms(3));
    line.on_backlog(backlog(9), ms(4));
    assert_eq!(line.outcomes().len(), 1);
    assert!(line.is_idle());
    assert_eq!(line.shut(ms(4)), ["draining"]);
}

#[test]
fn a_retry_after_holds_the_line_and_it_starts_again_slowly() {
    let mut line = line(singles());
    let sends = line.begin(vec![vec![job(1)], vec![job(2)]], ms(0));
    line.answer(&sends[0], throttled(Some(30 * SECOND)), ms(0));
    line.answer(&sends[1], throttled(Some(10 * SECOND)), ms(100));
    assert_eq!(line.outcomes()[1].1, Outcome::Release);
    line.on_backlog(backlog(100), ms(200));
    assert_eq!(line.shut(ms(200)), ["held"]);
    assert_eq!(line.poll_timeout(), Some(ms(30_000)), "never shortened");
    line.handle_timeout(ms(29_999));
    assert_eq!(line.claim_now(), None);
    line.handle_timeout(ms(30_000));
    assert_eq!(line.claim_now().unwrap().max_jobs, 1);
    line.on_claimed(claimed(vec![vec![job(3)]]), ms(30_000));
    let send = line.sends().remove(0);
    line.answer(&send, delivered(), ms(30_100));
    line.on_backlog(backlog(100), ms(30_100));
    assert_eq!(line.claim_now().unwrap().max_jobs, 2);
}

#[test]
fn a_hold_beside_a_good_answer_counts_too() {
    let mut line = line(singles());
    let send = line.begin(vec![vec![job(1)]], ms(0)).remove(0);
    let hold = Some(100 * 24 * 3600 * SECOND);
    let answered = Answered {
        verdict: delivered(),
        hold,
        status: 200,
    };
    line.on_answered(send.request, answered, 0.0, ms(0));
    let day = ms(24 * 3600 * 1_000);
    assert_eq!(line.why(ms(1))[0].opens_at, Some(day), "capped at a day");
    assert!(
        line.observed()
            .contains(&Observation::AccountHeld { until: day })
    );
}

#[test]
fn throttling_without_a_time_holds_longer_each_time() {
    let mut line = line(singles());
    line.policy.breaker.failures = 100;
    line.breaker.set_policy(line.policy.breaker);
    let mut now = ms(0);
    let mut holds = Vec::new();
    for _ in 0..8 {
        line.once(throttled(None), now);
        let opens = line.held_until.unwrap();
        holds.push(opens.since(now).as_secs());
        now = opens;
    }
    assert_eq!(holds, [1, 2, 4, 8, 16, 32, 60, 60]);
    line.once(delivered(), now);
    line.once(throttled(None), now);
    assert_eq!(line.held_until.unwrap().since(now), SECOND);
}

#[test]
fn failures_in_a_row_open_the_breaker_and_a_probe_closes_it() {
    let mut line = line(singles());
    for _ in 0..3 {
        line.once(retry(), ms(0));
    }
    line.on_backlog(backlog(5), ms(1));
    assert_eq!(line.shut(ms(1)), ["breaker"]);
    assert_eq!(line.poll_timeout(), Some(ms(60_000)));
    line.on_backlog(backlog(5), ms(60_000));
    assert_eq!(line.claim_now().unwrap().max_jobs, 1);
    line.on_claimed(claimed(vec![vec![job(9)]]), ms(60_000));
    let probe = line.sends().remove(0);
    line.on_backlog(backlog(5), ms(60_001));
    assert_eq!(line.shut(ms(60_001)), ["breaker", "in_flight"]);
    line.answer(&probe, delivered(), ms(60_100));
    assert_eq!(line.breaker_state(ms(60_100)), "closed");
    assert!(line.observed().contains(&Observation::BreakerClosed));
}

#[test]
fn faults_of_single_jobs_open_nothing() {
    let mut line = line(singles());
    for _ in 0..20 {
        let rejected = Verdict::All(Disposition::Rejected { reason: why() });
        line.once(rejected, ms(0));
        line.once(retry(), ms(0));
    }
    assert_eq!(line.breaker_state(ms(0)), "closed");
}

#[test]
fn a_burst_of_throttled_requests_with_a_time_is_one_failure() {
    let mut line = line(singles());
    let sends = line.begin((0..10).map(|n| vec![job(n)]).collect(), ms(0));
    for send in &sends {
        line.answer(send, throttled(Some(2 * SECOND)), ms(50));
    }
    assert_eq!(line.shut(ms(51)), ["held"]);
    for at in [3_000, 6_000] {
        line.once(throttled(Some(2 * SECOND)), ms(at));
    }
    assert_eq!(
        line.breaker_state(ms(6_001)),
        "open",
        "the third burst opens it"
    );
}

#[test]
fn throttled_requests_without_a_time_each_count_as_a_failure() {
    let mut line = line(singles());
    let sends = line.begin((0..3).map(|n| vec![job(n)]).collect(), ms(0));
    for send in &sends {
        line.answer(send, throttled(None), ms(50));
    }
    assert_eq!(line.breaker_state(ms(51)), "open");
}

#[test]
fn what_a_restart_has_to_know_is_handed_out_and_taken_back() {
    let mut line = line(singles());
    for _ in 0..3 {
        let send = line.begin(vec![vec![job(1)]], ms(0)).remove(0);
        line.answer(&send, retry(), ms(0));
    }
    let state = line
        .commands()
        .into_iter()
        .find_map(|command| match command {
            Command::Persist(state) => Some(state),
            Command::Claim(_) | Command::Send(_) | Command::Settle(_) => None,
        });
    assert!(state.is_some());
    let setup = Setup {
        policy: singles(),
        delivery: Delivery::NeverTwice,
        state,
        starts: Vec::new(),
    };
    let mut again = Dispatcher::new(setup, ms(10_000));
    again.on_backlog(backlog(5), ms(10_000));
    assert_eq!(again.shut(ms(10_000)), ["breaker"]);
    again.handle_timeout(ms(60_000));
    assert_eq!(again.claim_now().unwrap().max_jobs, 1);
}

#[test]
fn a_refused_batch_is_halved_and_each_good_job_delivered_once() {
    let mut line = line(batches());
    let mut sends = line.begin(vec![(0..8).map(job).collect()], ms(0));
    let (mut requests, mut outcomes) = (0, Vec::new());
    while let Some(send) = sends.pop() {
        requests += 1;
        let bad = send.jobs.iter().any(|job| job.id.number() == 2);
        assert_eq!(send.noted, requests == 1);
        line.answer(
            &send,
            if bad {
                Verdict::Bisect(why())
            } else {
                delivered()
            },
            ms(0),
        );
        for command in line.commands() {
            match command {
                Command::Send(send) => sends.push(send),
                Command::Settle(settled) => outcomes.extend(settled),
                Command::Claim(_) | Command::Persist(_) => {}
            }
        }
    }
    assert!(requests <= 7, "{requests}");
    let rejected: Vec<_> = outcomes
        .iter()
        .filter(|s| s.outcome == Outcome::Dead { reason: why() })
        .map(|s| s.job.number())
        .collect();
    assert_eq!((rejected, outcomes.len()), (vec![2], 8));
    assert_eq!(line.in_flight(), 0);
    let told = line.observed();
    let bisected = told
        .iter()
        .filter(|told| **told == Observation::BatchBisected { jobs: 8 });
    assert_eq!(bisected.count(), 1);
}

#[test]
fn named_jobs_are_rejected_and_the_others_go_again_at_once() {
    let mut line = line(batches());
    let send = line.begin(vec![(0..4).map(job).collect()], ms(0)).remove(0);
    line.answer(&send, Verdict::Without(vec![(1, why()), (3, why())]), ms(5));
    let commands = line.commands();
    let [Command::Settle(settled), Command::Send(again)] = &commands[..] else {
        panic!("{commands:?}");
    };
    let dead: Vec<_> = settled.iter().map(|s| s.job.number()).collect();
    let rest: Vec<_> = again.jobs.iter().map(|job| job.id.number()).collect();
    assert_eq!((dead, rest), (vec![1, 3], vec![0, 2]));
    assert_eq!(line.breaker.snapshot(ms(5)).failures, 0);
}

#[test]
fn a_verdict_that_names_nobody_is_sorted_out_by_halving() {
    let mut line = line(batches());
    let send = line.begin(vec![(0..4).map(job).collect()], ms(0)).remove(0);
    line.answer(&send, Verdict::Without(vec![(9, why())]), ms(5));
    assert_eq!(line.sends()[0].jobs.len(), 2);
    let send = line.begin_single_batch();
    line.answer(&send, Verdict::Without(Vec::new()), ms(5));
    assert_eq!(line.outcomes().len(), 1, "a batch of one is rejected");
}

impl Dispatcher {
    fn begin_single_batch(&mut self) -> Send {
        self.begin(vec![vec![job(50)]], ms(5)).remove(0)
    }
}

#[test]
fn a_refused_batch_waits_for_the_rate_without_being_given_back() {
    let rate = vec![Window {
        max: 1,
        per: 10 * SECOND,
    }];
    let mut line = line(Policy { rate, ..batches() });
    let send = line
        .begin(vec![(0..4).map(job).collect(), vec![job(9)]], ms(0))
        .remove(0);
    line.answer(&send, Verdict::Bisect(why()), ms(0));
    assert_eq!(
        line.outcomes(),
        [(9, Outcome::Release)],
        "only the other request"
    );
    assert_eq!(line.poll_timeout(), Some(ms(10_001)));
    line.handle_timeout(ms(10_001));
    assert_eq!(line.sends()[0].jobs.len(), 2);
}

#[test]
fn requests_that_would_wait_for_long_are_given_back() {
    let rate = vec![Window {
        max: 1,
        per: 10 * SECOND,
    }];
    let mut line = line(Policy { rate, ..batches() });
    line.on_backlog(backlog(1_000), ms(0));
    assert!(line.claim_now().is_some());
    line.on_claimed(claimed(vec![vec![job(1)], vec![job(2)]]), ms(0));
    let send = line.sends().remove(0);
    line.on_left(send.request, ms(0));
    assert_eq!(line.outcomes(), [(2, Outcome::Release)]);
}

#[test]
fn a_job_that_expired_in_hand_is_not_sent() {
    let mut line = line(Policy {
        concurrency: 1,
        ..singles()
    });
    let late = LeasedJob {
        expires_at: ms(50),
        ..job(2)
    };
    let first = line.begin(vec![vec![job(1)], vec![late]], ms(0)).remove(0);
    line.answer(&first, delivered(), ms(50));
    assert_eq!(line.outcomes()[1], (2, Outcome::Release));
    assert!(line.is_idle());
}

#[test]
fn a_refused_batch_goes_on_when_the_next_part_expired_in_hand() {
    let mut line = line(batches());
    let jobs = (0..4).map(|n| LeasedJob {
        expires_at: if n < 2 { ms(50) } else { Timestamp::NEVER },
        ..job(n)
    });
    let send = line.begin(vec![jobs.collect()], ms(0)).remove(0);
    let verdict = Verdict::Bisect(why());
    let answered = Answered {
        verdict,
        hold: Some(SECOND),
        status: 400,
    };
    line.on_answered(send.request, answered, 0.0, ms(40));
    assert_eq!(line.sends().len(), 0);
    line.handle_timeout(ms(1_040));
    let rest: Vec<_> = line.sends()[0]
        .jobs
        .iter()
        .map(|job| job.id.number())
        .collect();
    assert_eq!(rest, [2, 3]);
}

#[test]
fn a_part_that_failed_for_the_moment_says_nothing_of_the_other() {
    let mut line = line(batches());
    let send = line.begin(vec![(0..8).map(job).collect()], ms(0)).remove(0);
    line.answer(&send, Verdict::Bisect(why()), ms(1));
    let left = line.sends().remove(0);
    line.answer(&left, retry(), ms(2));
    assert_eq!(line.sends()[0].jobs.len(), 4);
}

#[test]
fn retries_beyond_their_share_wait_longer_than_their_backoff() {
    let mut line = line(singles());
    line.policy.breaker.failures = 100;
    line.breaker.set_policy(line.policy.breaker);
    let mut due = Vec::new();
    for _ in 0..30 {
        let outcomes = line.once(retry(), ms(0));
        let [(_, Outcome::Retry { due_at })] = outcomes[..] else {
            panic!("{outcomes:?}")
        };
        due.push(due_at.as_millis());
    }
    assert!(due[..10].iter().all(|at| *at == 1_000), "{due:?}");
    assert!(due[29] > 5_000, "{due:?}");
}

#[test]
fn a_request_that_never_left_costs_nothing() {
    let rate = vec![Window {
        max: 1,
        per: SECOND,
    }];
    let mut line = line(Policy { rate, ..singles() });
    let send = line.begin(vec![vec![job(1)]], ms(0)).remove(0);
    line.on_unsent(send.request, ms(5));
    assert_eq!(line.outcomes(), [(1, Outcome::Release)]);
    assert_eq!(line.in_flight(), 0);
    line.on_backlog(backlog(1), ms(5));
    assert_eq!(line.claim_now().unwrap().max_jobs, 1);
}

#[test]
fn a_start_that_was_noted_too_long_ago_is_noted_again() {
    let mut line = line(Policy {
        concurrency: 1,
        ..singles()
    });
    let first = line
        .begin(vec![vec![job(1)], vec![job(2)]], ms(0))
        .remove(0);
    assert!(first.noted);
    line.answer(&first, delivered(), ms(600));
    assert!(!line.sends()[0].noted);
}

#[test]
fn another_policy_holds_at_once() {
    let mut line = line(singles());
    let send = line.begin(vec![vec![job(1)]], ms(0)).remove(0);
    line.answer(&send, delivered(), ms(5));
    let rate = vec![Window {
        max: 3,
        per: SECOND,
    }];
    let policy = Policy {
        rate,
        concurrency: 4,
        ..singles()
    };
    line.on_policy(policy, &[(ms(0), 1)], ms(10));
    line.on_backlog(backlog(100), ms(10));
    let claim = line.claim_now().unwrap();
    assert_eq!(claim.max_jobs, 2, "three a second, of which one is used");
}

#[test]
fn an_answer_that_passes_over_a_job_leaves_it_unknown() {
    let mut line = line(batches());
    let send = line.begin(vec![vec![job(1), job(2)]], ms(0)).remove(0);
    let one = vec![Disposition::Delivered { provider_id: None }];
    line.answer(&send, Verdict::Each(one), ms(1));
    let outcomes = line.outcomes();
    assert!(
        matches!(outcomes[1], (2, Outcome::Unknown { .. })),
        "{outcomes:?}"
    );
}
