//! Of the jobs of one line that share a key, keeps the newest: the state of a session, say.
//!
//! ```text
//!           older                       newer            the older one
//!           ready, or back for a retry  comes, or is due is superseded
//!           due later                   comes            is superseded
//!           in flight                   comes            goes on, and the newer one waits for it
//!           in flight, then given back  waits            is superseded
//!           in flight, then ended       waits            ends, and the newer one may start
//!           dead or unknown             came since       can no longer be put back
//! ```
//!
//! So at most one job of a key is in flight, nothing that is older than what was sent is sent after
//! it, and a state that is due later (the end of a QR code) stands beside the one before it until
//! then. Order is that of arrival, which is the order of the jobs' numbers.
//!
//! What supersedes takes over the place of the superseded job: the higher priority of the two, and
//! the earlier time from which it waits, so that a key that never rests is still served in time.

/// The jobs of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coalescer {
    /// In the order of arrival.
    jobs: Vec<(u64, Place)>,
    /// The newest that ever came while any of the jobs was here.
    newest: u64,
}

/// Where a job of a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is due at some later time.
    Later,
    /// It is due: it waits for its turn, or for the one in flight.
    Ready,
    /// It is leased.
    InFlight,
    /// It ended without being delivered, and a person may put it back.
    Failed,
}

impl Coalescer {
    /// A job has come, or stands elsewhere than before.
    pub fn put(&mut self, number: u64, place: Place) {
        self.newest = self.newest.max(number);
        match self.jobs.binary_search_by_key(&number, |(known, _)| *known) {
            Ok(at) => self.jobs[at].1 = place,
            Err(at) => self.jobs.insert(at, (number, place)),
        }
    }

    /// A job is gone for good.
    pub fn remove(&mut self, number: u64) {
        self.jobs.retain(|(known, _)| *known != number);
    }

    /// A newer job than this one has come, though nothing else is known of it any more.
    pub fn outdate(&mut self, number: u64) {
        self.newest = self.newest.max(number + 1);
    }

    /// Whether nothing is known of any job.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The jobs that a job that is due supersedes: all older ones that may still be sent and are
    /// not in flight.
    pub fn superseded_by(&self, number: u64) -> Vec<u64> {
        let older = self.jobs.iter().take_while(|(other, _)| *other < number);
        let waits = older.filter(|(_, place)| matches!(place, Place::Later | Place::Ready));
        waits.map(|(other, _)| *other).collect()
    }

    /// The older jobs that are due later. A job that is due no later than one of these supersedes
    /// it at once: its time would come too late.
    pub fn later_before(&self, number: u64) -> Vec<u64> {
        let older = self.jobs.iter().take_while(|(other, _)| *other < number);
        let later = older.filter(|(_, place)| *place == Place::Later);
        later.map(|(other, _)| *other).collect()
    }

    /// What supersedes a job that comes back from its lease: the newest one that is due.
    pub fn successor_of(&self, number: u64) -> Option<u64> {
        let newer = self
            .jobs
            .iter()
            .rev()
            .take_while(|(other, _)| *other > number);
        let mut ready = newer.filter(|(_, place)| *place == Place::Ready);
        ready.next().map(|(other, _)| *other)
    }

    /// Whether a job must not start, because another one of the key is in flight.
    pub fn is_blocked(&self, number: u64) -> bool {
        self.in_flight_beside(number).is_some()
    }

    /// The job in flight that another one waits for, which is due and would start otherwise.
    pub fn waits_for(&self, number: u64) -> Option<u64> {
        let is_ready = self.jobs.contains(&(number, Place::Ready));
        is_ready.then(|| self.in_flight_beside(number)).flatten()
    }

    fn in_flight_beside(&self, number: u64) -> Option<u64> {
        let mut others = self.jobs.iter().filter(|(other, _)| *other != number);
        let in_flight = others.find(|(_, place)| *place == Place::InFlight);
        in_flight.map(|(other, _)| *other)
    }

    /// The jobs that are due and not in flight.
    pub fn ready(&self) -> Vec<u64> {
        let ready = self.jobs.iter().filter(|(_, place)| *place == Place::Ready);
        ready.map(|(number, _)| *number).collect()
    }

    /// Whether a newer job has come since, so that this one must not be put back.
    pub fn is_outdated(&self, number: u64) -> bool {
        number < self.newest
    }
}

#[cfg(test)]
mod tests;
