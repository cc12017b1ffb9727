//! Finds the bad jobs of a batch that was refused as a whole, and delivers the good ones once.
//!
//! The refused batch is halved and the left half sent. What becomes of it says something of the
//! right half, and that saves a request at every level where the bad job is on the right:
//!
//! ```text
//!  left half     right half
//!  refused       may be good: sent whole, the left half is halved first
//!  taken         holds the bad job: halved without being sent
//!  no answer     may be good: sent whole
//! ```
//!
//! One bad job in `n` costs at most `2 log2(n) + 1` requests, the refused batch counted. A job is
//! rejected only after it was sent alone and refused: a guess never makes a dead letter.

/// A refused batch on its way to being sorted out. Its requests follow one another.
#[derive(Clone, Debug)]
pub struct Bisection<J> {
    /// What is still to be sent, the next one last. Never empty sets.
    rest: Vec<Part<J>>,
}

#[derive(Clone, Debug)]
struct Part<J> {
    jobs: Vec<J>,
    /// It is known to hold a bad job, so sending it whole would be in vain.
    bad: bool,
}

/// What a part that was sent is to the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left half of a refused part; the next one to be sent is its right half.
    Left,
    /// Anything else.
    Alone,
}

impl<J> Bisection<J> {
    /// Nothing to sort out yet.
    pub fn new() -> Bisection<J> {
        Bisection { rest: Vec::new() }
    }

    /// A part was refused and nobody knows for which job. Gives the job back where it was alone.
    pub fn on_refused(&mut self, mut jobs: Vec<J>) -> Option<J> {
        if jobs.len() <= 1 {
            return jobs.pop();
        }
        self.rest.push(Part { jobs, bad: true });
        None
    }

    /// A part was taken, whatever became of its single jobs.
    pub fn on_taken(&mut self, side: Side) {
        if let (Side::Left, Some(right)) = (side, self.rest.last_mut()) {
            right.bad = true;
        }
    }

    /// Puts jobs that were not at fault up to be sent next.
    pub fn push(&mut self, jobs: Vec<J>) {
        if !jobs.is_empty() {
            self.rest.push(Part { jobs, bad: false });
        }
    }

    /// The next jobs to send together; none when all are sorted out.
    pub fn next_part(&mut self) -> Option<(Vec<J>, Side)> {
        let Part { mut jobs, bad } = self.rest.pop()?;
        if !bad || jobs.len() == 1 {
            return Some((jobs, Side::Alone));
        }
        // The smaller half goes left, where a bad job costs two requests and not one.
        let right = jobs.split_off(jobs.len() / 2);
        self.rest.push(Part {
            jobs: right,
            bad: false,
        });
        Some((jobs, Side::Left))
    }

    /// Takes out the jobs that must not be sent any more.
    pub fn withdraw(&mut self, goes: impl Fn(&J) -> bool) -> Vec<J> {
        let mut gone = Vec::new();
        for part in &mut self.rest {
            gone.extend(part.jobs.extract_if(.., |job| goes(job)));
        }
        self.rest.retain(|part| !part.jobs.is_empty());
        gone
    }

    /// All that has not been sent, in order.
    pub fn into_rest(self) -> Vec<J> {
        self.rest
            .into_iter()
            .rev()
            .flat_map(|part| part.jobs)
            .collect()
    }

    /// Whether nothing is left to send.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<J> Default for Bisection<J> {
    fn default() -> Self {
        Bisection::new()
    }
}

#[cfg(test)]
mod tests;
