//! Shoppers on a web shop, as seeded conversion events for `POST /api/pixels/events`.
//!
//! Some dozens of shoppers are on the shop at once. Each lands, looks around, perhaps fills a cart,
//! pays or leaves, and a new one comes. The same options give the same events, byte for byte.
//!
//! ```
//! use cauce_sim::traffic::{Traffic, TrafficOptions};
//!
//! let mut traffic = Traffic::new(TrafficOptions::default());
//! let made = traffic.next_event();
//! assert_eq!(made.event["eventId"], made.event_id.as_str());
//! ```

mod consent;
mod flaw;
mod people;
mod shop;
#[cfg(test)]
mod tests;
pub mod web;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Builder;

use crate::Random;
use people::Person;
use shop::{Shopper, Step};

pub use consent::Consent;
pub use flaw::Flaw;

/// Shoppers on the shop at once.
const SHOPPERS: usize = 64;

/// What the traffic is like.
#[derive(Clone, Debug)]
pub struct TrafficOptions {
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// When the first event happens, in Unix milliseconds.
    pub origin_ms: i64,
    /// Events a second, by the times they carry.
    pub events_per_second: u32,
    /// The share of shoppers who deny some consent.
    pub denied_share: f64,
    /// The share of events that the API must refuse.
    pub bad_share: f64,
    /// The platforms that each event names; none leaves them to the tenant.
    pub platforms: Option<Vec<String>>,
    /// Whether `data` carries the event's id too, as the custom field `event_id`: GA4 has no field
    /// for it, and its stand-in then finds it among the parameters.
    pub tag_events: bool,
}

impl Default for TrafficOptions {
    /// Ten events a second from the first second of 2026, an eighth of the shoppers wary.
    fn default() -> TrafficOptions {
        TrafficOptions {
            seed: 1,
            origin_ms: 1_767_225_600_000,
            events_per_second: 10,
            denied_share: 0.125,
            bad_share: 0.0,
            platforms: None,
            tag_events: false,
        }
    }
}

/// One event, and what is to be expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its id, a UUID.
    pub event_id: String,
    /// When it happened, in Unix milliseconds.
    pub at_ms: i64,
    /// The event as the API takes it.
    pub event: Value,
    /// Why the API must refuse it, if it must.
    pub flaw: Option<Flaw>,
    /// What its shopper denies.
    pub consent: Consent,
}

/// An endless sequence of events in the order of their times.
pub struct Traffic {
    options: TrafficOptions,
    random: Random,
    now_micros: i64,
    come: u64,
    shoppers: Vec<Shopper>,
}

impl Traffic {
    /// The traffic of these options.
    pub fn new(options: TrafficOptions) -> Traffic {
        assert!(options.events_per_second > 0, "traffic must move");
        let mut traffic = Traffic {
            random: Random::new(options.seed),
            now_micros: options.origin_ms * 1000,
            come: 0,
            shoppers: Vec::with_capacity(SHOPPERS),
            options,
        };
        for _ in 0..SHOPPERS {
            let shopper = traffic.new_shopper();
            traffic.shoppers.push(shopper);
        }
        traffic
    }

    /// The next event.
    pub fn next_event(&mut self) -> Made {
        let at_ms = self.now_micros / 1000;
        let index = self.random.below(SHOPPERS as u64) as usize;
        let step = match self.shoppers[index].next_step(&mut self.random) {
            Some(step) => step,
            None => {
                self.shoppers[index] = self.new_shopper();
                self.shoppers[index].land()
            }
        };
        let event_id = self.event_id(at_ms);
        let mut event = self.event(index, step, &event_id, at_ms);
        let flaw = self
            .random
            .chance(self.options.bad_share)
            .then(|| Flaw::draw(&mut self.random));
        if let Some(flaw) = flaw {
            flaw.spoil(&mut event);
        }
        self.pass_time();
        Made {
            event_id,
            at_ms,
            event,
            flaw,
            consent: self.shoppers[index].consent,
        }
    }

    /// The next events as one JSON array, with what is to be expected of each.
    pub fn next_batch(&mut self, events: usize) -> (Vec<u8>, Vec<Made>) {
        let made: Vec<_> = (0..events).map(|_| self.next_event()).collect();
        let mut body = Vec::with_capacity(events * 1024 + 2);
        body.push(b'[');
        for (index, one) in made.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            serde_json::to_writer(&mut body, &one.event).expect("memory takes every byte");
        }
        body.push(b']');
        (body, made)
    }

    fn new_shopper(&mut self) -> Shopper {
        self.come += 1;
        let person = Person::draw(&mut self.random, self.come, self.now_micros / 1000);
        let consent = Consent::draw(&mut self.random, self.options.denied_share);
        Shopper::new(person, consent)
    }

    /// Gaps between nothing and twice their mean.
    fn pass_time(&mut self) {
        let mean_micros = 1_000_000 / u64::from(self.options.events_per_second);
        self.now_micros += self.random.below(2 * mean_micros + 1) as i64;
    }

    /// A UUID of version 7 (RFC 9562, 5.7) with random bits of the seed.
    fn event_id(&mut self, at_ms: i64) -> String {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.random.bits().to_le_bytes());
        bytes[8..].copy_from_slice(&self.random.bits().to_le_bytes()[..2]);
        let id = Builder::from_unix_timestamp_millis(at_ms.unsigned_abs(), &bytes).into_uuid();
        id.to_string()
    }

    fn event(&mut self, index: usize, step: Step, event_id: &str, at_ms: i64) -> Value {
        let shopper = &mut self.shoppers[index];
        let happened = Timestamp::from_millisecond(at_ms).expect("events happen in our era");
        let mut data = shopper.data(step, &mut self.random);
        if self.options.tag_events {
            data["event_id"] = event_id.into();
        }
        let mut event = json!({
            "eventId": event_id,
            "eventType": step.event_type(),
            "occurredAt": happened.to_string(),
            "client": shopper.person.client.clone(),
            "page": shopper.page(step),
            "data": data,
        });
        if !shopper.person.user.is_null() {
            event["user"] = shopper.person.user.clone();
        }
        if let Some(platforms) = &self.options.platforms {
            event["platforms"] = platforms.as_slice().into();
        }
        if shopper.consent.asked {
            event["consent"] = shopper.consent.to_json();
        }
        event
    }
}

impl Iterator for Traffic {
    type Item = Made;

    fn next(&mut self) -> Option<Made> {
        Some(self.next_event())
    }
}
