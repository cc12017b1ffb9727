//! A destination that is well or not, keeps a ledger of every request that arrives, and answers as
//! its mood has it.

use std::{collections::BTreeSet, time::Duration};

use cauce_flow::{
    dispatch::{
        dispatcher::Answered,
        disposition::{Disposition, Verdict},
    },
    reason::Reason,
    time::Timestamp,
};

use crate::{chance::Chance, scenario::Refusal};

/// The reason with which a destination refuses a poison job, and no other.
pub(crate) const BAD_FIELD: &str = "bad_field";

/// How a destination does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Up,
    Slow,
    /// 429, for so long where it says so.
    Throttles(Option<Duration>),
    /// 5xx, and it says when to come again or not.
    Fails(Option<Duration>),
    /// It takes the request or not, and answers nothing.
    Hangs,
    /// It answers each job differently, and passes over some.
    Patchy,
    /// The token is revoked.
    Refuses,
    /// Nobody listens.
    Gone,
}

/// A request that arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Timestamp,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    /// None where the sender only finds out by its own patience.
    pub(crate) answer: Option<Answered>,
    pub(crate) after: Duration,
    /// For each job, whether the destination has it from here on.
    pub(crate) accepted: Vec<bool>,
}

/// The receiving side of one line.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) mood: Mood,
    pub(crate) refusal: Refusal,
    pub(crate) arrivals: Vec<Arrival>,
    /// A batch that is being sorted out: its jobs, and the requests that it has cost.
    series: Option<Series>,
}

#[derive(Debug)]
struct Series {
    jobs: BTreeSet<usize>,
    size: usize,
    requests: u32,
}

impl Receiver {
    pub(crate) fn new(refusal: Refusal) -> Receiver {
        Receiver {
            mood: Mood::Up,
            refusal,
            arrivals: Vec::new(),
            series: None,
        }
    }

    /// A request arrives. `jobs` says of each which one it is and whether it is poison.
    pub(crate) fn on_request(
        &mut self,
        jobs: &[(usize, bool)],
        chance: &mut Chance,
        now: Timestamp,
    ) -> Reaction {
        self.arrivals.push(Arrival { at: now });
        let quick = Duration::from_millis(chance.within(5, 400));
        let all = |disposition| Verdict::All(disposition);
        let (status, verdict, hold) = match self.mood {
            Mood::Up | Mood::Slow | Mood::Gone => return self.work(jobs, quick, chance),
            Mood::Hangs => {
                self.series = None;
                let taken = chance.percent(50);
                return Reaction {
                    answer: None,
                    after: quick,
                    accepted: vec![taken; jobs.len()],
                };
            }
            Mood::Patchy => return self.patchy(jobs, quick, chance),
            Mood::Throttles(after) => {
                let (in_job, in_answer) = if chance.percent(50) {
                    (after, None)
                } else {
                    (None, after)
                };
                let reason = Reason::new("http_429", "too many requests");
                (
                    429,
                    all(Disposition::Throttled {
                        reason,
                        after: in_job,
                    }),
                    in_answer,
                )
            }
            Mood::Fails(after) => {
                let reason = Reason::new("http_503", "out of order");
                (503, all(Disposition::Retry { reason, after }), after)
            }
            Mood::Refuses => {
                let reason = Reason::new("http_401", "the token is revoked");
                (401, all(Disposition::Unauthorised { reason }), None)
            }
        };
        self.series = None;
        let answer = Some(Answered {
            verdict,
            hold,
            status,
        });
        Reaction {
            answer,
            after: quick,
            accepted: vec![false; jobs.len()],
        }
    }

    /// What the requests of a series cost, if it has come to its end; none where it went otherwise.
    pub(crate) fn series_cost(&mut self) -> Option<(usize, u32)> {
        let series = self.series.as_ref()?;
        let over = series.jobs.is_empty();
        let cost = (series.size, series.requests);
        over.then(|| self.series = None).map(|()| cost)
    }

