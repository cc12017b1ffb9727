//! Jobs that wait, end or go back apart from the others of their line.

use super::*;
use crate::id::GroupName;

fn spring(number: u64) -> LeasedJob {
    LeasedJob {
        group: Some("spring".parse().unwrap()),
        ..job(number)
    }
}

fn group() -> (TenantId, GroupName) {
    ("acme".parse().unwrap(), "spring".parse().unwrap())
}

fn numbers(send: &Send) -> Vec<u64> {
    send.jobs.iter().map(|job| job.id.number()).collect()
}

fn settled(line: &mut Dispatcher) -> (Vec<Settlement>, Vec<Send>) {
    let (mut ends, mut sends) = (Vec::new(), Vec::new());
    for command in line.commands() {
        match command {
            Command::Settle(settlements) => ends.extend(settlements),
            Command::Send(send) => sends.push(send),
            Command::Claim(_) | Command::Persist(_) => {}
        }
    }
    (ends, sends)
}

#[test]
fn a_shut_group_gives_back_what_has_not_left_and_the_others_go_on() {
    let mut line = line(Policy {
        concurrency: 2,
        ..singles()
    });
    line.on_backlog(backlog(9), ms(0));
    assert!(line.claim_now().is_some());
    let requests = vec![vec![spring(1)], vec![job(2)], vec![spring(3)], vec![job(4)]];
    line.on_claimed(claimed(requests), ms(0));
    // Nobody has seen that the first two are to be sent.
    let (tenant, spring) = group();
    line.on_group_shut(tenant, spring, ms(1));
    let (ends, sends) = settled(&mut line);
    let back: Vec<_> = ends.iter().map(|s| (s.job.number(), &s.outcome)).collect();
    assert_eq!(back, [(1, &Outcome::Release), (3, &Outcome::Release)]);
    let sent: Vec<_> = sends.iter().map(numbers).collect();
    assert_eq!(sent, [[2], [4]]);
}

#[test]
fn what_is_on_its_way_when_its_group_is_shut_ends_as_it_ends() {
    let mut line = line(singles());
    let flying = line.begin(vec![vec![spring(1)]], ms(0)).remove(0);
    let (tenant, group) = group();
    line.on_group_shut(tenant, group, ms(1));
    assert_eq!(line.outcomes(), []);
    line.answer(&flying, delivered(), ms(5));
    assert_eq!(line.outcomes().len(), 1);
}

#[test]
fn a_claim_that_was_on_its_way_gives_back_what_it_brings_of_a_shut_group() {
    for opened in [false, true] {
        let mut line = line(singles());
        line.on_backlog(backlog(9), ms(0));
        assert!(line.claim_now().is_some());
        let (tenant, spring_name) = group();
        line.on_group_shut(tenant.clone(), spring_name.clone(), ms(1));
        if opened {
            line.on_group_open(tenant, spring_name, ms(1));
        }
        line.on_claimed(claimed(vec![vec![spring(1)], vec![job(2)]]), ms(2));
        let (ends, sends) = settled(&mut line);
        let back: Vec<_> = ends.iter().map(|s| s.job.number()).collect();
        let sent: Vec<_> = sends.iter().flat_map(numbers).collect();
        match opened {
            false => assert_eq!((back, sent), (vec![1], vec![2])),
            true => assert_eq!((back, sent), (vec![], vec![1, 2])),
        }
        // The store knows of the gate before the next claim: what that brings may go.
        line.on_backlog(backlog(9), ms(3));
        line.on_claimed(claimed(vec![vec![spring(3)]]), ms(3));
        assert_eq!(line.sends().len(), 1);
    }
}

#[test]
fn a_refused_batch_is_sorted_out_without_the_jobs_of_a_shut_group() {
    let mut line = line(batches());
    let mixed = (0..8).map(|n| if n % 2 == 0 { spring(n) } else { job(n) });
    let send = line.begin(vec![mixed.collect()], ms(0)).remove(0);
    line.answer(&send, Verdict::Bisect(why()), ms(1));
    let (tenant, group) = group();
    line.on_group_shut(tenant, group, ms(1));
    let (ends, mut sends) = settled(&mut line);
    let mut back: Vec<_> = ends.iter().map(|s| s.job.number()).collect();
    back.sort_unstable();
    assert_eq!(back, [0, 2, 4, 6]);
    let mut sent = Vec::new();
    while let Some(send) = sends.pop() {
        sent.extend(numbers(&send));
        line.answer(&send, delivered(), ms(2));
        sends.extend(settled(&mut line).1);
    }
    assert_eq!(sent, [1, 3, 5, 7]);
    assert_eq!(line.in_flight(), 0);
}

