//! The story of one person: the steps of the funnel, and which campaign a conversion is owed to.
//!
//! A person enters the funnel with their first conversion, of whatever kind, and has reached a step when they have
//! converted to it or to a later one. All of it is counted at the moment they entered, so that the
//! steps of a range speak of the same people; it grows when they go further.
//!
//! A conversion is owed to the campaign that it names, else to the last one that has reached the person within a
//! window before it. Each time that a campaign reaches a person they can answer it, and convert for it, anew.

use super::{
    event::{Cell, Event, Kind, Order, What},
    measure::{Effects, Measure, funnel_part},
    spread,
};

/// How long after a campaign has reached a person a conversion is owed to it, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(pub i64);

/// Campaigns that a person has converted for, as far as they are remembered one by one.
const MAX_CAMPAIGNS: usize = 64;

/// Where a person stands. Their events are folded in their [`Order`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// The newest event.
    last: Option<Order>,
    /// When they entered the funnel, and with which step.
    entered: Option<(i64, usize)>,
    /// The furthest step that they reached.
    reached: usize,
    /// The last campaign that reached them, and when.
    touch: Option<(Cell, i64)>,
    /// The campaign that they have answered last, since it has reached them; 0 for none.
    answered: u32,
    /// The campaigns that they have converted for, since those have reached them, the newest last.
    converted_for: Vec<u32>,
}

impl Person {
    /// Folds the next event in.
    pub fn fold(&mut self, event: &Event, window: Window, to: &mut Effects) {
        self.last = Some(event.order());
        match event.what {
            What::Sent { .. } => self.reach(event),
            What::Received => self.answer(event, window, to),
            What::Converted { kind, value } => {
                self.step(kind, event.at, to);
                let owed = self.owed_to(event, window);
                if !owed.is_none() {
                    to.worth(owed, event.at, kind, value);
                    self.convert_for(owed, event.at, to);
                }
            }
            What::Delivered { .. }
            | What::Read
            | What::Failed { .. }
            | What::Answered
            | What::Started
            | What::Ended
            | What::HandedOff
            | What::Spent(_)
            | What::TryFailed { .. } => {}
        }
    }

    /// The newest event.
    pub fn last(&self) -> Option<Order> {
        self.last
    }

    fn reach(&mut self, event: &Event) {
        self.touch = Some((event.cell, event.at));
        let campaign = event.cell.campaign;
        self.converted_for.retain(|known| *known != campaign);
        if self.answered == campaign {
            self.answered = 0;
        }
    }

    /// The first message that names the campaign answers it.
    fn answer(&mut self, event: &Event, window: Window, to: &mut Effects) {
        let owed = self.owed_to(event, window);
        if owed.campaign != self.answered {
            self.answered = owed.campaign;
            to.one(Measure::Answered, owed, event.at);
        }
    }

    fn step(&mut self, kind: Kind, at: i64, to: &mut Effects) {
        let (entered_at, first, from) = match self.entered {
            Some((entered_at, first)) => (entered_at, first, self.reached + 1),
            None => {
                self.entered = Some((at, kind.step()));
                (at, kind.step(), 0)
            }
        };
        for step in from..=kind.step() {
            to.add(Measure::Funnel, (Cell::NONE, step as i64), entered_at, 1);
            if first == 0 && step > 0 {
                took_to(step, entered_at, at.saturating_sub(entered_at), to);
            }
        }
        self.reached = self.reached.max(kind.step());
    }

    fn owed_to(&self, event: &Event, window: Window) -> Cell {
        let touch = self
            .touch
            .filter(|(_, at)| event.at.saturating_sub(*at) <= window.0);
        let touched = touch.map_or(Cell::NONE, |(cell, _)| cell);
        let named = event.cell;
        match () {
            () if named.is_none() => touched,
            // The campaign knows which of its variants the person had.
            () if named.variant == 0 && named.campaign == touched.campaign => touched,
            () => named,
        }
    }

    /// Counts the person once for each campaign.
    fn convert_for(&mut self, cell: Cell, at: i64, to: &mut Effects) {
        if self.converted_for.contains(&cell.campaign) {
            return;
        }
        if self.converted_for.len() == MAX_CAMPAIGNS {
            self.converted_for.remove(0);
        }
        self.converted_for.push(cell.campaign);
        to.one(Measure::Converted, cell, at);
    }

    /// As numbers, to be kept. The first has three flags, and above them the campaign that was answered.
    pub fn numbers(&self) -> Vec<i64> {
        let last = self.last.unwrap_or(Order { at: 0, rank: 0 });
        let (entered_at, first) = self.entered.unwrap_or_default();
        let (cell, touched_at) = self.touch.unwrap_or_default();
        let some = [
            self.last.is_some(),
            self.entered.is_some(),
            self.touch.is_some(),
        ];
        let bit = |(at, flag): (usize, &bool)| i64::from(*flag) << at;
        let mut numbers = vec![
            some.iter().enumerate().map(bit).sum::<i64>() | i64::from(self.answered) << 3,
            last.at,
            last.rank.into(),
            entered_at,
            first as i64,
            self.reached as i64,
            cell.campaign.into(),
            cell.variant.into(),
            touched_at,
        ];
        numbers.extend(
            self.converted_for
                .iter()
                .map(|campaign| i64::from(*campaign)),
        );
        numbers
    }

    /// From numbers that were kept.
    pub fn of_numbers(numbers: &[i64]) -> Person {
        let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
        let small = |at: usize| u32::try_from(number(at)).unwrap_or(0);
        let flag = |bit: u32| number(0) >> bit & 1 == 1;
        let last = Order {
            at: number(1),
            rank: u8::try_from(number(2)).unwrap_or(0),
        };
        let cell = Cell {
            campaign: small(6),
            variant: small(7),
        };
        let campaigns = numbers.iter().skip(9);
        Person {
            last: flag(0).then_some(last),
            entered: flag(1).then_some((number(3), small(4) as usize)),
            reached: small(5) as usize,
            touch: flag(2).then_some((cell, number(8))),
            answered: u32::try_from(number(0) >> 3).unwrap_or(0),
            converted_for: campaigns.filter_map(|at| u32::try_from(*at).ok()).collect(),
        }
    }
}

fn took_to(step: usize, entered_at: i64, took_ms: i64, to: &mut Effects) {
    let (none, class) = (Cell::NONE, spread::class(took_ms));
    let part = funnel_part(step, class);
    to.add(Measure::FunnelTimes, (none, part), entered_at, 1);
    to.add(Measure::FunnelMs, (none, step as i64), entered_at, took_ms);
}
