use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[test]
fn numbers_come_out_by_due_time_then_arrival() {
    let due: BTreeMap<u64, i64> = [(1, 10), (2, 20), (3, 5), (4, 20), (5, 15)].into();
    let mut fifo = Fifo::default();
    for (number, due_at) in &due {
        fifo.push(*due_at, *number);
    }
    let mut out = Vec::new();
    while let Some(number) = fifo.pop(|n| due.get(&n).copied()) {
        out.push(number);
    }
    assert_eq!(out, [3, 1, 5, 2, 4]);
}

proptest! {
    #[test]
    fn a_fifo_serves_what_a_sorted_set_serves(ops in prop::collection::vec((0..3u8, 0..50i64), 0..2_000)) {
        let mut fifo = Fifo::default();
        let mut waiting: BTreeMap<u64, i64> = BTreeMap::new();
        for (number, (op, due_at)) in (1u64..).zip(ops) {
            match op {
                0 | 1 => {
                    // Mostly in order: later arrivals are due later.
                    let due_at = if op == 0 { due_at } else { 100 + number as i64 };
                    waiting.insert(number, due_at);
                    fifo.push(due_at, number);
                }
                _ => {
                    let next = waiting.iter().map(|(n, d)| (*d, *n)).min();
                    let popped = fifo.pop(|n| waiting.get(&n).copied());
                    prop_assert_eq!(popped, next.map(|(_, n)| n));
                    if let Some(number) = popped {
                        waiting.remove(&number);
                    }
                    // Some job leaves in another way.
                    if let Some(gone) = waiting.keys().nth(due_at as usize).copied() {
                        waiting.remove(&gone);
                    }
                }
            }
        }
    }
}
