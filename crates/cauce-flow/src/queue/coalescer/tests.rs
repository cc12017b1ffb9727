use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn of(jobs: &[(u64, Place)]) -> Coalescer {
    let mut coalescer = Coalescer::default();
    jobs.iter()
        .for_each(|(number, place)| coalescer.put(*number, *place));
    coalescer
}

#[test]
fn a_job_that_is_due_supersedes_all_older_ones_that_are_not_in_flight() {
    let jobs = of(&[
        (1, Place::Failed),
        (2, Place::InFlight),
        (3, Place::Ready),
        (4, Place::Later),
        (5, Place::Ready),
        (6, Place::Later),
    ]);
    assert_eq!(jobs.superseded_by(5), [3, 4]);
    assert!(jobs.superseded_by(2).is_empty());
    assert_eq!(jobs.superseded_by(7), [3, 4, 5, 6]);
}

#[test]
fn a_job_that_comes_back_gives_way_only_to_one_that_is_due() {
    assert_eq!(
        of(&[(1, Place::InFlight), (2, Place::Later)]).successor_of(1),
        None
    );
    assert_eq!(
        of(&[(1, Place::InFlight), (2, Place::Ready)]).successor_of(1),
        Some(2)
    );
    assert_eq!(
        of(&[(1, Place::Ready), (2, Place::InFlight)]).successor_of(2),
        None
    );
}

#[test]
fn only_another_job_blocks() {
    let jobs = of(&[(1, Place::InFlight), (2, Place::Ready)]);
    assert!(jobs.is_blocked(2));
    assert!(!jobs.is_blocked(1));
    assert_eq!(jobs.ready(), [2]);
    assert_eq!((jobs.waits_for(1), jobs.waits_for(2)), (None, Some(1)));
    let later = of(&[(1, Place::InFlight), (2, Place::Later)]);
    assert_eq!(later.waits_for(2), None, "the clock holds it");
}

#[test]
fn what_failed_is_outdated_by_any_newer_job_even_when_that_is_gone() {
    let mut jobs = of(&[(1, Place::Failed)]);
    assert!(!jobs.is_outdated(1));
    jobs.put(2, Place::Ready);
    jobs.remove(2);
    assert!(jobs.is_outdated(1));
    let mut copied = of(&[(1, Place::Failed)]);
    copied.outdate(1);
    assert!(copied.is_outdated(1));
    copied.remove(1);
    assert!(copied.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Comes,
    ComesForLater,
    IsDue,
    Starts,
    IsDelivered,
    ComesBack,
    Fails,
    IsPutBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Comes),
        1 => Just(Step::ComesForLater),
        1 => Just(Step::IsDue),
        4 => Just(Step::Starts),
        2 => Just(Step::IsDelivered),
        2 => Just(Step::ComesBack),
        1 => Just(Step::Fails),
        1 => Just(Step::IsPutBack),
    ];
    prop::collection::vec(step, 0..60)
}

/// A queue that holds one key and does with its jobs what the coalescer says.
#[derive(Default)]
struct World {
    jobs: BTreeMap<u64, Place>,
    rules: Coalescer,
    came: u64,
    sent: Vec<u64>,
}

impl World {
    fn set(&mut self, number: u64, place: Place) {
        self.jobs.insert(number, place);
        self.rules.put(number, place);
    }

    fn drop(&mut self, number: u64) {
        self.jobs.remove(&number);
        self.rules.remove(number);
    }

    fn first(&self, wanted: Place) -> Option<u64> {
        let mut found = self.jobs.iter().filter(|(_, place)| **place == wanted);
        found.next().map(|(number, _)| *number)
    }

    fn on_due(&mut self, number: u64) {
        self.set(number, Place::Ready);
        for older in self.rules.superseded_by(number) {
            self.drop(older);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Comes => {
                self.came += 1;
                self.on_due(self.came);
            }
            Step::ComesForLater => {
                self.came += 1;
                self.set(self.came, Place::Later);
            }
            Step::IsDue => {
                if let Some(number) = self.first(Place::Later) {
                    self.on_due(number);
                }
            }
            Step::Starts => {
                let ready = self.first(Place::Ready);
                if let Some(number) = ready.filter(|number| !self.rules.is_blocked(*number)) {
                    self.sent.push(number);
                    self.set(number, Place::InFlight);
                }
            }
            Step::IsDelivered => self
                .first(Place::InFlight)
                .into_iter()
                .for_each(|n| self.drop(n)),
            Step::ComesBack => {
                if let Some(number) = self.first(Place::InFlight) {
                    match self.rules.successor_of(number) {
                        Some(_) => self.drop(number),
                        None => self.set(number, Place::Ready),
                    }
                }
            }
            Step::Fails => {
                if let Some(number) = self.first(Place::InFlight) {
                    self.set(number, Place::Failed);
                }
            }
            Step::IsPutBack => {
                if let Some(number) = self.first(Place::Failed) {
                    match self.rules.is_outdated(number) {
                        true => self.drop(number),
                        false => self.on_due(number),
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_older_is_sent_after_something_newer(steps in steps()) {
        let mut world = World::default();
        for step in &steps {
            world.step(step);
            let places = |wanted| world.jobs.values().filter(|place| **place == wanted).count();
            prop_assert!(places(Place::InFlight) <= 1);
            prop_assert!(places(Place::Ready) <= 1);
        }
        prop_assert!(world.sent.is_sorted(), "{:?}", world.sent);
    }

    #[test]
    fn the_newest_is_sent_in_the_end(steps in steps()) {
        let mut world = World::default();
        steps.iter().for_each(|step| world.step(step));
        for _ in 0..200 {
            [Step::IsDue, Step::Starts, Step::IsDelivered].iter().for_each(|step| world.step(step));
        }
        let failed = world.jobs.contains_key(&world.came);
        prop_assert!(world.came == 0 || failed || world.sent.last() == Some(&world.came));
    }
}
