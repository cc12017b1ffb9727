//! The loop that feeds what happens to messages into the picture of them, in the order of the log.
//!
//! What it takes is written together with its place in the log. So after a crash it goes on right
//! behind what is written, and what was only in its hands is told again.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use cauce_destinations::message::Message;
use cauce_flow::{job::State, queue::settlement::Outcome};
use cauce_store::{
    jobs::{self, News, NewsBatch, ends},
    messages::{Bearing, Change, Next, Part, Taken, What},
};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Messaging, bearing};

/// News that are written in one go, at least and at most.
const NEWS: RangeInclusive<usize> = 32..=1_024;
/// How long to write them should take. What webhooks tell is written between, but other writes have
/// to wait for it.
const WANTED: Duration = Duration::from_millis(20);
/// Where none wait, it looks no sooner than this after it looked last: many news then share one
/// transaction, whose cost is that of the pages that it writes. The first after a pause do not wait,
/// nor does anybody who has to know.
const GATHER: Duration = Duration::from_millis(50);
/// It looks at least so often: what happens to other jobs moves the place in the log, too, and the
/// log keeps all that stands behind the place that was told.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// While audiences are walked, it waits so many times as long as it has worked, and so long at most:
/// nobody waits for the picture of messages that are not sent yet, but for the walk.
const STEPS_BACK: u32 = 3;
const MAX_STEP_BACK: Duration = Duration::from_millis(100);
/// After a failure it waits so long.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

impl Messaging {
    /// Follows the log until told to stop.
    pub(crate) async fn follow(self, stop: CancellationToken) {
        let news = self.log.news();
        let mut max_news = *NEWS.start();
        loop {
            let (told, looked) = (news.notified(), Instant::now());
            let asked = self.catch_up.asked();
            let more = match self.log.take_news(max_news).await {
                Ok(batch) => {
                    let (count, begun) = (batch.news.len(), Instant::now());
                    let more = self.keep(batch, &stop).await;
                    let took = begun.elapsed();
                    max_news = fit(max_news, count, took);
                    if more && self.walking.is_any() {
                        sleep((took * STEPS_BACK).min(MAX_STEP_BACK)).await;
                    }
                    more
                }
                Err(error) => {
                    tracing::warn!(%error, "news of messages could not be read");
                    sleep(AFTER_FAILURE).await;
                    true
                }
            };
            if stop.is_cancelled() {
                return;
            }
            if more {
                continue;
            }
            self.catch_up.reach(asked);
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.catch_up.hurried() => continue,
                () = told => {}
                () = sleep(LOOK_EVERY) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.catch_up.hurried() => {}
                () = sleep_until(looked + GATHER) => {}
            }
        }
    }

    /// Writes news, however often that has to be tried: they are not told again.
    async fn keep(&self, batch: NewsBatch, stop: &CancellationToken) -> bool {
        let NewsBatch {
            through,
            news,
            more,
        } = batch;
        // Nothing stands before the first place.
        if through == 0 {
            return more;
        }
        let has_wishes = news.iter().any(is_unwanted);
        let changes: Arc<[Change]> = news.into_iter().filter_map(change).collect();
        let settles = loop {
            let written = self
                .store
                .project(self.log.instance(), through, Arc::clone(&changes));
            match written.await {
                Ok(settles) => break settles,
                Err(error) => tracing::warn!(%error, "news of messages could not be written"),
            }
            tokio::select! {
                // What is not written is told again at the next start.
                () = stop.cancelled() => return false,
                () = sleep(AFTER_FAILURE) => {}
            }
        };
        self.log.news_kept(through);
        if settles {
            self.unsettled.notify_one();
        }
        if has_wishes {
            self.tell_wishes().await;
        }
        more
    }
}

/// How many news are written next, after so many that took so long.
fn fit(max_news: usize, count: usize, took: Duration) -> usize {
    let next = match took {
        long if long > 2 * WANTED => max_news / 2,
        short if short < WANTED && count >= max_news => max_news * 2,
        _ => max_news,
    };
    next.clamp(*NEWS.start(), *NEWS.end())
}

/// Whether a message was refused because its recipient wants none, as the provider knows.
fn is_unwanted(news: &News) -> bool {
    match &news.what {
        jobs::What::Settled {
            outcome: Outcome::Dead { reason },
            ..
        } => bearing(&reason.code) == Bearing::Person,
        _ => false,
    }
}

