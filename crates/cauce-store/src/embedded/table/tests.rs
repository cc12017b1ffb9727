use super::*;

fn entry(number: u64) -> Entry {
    Entry::new(number * 10, 3, 100, 130)
}

#[test]
fn an_entry_takes_24_bytes_and_keeps_its_fields_apart() {
    assert_eq!(size_of::<Entry>(), 24);
    let mut entry = entry(1);
    entry.set_due_at(1_760_000_000_123);
    entry.set_attempt(255);
    entry.set_priority(2);
    entry.set_state(State::Cancelled);
    assert_eq!(entry.due_at(), 1_760_000_000_123);
    assert_eq!(
        (entry.attempt(), entry.priority(), entry.state()),
        (255, 2, State::Cancelled)
    );
    assert_eq!((entry.bytes, entry.record_bytes()), (100, 164));
    entry.stand_at(77, 1_000);
    assert_eq!((entry.position, entry.record_bytes()), (77, 100 + 15 * 64));
    entry.set_due_at(7);
    entry.set_attempt(1);
    assert_eq!(
        (entry.due_at(), entry.attempt(), entry.state()),
        (7, 1, State::Cancelled)
    );
}

#[test]
fn a_job_is_found_by_its_number_until_it_is_removed() {
    let mut table = Table::default();
    for number in 1..=2_000 {
        table.insert(number, entry(number), State::Waiting);
    }
    assert_eq!(table.len(), 2_000);
    assert_eq!(table.get(1_234).unwrap().position, 12_340);
    assert_eq!(table.record_bytes(), 328_000);
    for number in (1..=2_000).filter(|n| n % 100 != 0) {
        table.remove(number);
    }
    assert_eq!(table.len(), 20);
    assert_eq!(table.get(1_200).unwrap().position, 12_000);
    assert!(table.get(1_234).is_none());
    let before = table.bytes();
    for number in (100..=2_000).step_by(100) {
        table.remove(number);
    }
    assert_eq!((table.len(), table.record_bytes()), (0, 0));
    assert!(
        before < 4 * 512 * 24,
        "thinned blocks take less than full ones: {before}"
    );
}

#[test]
fn a_visit_goes_down_and_sees_only_the_states_it_asked_for() {
    let mut table = Table::default();
    for number in 1..=1_000 {
        let state = if number % 250 == 0 {
            State::Dead
        } else {
            State::Waiting
        };
        table.insert(number, entry(number), state);
    }
    let mut seen = Vec::new();
    table.visit_down(1_000, 1 << State::Dead as u8, |number, _| {
        seen.push(number);
        true
    });
    assert_eq!(seen, [750, 500, 250]);
}
