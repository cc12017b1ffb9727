use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Sends a batch in which some jobs are bad; answers the requests it took, the first included.
fn sort_out(n: usize, bad: &BTreeSet<usize>) -> usize {
    let mut bisection = Bisection::new();
    bisection.push((0..n).collect());
    let (mut delivered, mut rejected) = (Vec::new(), BTreeSet::new());
    let mut requests = 0;
    while let Some((jobs, side)) = bisection.next_part() {
        requests += 1;
        if jobs.iter().any(|job| bad.contains(job)) {
            if let Some(job) = bisection.on_refused(jobs) {
                assert!(rejected.insert(job), "job {job} was rejected twice");
            }
        } else {
            bisection.on_taken(side);
            delivered.extend(jobs);
        }
    }
    assert_eq!(&rejected, bad);
    let good: Vec<_> = (0..n).filter(|job| !bad.contains(job)).collect();
    assert_eq!(delivered, good, "each good job once, in order");
    requests
}

#[test]
fn one_bad_job_costs_at_most_two_log_n_and_one_requests() {
    for n in (1..300).chain([511, 512, 513, 1_000, 1_023, 1_024]) {
        let most = (2.0 * (n as f64).log2() + 1.0).floor() as usize;
        for bad in 0..n {
            let requests = sort_out(n, &BTreeSet::from([bad]));
            assert!(
                requests <= most,
                "{requests} requests for {bad} of {n}, at most {most}"
            );
        }
    }
}

#[test]
fn a_job_is_rejected_only_after_it_was_sent_alone() {
    let mut bisection = Bisection::new();
    assert_eq!(bisection.on_refused(vec!["a", "b"]), None);
    assert_eq!(bisection.next_part(), Some((vec!["a"], Side::Left)));
    bisection.on_taken(Side::Left);
    assert_eq!(bisection.next_part(), Some((vec!["b"], Side::Alone)));
    assert_eq!(bisection.on_refused(vec!["b"]), Some("b"));
    assert!(bisection.is_empty());
}

#[test]
fn a_part_without_an_answer_says_nothing_of_the_other() {
    let mut bisection = Bisection::new();
    bisection.on_refused(vec![1, 2, 3, 4]);
    let _ = bisection.next_part();
    assert_eq!(bisection.next_part(), Some((vec![3, 4], Side::Alone)));
}

#[test]
fn what_is_left_comes_back_in_order() {
    let mut bisection = Bisection::new();
    bisection.on_refused((0..8).collect());
    let (left, _) = bisection.next_part().unwrap();
    bisection.on_refused(left);
    let (sent, _) = bisection.next_part().unwrap();
    assert_eq!(sent, [0, 1]);
    assert_eq!(bisection.into_rest(), [2, 3, 4, 5, 6, 7]);
}

proptest! {
    #[test]
    fn any_number_of_bad_jobs_is_found(n in 1..200usize, picks in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let bad: BTreeSet<_> = picks.iter().map(|pick| pick.index(n)).collect();
        sort_out(n, &bad);
    }
}
