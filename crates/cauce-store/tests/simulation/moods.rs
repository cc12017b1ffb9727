//! The moods of the destinations, and what arrives at them.

use std::time::Duration;

use cauce_flow::dispatch::dispatcher::RequestId;

use crate::{
    chance::Chance,
    checks::{Fate, Nature, bisection_limit},
    destination::Mood,
    world::{Event, World},
};

impl World {
    /// A destination's mood changes.
    pub(crate) fn change_mood(&mut self, at: usize) {
        if self.well {
            return;
        }
        let before = self.receivers[at].mood;
        let chance = &mut self.chance;
        let seconds = |n: u64| Duration::from_secs(n);
        let told = |chance: &mut Chance| {
            let most = if chance.percent(2) { 100_000 } else { 30 };
            chance.percent(60).then(|| seconds(chance.within(1, most)))
        };
        let mood = match chance.below(16) {
            0..6 => Mood::Up,
            6 | 7 => Mood::Slow,
            8 | 9 => Mood::Throttles(told(chance)),
            10 => Mood::Fails(told(chance)),
            11 | 12 => Mood::Hangs,
            13 => Mood::Patchy,
            14 => Mood::Refuses,
            _ => Mood::Gone,
        };
        let wait = seconds(chance.within(2, 90));
        self.receivers[at].mood = mood;
        self.say(|| format!("mood {at}: {mood:?}"));
        self.plan_outside(wait, Event::Mood(at));
        if before == Mood::Refuses {
            // What was refused until this moment is known a second later.
            self.plan_outside(seconds(1), Event::Mended(at));
        }
    }

    /// The account's credentials are found to work again.
    pub(crate) fn on_mended(&mut self, at: usize) {
        if self.store.is_none() || self.receivers[at].mood == Mood::Refuses {
            return;
        }
        let now = self.now;
        if let Some(line) = self.lines.get_mut(at) {
            line.refused = false;
            line.dispatcher.on_credentials_mended(now);
            self.look(at);
        }
    }

    /// All trouble ends: whatever is pending has to be worked off.
    pub(crate) fn get_well(&mut self) {
        self.say(|| "all is well".to_owned());
        self.well = true;
        for at in 0..self.receivers.len() {
            self.receivers[at].mood = Mood::Up;
            self.plan_outside(Duration::from_secs(1), Event::Mended(at));
        }
        let shut: Vec<_> = self.gates.keys().copied().collect();
        for (at, tenant) in shut {
            self.plan_outside(Duration::from_secs(1), Event::Resume(at, tenant));
        }
        let shut: Vec<_> = self.groups.keys().copied().collect();
        for group in shut {
            self.plan_outside(Duration::from_secs(1), Event::OpenGroup(group));
        }
    }

    pub(crate) fn arrive(&mut self, at: usize, request: RequestId, jobs: &[usize], life: u32) {
        let with_nature: Vec<(usize, bool)> = jobs
            .iter()
            .map(|n| (*n, self.ledger.jobs[*n].nature == Nature::Poison))
            .collect();
        let (never_twice, retries) = match self.lines.get(at) {
            Some(line) => (line.never_twice(), line.retries_unknown()),
            None => return,
        };
        let reaction = self.receivers[at].on_request(&with_nature, &mut self.chance, self.now);
        self.figures.requests += 1;
        self.say(|| format!("arrive {at}: {request:?} {jobs:?} {reaction:?}"));
        for (n, taken) in jobs.iter().zip(&reaction.accepted) {
            self.ledger.on_arrival(*n, never_twice, retries, life);
            let told = &mut self.ledger.jobs[*n];
            self.figures.repeats += u64::from(*taken && told.taken > 0);
            told.taken += u32::from(*taken);
            if life != self.life {
                self.ledger.on_fate(*n, Fate::Lost);
            }
        }
        if let Some((size, cost)) = self.receivers[at].series_cost() {
            self.figures.series += 1;
            if cost > bisection_limit(size) {
                self.ledger
                    .blame(format!("a poison job among {size} cost {cost} requests"));
            }
        }
        if let Some(answer) = reaction.answer.filter(|_| life == self.life) {
            self.plan_own(reaction.after, Event::Answer(at, request, answer));
        }
    }
}
