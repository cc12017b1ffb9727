use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::alert::{Kind, Severity};

const MINUTE: Duration = Duration::from_secs(60);

fn rule() -> Rule {
    Rule {
        name: "dead_letters".to_owned(),
        kind: Kind::DeadLetters,
        severity: Severity::Warning,
        above: 10.0,
        below: 5.0,
        after: MINUTE,
        over_after: 2 * MINUTE,
        within: 10 * MINUTE,
        min_volume: 0,
        cooldown: 60 * MINUTE,
        queues: BTreeSet::new(),
        channels: BTreeSet::new(),
    }
}

/// A watch that is looked at every minute and whose notices are told.
struct Story {
    watch: Watch,
    rule: Rule,
    minute: u32,
    told: Vec<(u32, Notice)>,
    changes: Vec<(u32, Change)>,
}

impl Story {
    fn new() -> Story {
        Story {
            watch: Watch::default(),
            rule: rule(),
            minute: 0,
            told: Vec::new(),
            changes: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::EPOCH + self.minute * MINUTE
    }

    fn look(&mut self, value: f64, quiet: bool) {
        let now = self.now();
        let change = self.watch.on_reading(Seen::Figure(value), &self.rule, now);
        self.changes
            .extend(change.map(|change| (self.minute, change)));
        while let Some(notice) = self.watch.poll_notice(&self.rule, quiet, now) {
            self.watch.on_told(notice, now);
            self.told.push((self.minute, notice));
        }
        self.minute += 1;
    }

    fn minutes(&mut self, count: u32, value: f64) -> &mut Story {
        (0..count).for_each(|_| self.look(value, false));
        self
    }

    fn quiet_minutes(&mut self, count: u32, value: f64) -> &mut Story {
        (0..count).for_each(|_| self.look(value, true));
        self
    }
}

#[test]
fn alert_fires_once_repeats_after_its_cooldown_and_says_when_it_is_over() {
    let mut story = Story::new();
    story.minutes(3, 0.0).minutes(130, 20.0).minutes(10, 0.0);
    // Bad from minute 3, for long enough in minute 4; good from minute 133.
    let told = [
        (4, Notice::Fired),
        (64, Notice::Again),
        (124, Notice::Again),
        (135, Notice::Over),
    ];
    assert_eq!(story.told, told);
    assert_eq!(story.changes, [(4, Change::Fired), (135, Change::Ended)]);
}

#[test]
fn nobody_is_told_that_it_still_is_while_the_figure_is_within_the_limits() {
    let mut story = Story::new();
    story.minutes(60, 20.0).minutes(1, 0.0).minutes(20, 7.0);
    assert_eq!(story.told, [(1, Notice::Fired)]);
    story.minutes(1, 20.0);
    assert_eq!(story.told, [(1, Notice::Fired), (81, Notice::Again)]);
}

#[test]
fn what_passes_by_itself_fires_nothing() {
    let mut story = Story::new();
    for _ in 0..10 {
        story.minutes(1, 20.0).minutes(1, 10.0);
    }
    assert_eq!((story.told, story.changes), (vec![], vec![]));
}

#[test]
fn between_the_two_limits_nothing_changes() {
    let mut story = Story::new();
    story.minutes(10, 7.0);
    assert!(story.changes.is_empty());
    story.minutes(2, 20.0).minutes(20, 7.0);
    assert_eq!(story.changes, [(11, Change::Fired)]);
    // One bad look among good ones begins the wait anew.
    story.minutes(2, 0.0).minutes(1, 7.0).minutes(2, 0.0);
    assert_eq!(story.changes.len(), 1);
    story.minutes(1, 0.0);
    assert_eq!(story.changes.len(), 2);
}

#[test]
fn what_comes_back_within_the_cooldown_is_told_at_its_end() {
    let mut story = Story::new();
    story.minutes(5, 20.0).minutes(5, 0.0).minutes(100, 20.0);
    let told = [(1, Notice::Fired), (7, Notice::Over), (61, Notice::Fired)];
    assert_eq!(story.told, told);
    assert_eq!(story.changes.len(), 3);
}

#[test]
fn what_came_and_went_within_the_cooldown_is_not_told() {
    let mut story = Story::new();
    story
        .minutes(5, 20.0)
        .minutes(5, 0.0)
        .minutes(5, 20.0)
        .minutes(100, 0.0);
    assert_eq!(story.told, [(1, Notice::Fired), (7, Notice::Over)]);
    assert_eq!(story.changes.len(), 4);
}

#[test]
fn what_somebody_knows_is_not_repeated_and_its_end_is_told() {
    let mut story = Story::new();
    story.minutes(5, 20.0);
    assert!(story.watch.on_acknowledged());
    story.minutes(200, 20.0).minutes(5, 0.0);
    assert_eq!(story.told, [(1, Notice::Fired), (207, Notice::Over)]);
    assert!(!story.watch.on_acknowledged());
}

#[test]
fn quiet_hours_hold_back_until_their_end() {
    let mut story = Story::new();
    story.quiet_minutes(30, 20.0).minutes(1, 20.0);
    assert_eq!(story.told, [(30, Notice::Fired)]);
    // It ends in the next quiet hours: told after them.
    story.quiet_minutes(10, 0.0).minutes(1, 0.0);
    assert_eq!(story.told[1..], [(41, Notice::Over)]);
    // It ends and comes back for a moment: the end is still told.
    story
        .minutes(100, 20.0)
        .quiet_minutes(5, 0.0)
        .quiet_minutes(1, 20.0)
        .minutes(3, 0.0);
    assert_eq!(story.told[2..], [(90, Notice::Fired), (148, Notice::Over)]);
    // What begins and ends within them stands in the history alone.
    story
        .minutes(100, 0.0)
        .quiet_minutes(5, 20.0)
        .quiet_minutes(5, 0.0);
    story.minutes(5, 0.0);
    assert_eq!((story.told.len(), story.changes.len()), (4, 6));
}

#[test]
fn notice_stays_due_until_it_is_told() {
    let (rule, mut watch) = (rule(), Watch::default());
    let at = |minute: u32| Timestamp::EPOCH + minute * MINUTE;
    watch.on_reading(Seen::Figure(20.0), &rule, at(0));
    watch.on_reading(Seen::Figure(20.0), &rule, at(1));
    for minute in 1..5 {
        assert_eq!(
            watch.poll_notice(&rule, false, at(minute)),
            Some(Notice::Fired)
        );
    }
    watch.on_told(Notice::Fired, at(5));
    assert_eq!(watch.poll_notice(&rule, false, at(5)), None);
}

#[test]
fn nothing_to_be_said_is_as_good_as_good() {
    let (mut story, rule) = (Story::new(), rule());
    story.minutes(3, 20.0);
    let ended = (3..6).filter_map(|minute| {
        let now = Timestamp::EPOCH + minute * MINUTE;
        story.watch.on_reading(Seen::Nothing, &rule, now)
    });
    assert_eq!(ended.collect::<Vec<_>>(), [Change::Ended]);
}

#[test]
fn what_cannot_be_looked_at_neither_fires_nor_is_over() {
    let rule = rule();
    let at = |minute: u32| Timestamp::EPOCH + minute * MINUTE;
    let mut watch = Watch::default();
    let mut look = |minute, seen| watch.on_reading(seen, &rule, at(minute));
    assert_eq!(look(0, Seen::NotKnown), None);
    assert_eq!(look(1, Seen::Figure(20.0)), None);
    assert_eq!(look(2, Seen::NotKnown), None);
    assert_eq!(look(3, Seen::Figure(20.0)), Some(Change::Fired));
    assert_eq!(look(4, Seen::Figure(0.0)), None);
    for minute in 5..60 {
        assert_eq!(look(minute, Seen::NotKnown), None);
    }
    assert_eq!(look(60, Seen::Figure(0.0)), Some(Change::Ended));
}

#[test]
fn an_end_that_is_owed_is_told_before_the_next_alert() {
    let mut story = Story::new();
    story.minutes(2, 20.0);
    // It ends and comes back to stay while nobody may be woken.
    story.quiet_minutes(5, 0.0).quiet_minutes(60, 20.0);
    story.look(20.0, false);
    let told = [(1, Notice::Fired), (67, Notice::Over), (67, Notice::Fired)];
    assert_eq!(story.told, told);
}

#[derive(Clone, Debug)]
enum Step {
    Look { value: f64, minutes: u32 },
    Acknowledge,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let look = (0_u8..3, 0_u32..30).prop_map(|(level, minutes)| Step::Look {
        value: [0.0, 7.0, 20.0][usize::from(level)],
        minutes,
    });
    let step = prop_oneof![8 => look, 1 => Just(Step::Acknowledge), 1 => Just(Step::Restart)];
    proptest::collection::vec(step, 1..200)
}

proptest! {
    /// Whatever happens: alarms of a subject are never closer than the cooldown, an end is told once to
    /// whoever was alarmed and to nobody else, every alert ends before the next one begins, and a restart changes nothing.
    #[test]
    fn alarms_are_spaced_and_ends_are_told_after_them(steps in steps(), quiet_from in 0_u32..60) {
        let rule = rule();
        let (mut watch, mut other) = (Watch::default(), Watch::default());
        let mut now = Timestamp::EPOCH;
        let (mut alarmed_at, mut alarmed, mut fires) = (None, false, false);
        let (mut repeats, mut bad) = (false, false);
        for step in steps {
            match step {
                Step::Look { value, minutes } => {
                    now = now + minutes * MINUTE;
                    bad = value > rule.above;
                    let change = watch.on_reading(Seen::Figure(value), &rule, now);
                    prop_assert_eq!(change, other.on_reading(Seen::Figure(value), &rule, now));
                    match change {
                        Some(Change::Fired) => {
                            prop_assert!(!fires && value > rule.above);
                            (fires, repeats) = (true, false);
                        }
                        Some(Change::Ended) => {
                            prop_assert!(fires && value <= rule.below);
                            fires = false;
                        }
                        None => {}
                    }
                }
                Step::Acknowledge => {
                    prop_assert_eq!(watch.on_acknowledged(), fires);
                    other.on_acknowledged();
                }
                Step::Restart => {
                    let kept = serde_json::to_string(&watch).unwrap();
                    watch = serde_json::from_str(&kept).unwrap();
                }
            }
            let minute = now.as_millis() / 60_000;
            let quiet = minute % 60 >= i64::from(quiet_from);
            while let Some(notice) = watch.poll_notice(&rule, quiet, now) {
                prop_assert!(!quiet);
                match notice {
                    Notice::Fired | Notice::Again => {
                        let spaced = alarmed_at.is_none_or(|at| now.since(at) >= rule.cooldown);
                        prop_assert!(fires && spaced && repeats == (notice == Notice::Again));
                        (alarmed_at, alarmed, repeats) = (Some(now), true, true);
                    }
                    Notice::Over => {
                        prop_assert!((!fires || !repeats) && alarmed);
                        alarmed = false;
                    }
                }
                watch.on_told(notice, now);
                other.on_told(notice, now);
                prop_assert_eq!(&watch, &other);
            }
            prop_assert_eq!(&watch, &other);
            prop_assert_eq!(watch.firing().is_some(), fires);
            // Out of quiet hours nobody is left in the belief that something is wrong.
            prop_assert!(quiet || fires || bad || !alarmed);
        }
    }
}
