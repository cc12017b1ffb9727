use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn pop(fifo: &mut Fifo, due: &BTreeMap<u64, i64>) -> Option<u64> {
    let (due_at, number) = fifo.peek(|number| due[&number])?;
    assert!(fifo.remove(due_at, number));
    Some(number)
}

#[test]
fn numbers_come_out_by_due_time_then_arrival() {
    let due: BTreeMap<u64, i64> = [(1, 10), (2, 20), (3, 5), (4, 20), (5, 15)].into();
    let mut fifo = Fifo::default();
    for (number, due_at) in &due {
        fifo.push(*due_at, *number);
    }
    let out: Vec<u64> = std::iter::from_fn(|| pop(&mut fifo, &due)).collect();
    assert_eq!(out, [3, 1, 5, 2, 4]);
    assert_eq!(fifo.len(), 0);
}

#[test]
fn numbers_that_left_cost_no_memory_and_are_not_counted() {
    let mut fifo = Fifo::default();
    (1..=10_000).for_each(|number| fifo.push(7, number));
    assert!(fifo.bytes() < 10_000 * 9, "{} bytes", fifo.bytes());
    (1..=9_999).for_each(|number| assert!(fifo.remove(7, number)));
    assert!(!fifo.remove(7, 5));
    assert_eq!((fifo.len(), fifo.ahead_of((7, 10_000), |_| 7)), (1, 0));
    assert!(fifo.bytes() < 8_192, "{} bytes", fifo.bytes());
}

proptest! {
    #[test]
    fn a_fifo_serves_what_a_sorted_set_serves(
        ops in prop::collection::vec((0..5u8, 0..50i64), 0..3_000),
    ) {
        let mut fifo = Fifo::default();
        let mut waiting: BTreeMap<u64, i64> = BTreeMap::new();
        for (number, (op, due_at)) in (1u64..).zip(ops) {
            match op {
                0..=2 => {
                    // Mostly in order: later arrivals are due later.
                    let due_at = if op == 0 { due_at } else { 100 + number as i64 };
                    waiting.insert(number, due_at);
                    fifo.push(due_at, number);
                }
                3 => {
                    let next = waiting.iter().map(|(n, d)| (*d, *n)).min();
                    prop_assert_eq!(pop(&mut fifo, &waiting), next.map(|(_, n)| n));
                    next.map(|(_, number)| waiting.remove(&number));
                }
                _ => {
                    let some = waiting.keys().nth(due_at as usize).copied();
                    if let Some(number) = some {
                        let rank = (waiting[&number], number);
                        let ahead = waiting.iter().filter(|(n, d)| (**d, **n) < rank).count();
                        prop_assert_eq!(fifo.ahead_of(rank, |n| waiting[&n]), ahead as u64);
                        prop_assert!(fifo.remove(rank.0, number));
                        waiting.remove(&number);
                        // It comes back later, as a retried one does.
                        waiting.insert(number, rank.0 + 30);
                        fifo.push(rank.0 + 30, number);
                    }
                }
            }
            prop_assert_eq!(fifo.len(), waiting.len() as u64);
        }
    }
}
