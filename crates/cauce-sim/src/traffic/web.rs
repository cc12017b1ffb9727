//! Visitors on web sites, as seeded bodies for `POST /tracking-v2/events`.
//!
//! Some hundreds of visitors are on the sites at once. Each comes from somewhere, looks at pages,
//! scrolls, moves the mouse, clicks, perhaps buys, and leaves; some come again later. A body holds the
//! events of one site in the order of their times, as a collector in the page's backend sends them.
//!
//! ```
//! use cauce_sim::traffic::web::{WebTraffic, WebOptions};
//!
//! let mut traffic = WebTraffic::new(WebOptions::default());
//! let body = traffic.next_body(50);
//! assert_eq!(body.events.len(), 50);
//! assert!(body.json.starts_with("{\"tenantId\":\"demo-shop\""));
//! ```

mod pages;
#[cfg(test)]
mod tests;
mod visitor;

use std::fmt::Write;

use jiff::Timestamp;
use uuid::Uuid;

use crate::Random;
use visitor::{Visit, Visitor};

/// Visitors on one site at once.
const VISITORS: usize = 200;
/// The share of visits of somebody who was there before.
const RETURNING: f64 = 0.3;
/// Visitors who left and may come again, for each site.
const MAX_GONE: usize = 1_000;

/// What the traffic is like.
#[derive(Clone, Debug)]
pub struct WebOptions {
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// When the first event happens, in Unix milliseconds.
    pub origin_ms: i64,
    /// Events a second over all sites, by the times they carry.
    pub events_per_second: u32,
    /// Whose sites they are.
    pub tenant: String,
    /// How many sites.
    pub sites: u32,
}

impl Default for WebOptions {
    /// A thousand events a second on one site from the first second of 2026.
    fn default() -> WebOptions {
        WebOptions {
            seed: 1,
            origin_ms: 1_767_225_600_000,
            events_per_second: 1_000,
            tenant: "demo-shop".to_owned(),
            sites: 1,
        }
    }
}

/// One body, and what it holds.
#[derive(Clone, Debug)]
pub struct WebBody {
    /// The site.
    pub site: String,
    /// The body as the API takes it.
    pub json: String,
    /// What is in it, in order.
    pub events: Vec<WebEvent>,
}

/// What is to be known of an event that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebEvent {
    /// Its id.
    pub id: Uuid,
    /// Who did it.
    pub visitor: Uuid,
    /// On which visit.
    pub session: Uuid,
    /// What it is.
    pub kind: &'static str,
    /// When it happened, in Unix milliseconds.
    pub at_ms: i64,
}

/// An endless sequence of bodies.
pub struct WebTraffic {
    options: WebOptions,
    random: Random,
    now_micros: i64,
    sites: Vec<Site>,
    next_site: usize,
}

struct Site {
    id: String,
    there: Vec<Visit>,
    gone: Vec<Visitor>,
}

impl WebTraffic {
    /// The traffic of these options.
    pub fn new(options: WebOptions) -> WebTraffic {
        assert!(options.events_per_second > 0, "traffic must move");
        assert!(options.sites > 0, "visitors need a site");
        let mut random = Random::new(options.seed);
        let sites = (0..options.sites).map(|_| Site::new(&mut random)).collect();
        WebTraffic {
            now_micros: options.origin_ms * 1000,
            random,
            sites,
            next_site: 0,
            options,
        }
    }

    /// The next events of one site; the sites take turns.
    pub fn next_body(&mut self, events: usize) -> WebBody {
        let place = self.next_site;
        self.next_site = (place + 1) % self.sites.len();
        let site = &mut self.sites[place];
        let mut body = WebBody {
            site: site.id.clone(),
            json: String::with_capacity(events * 400 + 200),
            events: Vec::with_capacity(events),
        };
        let tenant = &self.options.tenant;
        body.json.push_str(&format!(
            r#"{{"tenantId":"{tenant}","siteId":"{}","events":["#,
            site.id
        ));
        let mean_micros = 1_000_000 / u64::from(self.options.events_per_second);
        for index in 0..events {
            if index > 0 {
                body.json.push(',');
            }
            let at_ms = self.now_micros / 1000;
            body.events
                .push(site.event(at_ms, &mut self.random, &mut body.json));
            self.now_micros += self.random.below(2 * mean_micros + 1) as i64;
        }
        body.json.push_str("]}");
        body
    }
}

impl Site {
    fn new(random: &mut Random) -> Site {
        let id = uuid(random).to_string();
        let there = (0..VISITORS)
            .map(|_| Visit::begin(Visitor::new(random), random))
            .collect();
        Site {
            id,
            there,
            gone: Vec::new(),
        }
    }

    /// The next event of somebody who is there, written to `json`.
    fn event(&mut self, at_ms: i64, random: &mut Random, json: &mut String) -> WebEvent {
        let place = random.below(self.there.len() as u64) as usize;
        if self.there[place].is_over() {
            let next = self.visit(random);
            let before = std::mem::replace(&mut self.there[place], next);
            if self.gone.len() < MAX_GONE {
                self.gone.push(before.visitor);
            }
        }
        let visit = &mut self.there[place];
        let step = visit.step(random);
        let event = WebEvent {
            id: uuid(random),
            visitor: visit.visitor.id,
            session: visit.session,
            kind: step.kind,
            at_ms,
        };
        write_event(&event, &step.metadata, json);
        event
    }

    fn visit(&mut self, random: &mut Random) -> Visit {
        let visitor = match self.gone.is_empty() || !random.chance(RETURNING) {
            true => Visitor::new(random),
            false => {
                let place = random.below(self.gone.len() as u64) as usize;
                self.gone.swap_remove(place)
            }
        };
        Visit::begin(visitor, random)
    }
}

fn write_event(event: &WebEvent, metadata: &str, json: &mut String) {
    let at = Timestamp::from_millisecond(event.at_ms).expect("events happen in our era");
    let WebEvent {
        id,
        visitor,
        session,
        kind,
        ..
    } = event;
    write!(
        json,
        r#"{{"eventId":"{id}","visitorId":"{visitor}","sessionId":"{session}","eventType":"{kind}","metadata":{metadata},"occurredAt":"{at:.3}"}}"#
    )
    .expect("memory takes every byte");
}

/// A UUID of version 4 (RFC 9562, 5.4) with random bits of the seed.
fn uuid(random: &mut Random) -> Uuid {
    let bits = (u128::from(random.bits()) << 64) | u128::from(random.bits());
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}
