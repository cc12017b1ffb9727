use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const SHARES: [u32; 4] = [0, 10, 5, 2];

fn serve(shares: &mut PriorityShares, waiting: [bool; 4], turns: usize) -> [u32; 4] {
    let mut served = [0; 4];
    for _ in 0..turns {
        served[shares.pick(waiting).unwrap().index()] += 1;
    }
    served
}

#[test]
fn lower_priorities_get_their_share_while_higher_ones_never_run_dry() {
    let mut shares = PriorityShares::new(SHARES);
    let served = serve(&mut shares, [true; 4], 10_000);
    for (served, wanted) in served.into_iter().zip([8_300, 1_000, 500, 200]) {
        assert!(served.abs_diff(wanted) <= 3, "{served} of {wanted}");
    }
}

#[test]
fn the_most_urgent_one_that_waits_goes_first() {
    let mut shares = PriorityShares::new(SHARES);
    assert_eq!(
        shares.pick([false, false, true, true]),
        Some(Priority::Normal)
    );
    assert_eq!(shares.pick([false; 4]), None);
}

#[test]
fn nobody_saves_up_a_share_while_nothing_waits() {
    let mut shares = PriorityShares::new(SHARES);
    serve(&mut shares, [true, false, false, true], 49);
    serve(&mut shares, [true, false, false, false], 1);
    assert_eq!(
        serve(&mut shares, [true, false, false, true], 49),
        [49, 0, 0, 0]
    );
    assert_eq!(
        serve(&mut shares, [true, false, false, true], 1),
        [0, 0, 0, 1]
    );
}

#[test]
fn a_tenant_with_a_million_jobs_adds_one_turn_of_waiting() {
    let mut turns = TurnTaker::new(100);
    turns.add("large");
    for _ in 0..1_000 {
        assert_eq!(turns.turn(), Some(&"large"));
        turns.charge(1);
    }
    turns.add("small");
    let mut before_small = 0;
    while turns.turn() != Some(&"small") {
        turns.charge(1);
        before_small += 1;
    }
    assert!(before_small <= 100, "{before_small}");
}

#[test]
fn an_overdraft_is_paid_back() {
    let mut turns = TurnTaker::new(10);
    turns.add("a");
    turns.add("b");
    turns.charge(35);
    let mut served = Vec::new();
    for _ in 0..4 {
        served.push(*turns.turn().unwrap());
        turns.charge(10);
    }
    assert_eq!(served, ["b", "b", "b", "a"]);
}

#[test]
fn a_tenant_that_left_has_no_turn_and_comes_back_last() {
    let mut turns = TurnTaker::new(1);
    for key in ["a", "b", "c"] {
        turns.add(key);
    }
    turns.remove(&"a");
    assert_eq!(turns.turn(), Some(&"b"));
    turns.add("a");
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(*turns.turn().unwrap());
        turns.charge(1);
    }
    assert_eq!(order, ["b", "c", "a"]);
}

#[test]
fn coming_and_going_costs_no_memory() {
    let mut turns = TurnTaker::new(1);
    for n in 0..100_000 {
        turns.add(n % 3);
        turns.remove(&(n % 3));
    }
    assert!(turns.is_empty());
    assert!(turns.order.len() <= 16, "{}", turns.order.len());
}

proptest! {
    #[test]
    fn everybody_who_waits_gets_the_same_cost(
        tenants in 1..20usize,
        costs in prop::collection::vec(1..50u64, 1..50),
    ) {
        let quantum = 100;
        let mut turns = TurnTaker::new(quantum);
        (0..tenants).for_each(|tenant| turns.add(tenant));
        let mut paid = BTreeMap::new();
        for n in 0..tenants * 500 {
            let tenant = *turns.turn().unwrap();
            let cost = costs[n % costs.len()];
            turns.charge(cost);
            *paid.entry(tenant).or_insert(0) += cost;
        }
        let most = paid.values().max().unwrap();
        let least = paid.values().min().unwrap();
        prop_assert!(most - least <= 2 * quantum + 50, "{paid:?}");
    }

    #[test]
    fn turns_are_the_same_as_those_of_a_plain_list(
        steps in prop::collection::vec((0..3u8, 0..6u8), 1..200),
    ) {
        let mut turns = TurnTaker::new(1);
        let mut list: Vec<u8> = Vec::new();
        for (step, key) in steps {
            match step {
                0 => {
                    turns.add(key);
                    if !list.contains(&key) {
                        list.push(key);
                    }
                }
                1 => {
                    turns.remove(&key);
                    list.retain(|other| *other != key);
                }
                _ => {
                    turns.charge(1);
                    if !list.is_empty() {
                        list.rotate_left(1);
                    }
                }
            }
            prop_assert_eq!(turns.turn().copied(), list.first().copied());
            prop_assert_eq!(turns.len(), list.len());
        }
    }
}
