//! A destination whose code panics over a job costs that job, and no other; the line goes on.

use cauce_flow::{dispatch::disposition::Delivery, id::JobId, job::State};
use cauce_store::jobs::Scope;

use tokio::time::timeout;

use super::bench::{Bench, Faulty, Panics, SOON};

async fn bench(panics: Panics, delivery: Delivery, max_items: usize) -> Bench {
    Bench::start(Faulty::new(panics, delivery, max_items)).await
}

async fn ends(bench: &Bench, id: JobId, state: State, code: &str) {
    let job = bench.becomes(id, state).await.summary;
    assert_eq!(job.last_error.unwrap().code, code);
    assert_eq!(job.attempt, 0, "it uses up no attempt");
}

/// Three panics are the fault of the job; those that travelled with it are delivered.
async fn costs_one_job(panics: Panics, delivery: Delivery, max_items: usize) {
    let bench = bench(panics, delivery, max_items).await;
    let jobs = bench.enqueue(&["a", "b", "boom", "c", "d"]).await;
    ends(&bench, jobs[2], State::Dead, "poison").await;
    for place in [0, 1, 3, 4] {
        let job = bench.becomes(jobs[place], State::Completed).await;
        assert_eq!(job.attempts.len(), 1, "it was sent once");
    }
    let later = bench.enqueue(&["e"]).await[0];
    bench.becomes(later, State::Completed).await;
    let queues = bench.engine.queues(&Scope::All);
    assert_eq!(queues[0].lines[0].restarts, 3);
    assert_eq!(bench.engine.jobs().audit(), [], "nothing vanished");
    bench.stop().await;
}

#[tokio::test]
async fn job_that_cannot_be_looked_at_is_poison() {
    costs_one_job(Panics::Screen, Delivery::Deduplicates, 10).await;
}

#[tokio::test]
async fn job_that_cannot_be_packed_is_poison() {
    costs_one_job(Panics::BatchKey, Delivery::NeverTwice, 10).await;
}

#[tokio::test]
async fn job_that_cannot_be_encoded_is_poison() {
    costs_one_job(Panics::Encode, Delivery::Deduplicates, 1).await;
    costs_one_job(Panics::Encode, Delivery::NeverTwice, 1).await;
}

#[tokio::test]
async fn job_that_spoils_its_batch_travels_alone_until_it_is_poison() {
    costs_one_job(Panics::Encode, Delivery::Deduplicates, 10).await;
    costs_one_job(Panics::Encode, Delivery::NeverTwice, 10).await;
}

#[tokio::test]
async fn job_whose_answer_cannot_be_read_goes_again_where_repeats_are_recognised() {
    let bench = bench(Panics::Classify, Delivery::Deduplicates, 1).await;
    let jobs = bench.enqueue(&["boom", "a"]).await;
    ends(&bench, jobs[0], State::Dead, "poison").await;
    bench.becomes(jobs[1], State::Completed).await;
    bench.stop().await;
}

#[tokio::test]
async fn job_whose_answer_cannot_be_read_is_unknown_where_it_must_not_go_twice() {
    let bench = bench(Panics::Classify, Delivery::NeverTwice, 1).await;
    let jobs = bench.enqueue(&["boom", "a"]).await;
    ends(&bench, jobs[0], State::Unknown, "crashed").await;
    bench.becomes(jobs[1], State::Completed).await;
    bench.stop().await;
}

#[tokio::test]
async fn line_that_failed_still_obeys() {
    let bench = bench(Panics::Encode, Delivery::Deduplicates, 1).await;
    let queue = super::bench::queue();
    let boom = bench.enqueue(&["boom"]).await[0];
    let failed_twice = async {
        while bench.engine.queues(&Scope::All)[0].lines[0].restarts < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, failed_twice).await.unwrap();
    bench.engine.pause(&queue, None).await.unwrap();
    let job = bench.enqueue(&["a"]).await[0];
    let why = bench.engine.why(job, Scope::All).await.unwrap();
    assert_eq!(why.gates[0].name, "paused");
    bench.engine.resume(&queue, None).await.unwrap();
    bench.becomes(job, State::Completed).await;
    bench.becomes(boom, State::Dead).await;
    bench.stop().await;
}

#[tokio::test]
async fn loop_that_panics_itself_loses_no_job() {
    let bench = bench(Panics::Loop, Delivery::Deduplicates, 2).await;
    let jobs = bench.enqueue(&["a", "b", "c", "d", "e"]).await;
    for job in jobs {
        bench.becomes(job, State::Completed).await;
    }
    assert_eq!(bench.engine.queues(&Scope::All)[0].lines[0].restarts, 1);
    bench.stop().await;
}
