//! From an audience to jobs: walked in the order of its contacts, a piece at a time.
//!
//! ```text
//! audience --stretch--> fill --piece--> skipped: written first
//!                                  \--> jobs + mark: one commit of the job log
//! ```
//!
//! How far it has come is the mark of the group in the job log, in the same commit as the jobs. So
//! whatever the process dies of, it goes on right behind the last piece that was taken: nobody is
//! left out, and nobody is sent anything twice. While one piece is being committed, the next is
//! filled and the one after it read; three at a time are all the memory that it takes.
//!
//! Contacts may be changed meanwhile. Where that leaves it open whether a number has got its
//! message, a piece waits until all before it is known to the picture of messages, and asks that
//! (`asked`).

use std::{sync::Arc, time::Duration};

use cauce_flow::{job::NewJob, time::Timestamp};
use cauce_store::{
    campaigns::{
        self, Campaigns, Walk,
        campaign::{Campaign, Skipped},
    },
    jobs::{self, Enqueue, JobStore, Mark},
    messages::{self, Messages},
};
use futures_util::future::OptionFuture;
use tokio_util::sync::CancellationToken;

use super::{
    Walking,
    asked::Asked,
    fill::Filling,
    members::{Candidate, Members},
};
use crate::clock::Clock;

/// Contacts of one piece: three of them are all that an expansion has in memory.
pub(crate) const PIECE: usize = 5_000;
/// How long to wait for room in a queue or on the disk.
const ROOM: Duration = Duration::from_secs(1);

/// Makes the jobs of one campaign.
pub(crate) struct Expander {
    pub(crate) store: Campaigns,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) messages: Messages,
    pub(crate) clock: Clock,
    pub(crate) campaign: Campaign,
    pub(crate) filling: Arc<Filling>,
    /// Told while it walks.
    pub(crate) walking: Walking,
    /// How often a fault is tried again.
    pub(crate) retries: u32,
    /// The first pause before that; each further one is twice as long.
    pub(crate) retry_delay: Duration,
    /// Contacts of one piece.
    pub(crate) piece: usize,
}

/// How an expansion ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expanded {
    /// All jobs are made, or the campaign takes no more.
    Over,
    /// It could not go on, for this reason.
    Failed(String),
    /// The process ends.
    Interrupted,
}

/// Why a walk ended before its end.
enum Obstacle {
    /// The group has been stopped.
    Stopped,
    /// There is no room for now, or somebody else has come further.
    Wait,
    /// A fault.
    Fault(String),
}

impl From<campaigns::Error> for Obstacle {
    fn from(error: campaigns::Error) -> Obstacle {
        match error {
            campaigns::Error::Busy => Obstacle::Wait,
            error => Obstacle::Fault(error.to_string()),
        }
    }
}

impl From<messages::Error> for Obstacle {
    fn from(error: messages::Error) -> Obstacle {
        match error {
            messages::Error::Busy => Obstacle::Wait,
            error => Obstacle::Fault(error.to_string()),
        }
    }
}

impl From<jobs::Error> for Obstacle {
    fn from(error: jobs::Error) -> Obstacle {
        match error {
            jobs::Error::Stopped { .. } => Obstacle::Stopped,
            jobs::Error::Full { .. }
            | jobs::Error::DiskFull { .. }
            | jobs::Error::Draining { .. }
            | jobs::Error::Marked { .. } => Obstacle::Wait,
            error => Obstacle::Fault(error.to_string()),
        }
    }
}

/// A part of the audience.
struct Stretch {
    /// The contacts beyond this row.
    after: u64,
    /// Up to this one.
    upto: u64,
    /// Whether there are no more.
    done: bool,
    members: Members,
}

/// A stretch as it is handed in.
struct Piece {
    after: u64,
    upto: u64,
    done: bool,
    jobs: Vec<NewJob>,
    skipped: Vec<Skipped>,
    /// The number of the first recipient of the next piece.
    next: u64,
}

/// A stretch of whose contacts it is known whether they get a message, or for some has to be asked.
enum Judged {
    Filled(Piece),
    /// With the piece, which is empty as yet.
    Asks(Piece, Vec<Candidate>),
}