/// What a piece of news means for its message; none where it is about no message.
pub(crate) fn change(news: News) -> Option<Change> {
    let what = match news.what {
        jobs::What::Taken(taken) => {
            let message = Message::of_payload(&taken.payload).ok()?;
            let part = message.campaign.map(|part| Part {
                number: part.number,
                variant: part.variant,
                contact: part.contact,
            });
            let metadata = (!message.metadata.is_empty())
                .then(|| serde_json::to_string(&message.metadata).unwrap_or_default());
            What::Taken(Box::new(Taken {
                job: taken.job,
                tenant: news.tenant,
                sender: news.account,
                to: message.to.as_str().to_owned(),
                kind: message.content.kind().to_owned(),
                campaign: taken.group,
                part,
                conversation: message.conversation_id,
                metadata,
                priority: taken.priority,
                due_at: taken.due_at,
                expires_at: taken.expires_at,
            }))
        }
        jobs::What::Settled { outcome, attempt } => What::Tried {
            attempt,
            next: next(outcome),
        },
        jobs::What::Ended { state: State::Dead } => ended(State::Dead, ends::DAMAGED),
        jobs::What::Ended { state } => What::Moved(state),
        jobs::What::Rescued { state } => {
            let code = ends::code_of_rescue(state);
            code.map_or(What::Moved(state), |code| ended(state, code))
        }
        jobs::What::Replayed { due_at } => What::Tried {
            attempt: None,
            next: Next::Waits {
                due_at: Some(due_at),
            },
        },
        jobs::What::Resolved { delivered: true } => What::Moved(State::Completed),
        jobs::What::Resolved { delivered: false } => ended(State::Dead, ends::RESOLVED),
        jobs::What::Changed { due_at, .. } => What::Due(due_at),
    };
    Some(Change {
        position: news.position,
        at: news.at,
        number: news.number,
        what,
    })
}

/// An end that no attempt explains, with its reason.
fn ended(state: State, code: &str) -> What {
    let next = match (state, ends::explain(state, code)) {
        (State::Dead, Some(reason)) => Next::Dead { reason },
        (State::Unknown, Some(reason)) => Next::Unknown { reason },
        _ => return What::Moved(state),
    };
    What::Tried {
        attempt: None,
        next,
    }
}

fn next(outcome: Outcome) -> Next {
    match outcome {
        Outcome::Completed { provider_id } => Next::Completed { provider_id },
        Outcome::Retry { due_at } | Outcome::Snooze { due_at } => Next::Waits {
            due_at: Some(due_at),
        },
        Outcome::Release => Next::Waits { due_at: None },
        Outcome::Cancelled { reason } => Next::Cancelled { reason },
        Outcome::Dead { reason } => Next::Dead { reason },
        Outcome::Unknown { reason } => Next::Unknown { reason },
    }
}

#[cfg(test)]
mod tests {
    use cauce_flow::{
        id::{AccountName, QueueName, TenantId},
        time::Timestamp,
    };

    use super::*;

    /// The code of the reason that a piece of news carries.
    fn code(what: jobs::What) -> Option<String> {
        let news = News {
            position: 1,
            at: Timestamp::EPOCH,
            number: 1,
            tenant: TenantId::new("acme").unwrap(),
            queue: QueueName::new("campaigns").unwrap(),
            account: AccountName::new("acme-wa").unwrap(),
            what,
        };
        match change(news)?.what {
            What::Tried {
                next: Next::Dead { reason } | Next::Unknown { reason },
                attempt: None,
            } => Some(reason.code.to_string()),
            _ => None,
        }
    }

    #[test]
    fn ends_that_no_attempt_explains_have_a_reason() {
        use jobs::What::{Ended, Rescued, Resolved};
        for (what, wanted) in [
            (
                Rescued {
                    state: State::Unknown,
                },
                Some("crashed"),
            ),
            (Rescued { state: State::Dead }, Some("poison")),
            (
                Rescued {
                    state: State::Waiting,
                },
                None,
            ),
            (Resolved { delivered: false }, Some("resolved")),
            (Resolved { delivered: true }, None),
            (Ended { state: State::Dead }, Some("damaged")),
            (
                Ended {
                    state: State::Cancelled,
                },
                None,
            ),
        ] {
            assert_eq!(code(what.clone()).as_deref(), wanted, "{what:?}");
        }
    }

    #[test]
    fn transactions_are_fit_to_the_time_they_may_take() {
        let ms = Duration::from_millis;
        for (max_news, count, took, next) in [
            (32, 32, ms(1), 64),
            (64, 40, ms(1), 64),
            (64, 64, ms(25), 64),
            (256, 256, ms(80), 128),
            (32, 32, ms(500), 32),
            (1_024, 1_024, ms(5), 1_024),
        ] {
            assert_eq!(
                fit(max_news, count, took),
                next,
                "{max_news} {count} {took:?}"
            );
        }
    }
}
