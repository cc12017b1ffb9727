//! How many requests may be on their way at once.
//!
//! After a hold or an open breaker the flow starts slowly: one request, and one more for each good
//! answer, which doubles it with every round trip (1, 2, 4 …) up to `concurrency`. A destination
//! that has just come back is not met with everything that waited for it.

/// The requests in flight and their limit.
#[derive(Clone, Debug)]
pub struct InFlight {
    max: u32,
    /// What is allowed for the moment, at most `max`.
    limit: u32,
    running: u32,
    /// Counts the restarts, so that an answer from before one does not speed up the flow after it.
    restarts: u32,
}

/// A place among the requests in flight; handed back when the request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Place {
    restarts: u32,
}

impl InFlight {
    /// Up to `max` requests at once, from the start.
    pub fn new(max: u32) -> InFlight {
        InFlight {
            max,
            limit: max,
            running: 0,
            restarts: 0,
        }
    }

    /// How many more may start.
    pub fn free(&self) -> u32 {
        self.limit.saturating_sub(self.running)
    }

    /// How many are on their way.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// How many may be, for the moment.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// A request starts.
    pub fn on_start(&mut self) -> Place {
        assert!(self.free() > 0, "a request started without a place");
        self.running += 1;
        Place {
            restarts: self.restarts,
        }
    }

    /// A request has ended; a good answer makes room for one more.
    pub fn on_end(&mut self, place: Place, good: bool) {
        self.running -= 1;
        if good && place.restarts == self.restarts {
            self.limit = (self.limit + 1).min(self.max);
        }
    }

    /// The flow starts again from one.
    pub fn restart(&mut self) {
        self.restarts += 1;
        self.limit = 1;
    }

    /// Takes another maximum. A slow start that is under way goes on.
    pub fn set_max(&mut self, max: u32) {
        let at_full_speed = self.limit == self.max;
        self.max = max;
        self.limit = if at_full_speed {
            max
        } else {
            self.limit.min(max)
        };
    }
}

#[cfg(test)]
mod tests;
