//! A line does as the last gate says that the store was told, whoever told it and in what order the
//! line heard of it.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use cauce_flow::{
    dispatch::disposition::Delivery,
    id::{GroupName, JobId, QueueName},
    job::State,
    reason::Reason,
};
use cauce_store::jobs::{Error, Gate, GroupGate, Scope};
use tokio::time::timeout;

use super::bench::{Bench, Faulty, Panics, SOON, account, queue, tenant};

type Move<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

async fn bench() -> Bench {
    Bench::start(Faulty::new(Panics::Never, Delivery::Deduplicates, 1)).await
}

/// Polls so often at most. Answers whether it ended.
async fn poll_times(times: usize, work: &mut Move<'_>) -> bool {
    let mut polls = 0;
    poll_fn(|cx| {
        if polls == times {
            return Poll::Ready(false);
        }
        polls += 1;
        work.as_mut().poll(cx).map(|_| true)
    })
    .await
}

/// A job flows if the gate is open, and waits if it is not.
async fn line_follows(bench: &Bench, what: &str) {
    let gate = bench.engine.jobs().gate(&queue(), Some(&tenant()));
    let job = bench.enqueue(&["a"]).await[0];
    if gate == Gate::Paused {
        // Each answer comes from the loop of the line: it has had its turns to claim the job.
        for _ in 0..50 {
            bench.engine.why(job, Scope::All).await.unwrap();
        }
        let state = bench.job(job).await.summary.state;
        assert_eq!(state, State::Waiting, "{what}");
        bench.engine.resume(&queue(), None).await.unwrap();
    }
    let seen = bench.becomes(job, State::Completed);
    timeout(SOON, seen)
        .await
        .unwrap_or_else(|_| panic!("the line stands still: {what}"));
}

#[tokio::test]
async fn pause_and_resume_at_the_same_moment_leave_the_line_as_the_gate_is() {
    let bench = bench().await;
    let engine = &bench.engine;
    // Which of the two the store hears first differs from time to time.
    for round in 0..80 {
        let (first, pause_first) = (round % 4, round % 8 < 4);
        let (queue, other) = (queue(), queue());
        let pause: Move<'_> = Box::pin(engine.pause(&queue, None));
        let resume: Move<'_> = Box::pin(engine.resume(&other, None));
        let (mut early, late) = match pause_first {
            true => (pause, resume),
            false => (resume, pause),
        };
        let ended = poll_times(first, &mut early).await;
        late.await.unwrap();
        if !ended {
            early.await.unwrap();
        }
        let what = format!("pause first: {pause_first}, after {first} polls");
        line_follows(&bench, &what).await;
    }
    bench.stop().await;
}

#[tokio::test]
async fn gate_that_nobody_waits_for_is_followed_all_the_same() {
    let bench = bench().await;
    for moment in (0..80).map(|round| round % 4) {
        let queue = queue();
        bench.engine.pause(&queue, None).await.unwrap();
        let mut resume: Move<'_> = Box::pin(bench.engine.resume(&queue, None));
        poll_times(moment, &mut resume).await;
        drop(resume);
        // What the store is asked after it is answered after it.
        let (jobs, now) = (bench.engine.jobs(), bench.engine.now());
        let other = QueueName::new("other").unwrap();
        jobs.set_gate(other, None, Gate::Open, now).await.unwrap();
        line_follows(&bench, &format!("dropped after {moment} polls")).await;
    }
    bench.stop().await;
}

/// The gates that a job waits for, once its line has had its turns to claim it.
async fn gates_of(bench: &Bench, job: JobId) -> Vec<&'static str> {
    for _ in 0..50 {
        bench.engine.why(job, Scope::All).await.unwrap();
    }
    let why = bench.engine.why(job, Scope::All).await.unwrap();
    why.gates.iter().map(|gate| gate.name).collect()
}

#[tokio::test]
async fn a_shut_group_waits_while_the_others_go_and_a_stopped_one_is_cancelled() {
    let bench = bench().await;
    let spring = GroupName::new("spring").unwrap();
    let set = async |gate| bench.engine.set_group(tenant(), spring.clone(), gate).await;
    set(GroupGate::Paused).await.unwrap();
    let held = bench.enqueue_in(&spring).await;
    let other = bench.enqueue(&["a"]).await[0];
    bench.becomes(other, State::Completed).await;
    assert_eq!(gates_of(&bench, held).await, ["group"]);
    assert_eq!(bench.job(held).await.summary.state, State::Waiting);
    set(GroupGate::Open).await.unwrap();
    bench.becomes(held, State::Completed).await;
    set(GroupGate::Paused).await.unwrap();
    let held = bench.enqueue_in(&spring).await;
    assert_eq!(set(GroupGate::Stopped).await.unwrap(), 1);
    assert_eq!(bench.job(held).await.summary.state, State::Cancelled);
    let refused = set(GroupGate::Open).await;
    assert!(matches!(refused, Err(Error::Stopped { .. })), "{refused:?}");
    bench.stop().await;
}

#[tokio::test]
async fn an_account_that_is_held_waits_as_disconnected_until_it_is_released() {
    let bench = bench().await;
    let reason = Reason::new("closed", "the phone is off");
    bench.engine.hold_account(&account(), reason);
    let job = bench.enqueue(&["a"]).await[0];
    assert_eq!(gates_of(&bench, job).await, ["disconnected"]);
    bench.engine.release_account(&account());
    bench.becomes(job, State::Completed).await;
    bench.stop().await;
}
