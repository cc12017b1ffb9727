use super::*;

fn fill(in_flight: &mut InFlight) -> Vec<Place> {
    (0..in_flight.free())
        .map(|_| in_flight.on_start())
        .collect()
}

#[test]
fn starts_at_full_speed() {
    let mut in_flight = InFlight::new(50);
    assert_eq!(fill(&mut in_flight).len(), 50);
    assert_eq!(in_flight.free(), 0);
}

#[test]
fn doubles_with_every_round_after_a_restart() {
    let mut in_flight = InFlight::new(10);
    in_flight.restart();
    let mut rounds = Vec::new();
    for _ in 0..6 {
        let places = fill(&mut in_flight);
        rounds.push(places.len());
        for place in places {
            in_flight.on_end(place, true);
        }
    }
    assert_eq!(rounds, [1, 2, 4, 8, 10, 10]);
}

#[test]
fn a_failure_makes_no_more_room() {
    let mut in_flight = InFlight::new(10);
    in_flight.restart();
    let place = in_flight.on_start();
    in_flight.on_end(place, false);
    assert_eq!(in_flight.free(), 1);
}

#[test]
fn answers_from_before_a_restart_do_not_speed_it_up() {
    let mut in_flight = InFlight::new(10);
    let places = fill(&mut in_flight);
    in_flight.restart();
    assert_eq!(in_flight.free(), 0);
    for place in places {
        in_flight.on_end(place, true);
    }
    assert_eq!(in_flight.free(), 1);
}

#[test]
fn another_maximum_holds_at_once() {
    let mut in_flight = InFlight::new(10);
    in_flight.set_max(20);
    assert_eq!(in_flight.free(), 20);
    in_flight.restart();
    in_flight.set_max(5);
    assert_eq!((in_flight.free(), in_flight.limit()), (1, 1));
}