impl Expander {
    /// Walks the audience to its end.
    pub(crate) async fn run(self, stop: CancellationToken) -> Expanded {
        let (mut tries, mut reached) = (0, self.reached());
        loop {
            let pause = match self.walk().await {
                Ok(()) | Err(Obstacle::Stopped) => {
                    self.tell_of_end().await;
                    return Expanded::Over;
                }
                Err(Obstacle::Wait) => ROOM,
                Err(Obstacle::Fault(why)) => {
                    if self.reached() > reached {
                        (tries, reached) = (0, self.reached());
                    }
                    if tries == self.retries {
                        return Expanded::Failed(why);
                    }
                    let campaign = &self.campaign.id;
                    tracing::warn!(%campaign, why, "a piece of a campaign is made again");
                    tries += 1;
                    self.retry_delay * 2u32.saturating_pow(tries - 1)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Expanded::Interrupted,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Has changes of contacts no longer be noted. Where that fails, they are until the campaign
    /// ends.
    async fn tell_of_end(&self) {
        if let Err(error) = self.store.walked(self.campaign.row).await {
            let campaign = &self.campaign.id;
            tracing::warn!(%campaign, %error, "the end of a walk could not be noted");
        }
    }

    fn reached(&self) -> u64 {
        let campaign = &self.campaign;
        let figures = self.jobs.group(&campaign.tenant, &campaign.id);
        figures.map_or(0, |figures| figures.mark.upto)
    }

    /// Walks from the mark on.
    async fn walk(&self) -> Result<(), Obstacle> {
        let campaign = &self.campaign;
        let figures = self.jobs.group(&campaign.tenant, &campaign.id);
        let figures = figures.unwrap_or_default();
        if figures.mark.done {
            return Ok(());
        }
        let (mut number, mut piece, mut asked) = (figures.accepted, None, Asked::default());
        let mut stretch = Some(self.read(figures.mark.upto).await?);
        // What an interrupted walk has left beyond the mark is taken back with the first piece.
        let mut clean = false;
        while stretch.is_some() || piece.is_some() {
            let after = stretch.as_ref().and_then(Stretch::next);
            let had = piece.is_some();
            let walk = self.walking.begin();
            let (handed_in, filled, read) = tokio::join!(
                OptionFuture::from(piece.take().map(|piece| self.hand_in(piece, clean))),
                OptionFuture::from(stretch.take().map(|stretch| self.fill(stretch, number))),
                OptionFuture::from(after.map(|after| self.read(after))),
            );
            drop(walk);
            handed_in.transpose()?;
            (piece, stretch) = match filled.transpose()? {
                None => (None, read.transpose()?),
                Some(Judged::Filled(piece)) => (Some(piece), read.transpose()?),
                Some(Judged::Asks(piece, candidates)) => {
                    let filled = self.ask(piece, candidates, &mut asked).await?;
                    (Some(filled), read.transpose()?)
                }
            };
            number = piece.as_ref().map_or(number, |piece| piece.next);
            clean |= had;
        }
        Ok(())
    }

    async fn read(&self, after: u64) -> Result<Stretch, Obstacle> {
        let campaign = &self.campaign;
        let walk = Walk {
            after,
            upto: campaign.last_row,
            limit: self.piece,
        };
        let members = Members::read(&self.store, &campaign.audience(), walk).await?;
        let done = members.count() < self.piece;
        let upto = match members.last_row() {
            Some(last) if !done => last,
            // Beyond every row, so that an audience that ends with its last piece can be marked.
            _ => campaign.last_row.max(after) + 1,
        };
        Ok(Stretch {
            after,
            upto,
            done,
            members,
        })
    }

    async fn fill(&self, stretch: Stretch, number: u64) -> Result<Judged, Obstacle> {
        let (filling, now) = (Arc::clone(&self.filling), self.clock.now());
        let fill = move || {
            let piece = Piece::of(&stretch, number);
            let candidates = stretch.members.judged(&filling, now)?;
            let asks = candidates.iter().any(|candidate| candidate.asks);
            Ok(match asks {
                true => Judged::Asks(piece, candidates),
                false => {
                    let mut none = Asked::default();
                    Judged::Filled(piece.filled(&filling, &candidates, &mut none, now))
                }
            })
        };
        let filled = tokio::task::spawn_blocking(fill).await;
        filled.map_err(|error| Obstacle::Fault(error.to_string()))?
    }

    /// Fills a piece behind which everything has been handed in.
    async fn ask(
        &self,
        piece: Piece,
        candidates: Vec<Candidate>,
        asked: &mut Asked,
    ) -> Result<Piece, Obstacle> {
        let campaign = &self.campaign;
        let figures = self.jobs.group(&campaign.tenant, &campaign.id);
        let accepted = figures.map_or(0, |figures| figures.accepted);
        let in_time = asked
            .ask(&self.messages, campaign, accepted, &candidates)
            .await?;
        if !in_time {
            return Err(Obstacle::Wait);
        }
        let (filling, now) = (Arc::clone(&self.filling), self.clock.now());
        let mut known = std::mem::take(asked);
        let fill = move || {
            let piece = piece.filled(&filling, &candidates, &mut known, now);
            (piece, known)
        };
        let filled = tokio::task::spawn_blocking(fill).await;
        let (piece, known) = filled.map_err(|error| Obstacle::Fault(error.to_string()))?;
        *asked = known;
        Ok(piece)
    }

    async fn hand_in(&self, piece: Piece, clean: bool) -> Result<(), Obstacle> {
        let campaign = &self.campaign;
        if !(clean && piece.skipped.is_empty()) {
            self.store
                .skip(campaign.row, piece.after, piece.skipped)
                .await?;
        }
        let mark = Mark {
            tenant: campaign.tenant.clone(),
            group: campaign.id.clone(),
            upto: piece.upto,
            done: piece.done,
        };
        let batch = Enqueue {
            jobs: piece.jobs,
            dropped: Vec::new(),
            mark: Some(mark),
        };
        self.jobs.enqueue(batch, self.clock.now()).await?;
        Ok(())
    }
}

impl Stretch {
    /// Where the next one begins, unless this is the last.
    fn next(&self) -> Option<u64> {
        (!self.done).then_some(self.upto)
    }
}

impl Piece {
    /// The piece of a stretch, whose first recipient has this number; empty as yet.
    fn of(stretch: &Stretch, number: u64) -> Piece {
        Piece {
            after: stretch.after,
            upto: stretch.upto,
            done: stretch.done,
            jobs: Vec::with_capacity(stretch.members.count()),
            skipped: Vec::new(),
            next: number,
        }
    }

    /// With the jobs of these contacts, or the reasons why there are none.
    fn filled(
        mut self,
        filling: &Filling,
        candidates: &[Candidate],
        asked: &mut Asked,
        now: Timestamp,
    ) -> Piece {
        for candidate in candidates {
            match asked.fill(filling, candidate, self.next, now) {
                Ok(filled) => {
                    self.jobs.push(filling.job(filled, now));
                    self.next += 1;
                }
                Err(skipped) => self.skipped.push(skipped),
            }
        }
        self
    }
}

#[cfg(test)]
mod tests;