#[test]
fn a_snoozed_job_waits_alone_and_costs_no_attempt() {
    let mut line = line(singles());
    for at in 0..9 {
        let snoozed = Verdict::All(Disposition::Snoozed {
            reason: why(),
            after: 6 * SECOND,
        });
        let due_at = ms(at) + 6 * SECOND;
        assert_eq!(
            line.once(snoozed, ms(at)),
            [(1, Outcome::Snooze { due_at })]
        );
    }
    assert_eq!(line.breaker_state(ms(9)), "closed");
    line.on_backlog(backlog(9), ms(9));
    assert_eq!(line.shut(ms(9)), [""; 0], "the line goes on");
    let told = line.observed();
    assert!(told.contains(&Observation::JobsSnoozed { count: 1 }));
}

#[test]
fn a_snooze_of_no_length_waits_a_second() {
    let mut line = line(singles());
    let after = Duration::ZERO;
    let snoozed = Verdict::All(Disposition::Snoozed {
        reason: why(),
        after,
    });
    let due_at = ms(1_000);
    assert_eq!(line.once(snoozed, ms(0)), [(1, Outcome::Snooze { due_at })]);
}

#[test]
fn screened_jobs_end_or_wait_without_being_sent() {
    let mut line = line(singles());
    line.on_backlog(backlog(9), ms(0));
    assert!(line.claim_now().is_some());
    let screened = Claimed {
        refused: vec![(job(1).id, why())],
        cancelled: vec![(job(2).id, why())],
        put_off: vec![(job(3).id, ms(90))],
        backlog: backlog(4),
        ..Claimed::default()
    };
    line.on_claimed(screened, ms(0));
    let (ends, _) = settled(&mut line);
    let ends: Vec<_> = ends.into_iter().map(|s| (s.outcome, s.attempt)).collect();
    let (reason, due_at) = (why(), ms(90));
    let dead = Outcome::Dead { reason };
    let reason = why();
    let cancelled = Outcome::Cancelled { reason };
    let snoozed = Outcome::Snooze { due_at };
    assert_eq!(ends, [(dead, None), (cancelled, None), (snoozed, None)]);
    let told = line.observed();
    assert!(told.contains(&Observation::JobsCancelled { count: 1 }));
}

#[test]
fn an_account_that_is_not_connected_holds_its_line_until_it_is() {
    let mut line = line(singles());
    let away = || Verdict::All(Disposition::Disconnected { reason: why() });
    let sends = line.begin(vec![vec![job(1)], vec![job(2)]], ms(0));
    line.answer(&sends[0], away(), ms(1));
    assert_eq!(line.outcomes(), [(1, Outcome::Release)]);
    line.answer(&sends[1], away(), ms(2));
    assert_eq!(line.breaker_state(ms(2)), "closed");
    line.on_backlog(backlog(9), ms(3));
    assert_eq!(line.shut(ms(3)), ["disconnected"]);
    assert_eq!((line.claim_now(), line.poll_timeout()), (None, None));
    let reason = why();
    let lost = Observation::AccountDisconnected { reason };
    let told = line.observed().into_iter().filter(|told| *told == lost);
    assert_eq!(told.count(), 1, "told once");
    line.on_connected(ms(4));
    assert_eq!(line.claim_now().unwrap().max_jobs, 1, "it starts slowly");
    assert!(line.observed().contains(&Observation::AccountConnected));
}

#[test]
fn a_line_that_is_told_of_a_lost_connection_gives_back_what_has_not_left() {
    let mut line = line(singles());
    line.on_backlog(backlog(9), ms(0));
    assert!(line.claim_now().is_some());
    line.on_claimed(claimed(vec![vec![job(1)]]), ms(0));
    line.on_disconnected(why(), ms(1));
    assert_eq!(line.outcomes(), [(1, Outcome::Release)]);
}