    /// A job went back to the store: a series that it was in is interrupted.
    pub(crate) fn on_back(&mut self, n: usize) {
        if self
            .series
            .as_ref()
            .is_some_and(|series| series.jobs.contains(&n))
        {
            self.series = None;
        }
    }

    /// Whatever is being sorted out is interrupted: its cost says nothing any more.
    pub(crate) fn forget_series(&mut self) {
        self.series = None;
    }

    fn work(&mut self, jobs: &[(usize, bool)], quick: Duration, chance: &mut Chance) -> Reaction {
        let after = match self.mood {
            Mood::Slow => quick + Duration::from_millis(chance.within(500, 8_000)),
            _ => quick,
        };
        let poison = jobs.iter().filter(|(_, poison)| *poison).count();
        let reason = || Reason::new(BAD_FIELD, "a field is missing");
        let delivered = |n: &usize| Disposition::Delivered {
            provider_id: Some(format!("p{n}")),
        };
        self.count(jobs, poison);
        let (verdict, taken) = match self.refusal {
            Refusal::Whole if poison > 0 => (Verdict::Bisect(reason()), false),
            Refusal::Named if poison > 0 => {
                let places = jobs.iter().enumerate().filter(|(_, (_, poison))| *poison);
                (
                    Verdict::Without(places.map(|(at, _)| (at, reason())).collect()),
                    false,
                )
            }
            Refusal::Whole | Refusal::Named | Refusal::Single => {
                let each = |(n, poison): &(usize, bool)| match poison {
                    true => Disposition::Rejected { reason: reason() },
                    false => delivered(n),
                };
                (Verdict::Each(jobs.iter().map(each).collect()), true)
            }
        };
        let status = if poison > 0 { 400 } else { 200 };
        Reaction {
            answer: Some(Answered {
                verdict,
                hold: None,
                status,
            }),
            after,
            accepted: jobs.iter().map(|(_, poison)| taken && !poison).collect(),
        }
    }

    /// Each job for itself; the answer may end too soon, and then nobody knows of the rest.
    fn patchy(&mut self, jobs: &[(usize, bool)], after: Duration, chance: &mut Chance) -> Reaction {
        self.series = None;
        let mut accepted = Vec::new();
        let mut each = Vec::new();
        for (n, _) in jobs {
            let reason = || Reason::new("item", "not this one");
            let luck = chance.below(10);
            accepted.push(luck < 6);
            each.push(match luck {
                0..5 => Disposition::Delivered {
                    provider_id: Some(format!("p{n}")),
                },
                5 | 6 => Disposition::Unknown { reason: reason() },
                7 | 8 => Disposition::Retry {
                    reason: reason(),
                    after: None,
                },
                _ => Disposition::Rejected { reason: reason() },
            });
        }
        let told = chance.within(1, jobs.len() as u64) as usize;
        if chance.percent(20) {
            each.truncate(told);
        }
        let answer = Answered {
            verdict: Verdict::Each(each),
            hold: None,
            status: 207,
        };
        Reaction {
            answer: Some(answer),
            after,
            accepted,
        }
    }

    /// Follows a refused batch with one poison job through the requests that it takes.
    fn count(&mut self, jobs: &[(usize, bool)], poison: usize) {
        let ours = |series: &Series| jobs.iter().all(|(n, _)| series.jobs.contains(n));
        if self.refusal != Refusal::Whole {
            return;
        }
        match &mut self.series {
            Some(series) if ours(series) => series.requests += 1,
            Some(_) => {}
            None if poison == 1 && jobs.len() > 1 => {
                let all = jobs.iter().map(|(n, _)| *n).collect();
                self.series = Some(Series {
                    jobs: all,
                    size: jobs.len(),
                    requests: 1,
                });
            }
            None => {}
        }
        // What is answered for good leaves the series.
        if let Some(series) = &mut self.series
            && (poison == 0 || jobs.len() == 1)
        {
            jobs.iter().for_each(|(n, _)| {
                series.jobs.remove(n);
            });
        }
    }
}
