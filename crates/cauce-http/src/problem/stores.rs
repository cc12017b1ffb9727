//! What the stores refuse, as problems.

use std::time::Duration;

use cauce_events::store as events;
use cauce_store::{analytics, campaigns, control, jobs, messages};

use super::{Code, Fault, OVERLOADED_AFTER, Problem, wrong_state};

/// How long to wait for a queue that is full: deliveries make room all the time.
const FULL_AFTER: Duration = Duration::from_secs(10);
/// How long to wait for a disk that is full: somebody may have to act.
const DISK_FULL_AFTER: Duration = Duration::from_secs(60);
/// How long to wait for a buffer that is full: files are written all the time.
const BUFFER_FULL_AFTER: Duration = Duration::from_secs(2);
/// How long to wait for a queue that is being drained: somebody has to open it again.
const DRAINING_AFTER: Duration = Duration::from_secs(60);

impl From<jobs::Error> for Problem {
    fn from(error: jobs::Error) -> Problem {
        use jobs::Error;
        match error {
            Error::Full { .. } => Problem::new(
                Code::QueueFull,
                format!("{error}; none of the call was taken: wait as told by Retry-After, or raise the setting"),
            )
            .retry_after(FULL_AFTER),
            Error::DiskFull { .. } => Problem::new(
                Code::DiskFull,
                format!("{error}; deliveries go on and free space: wait, or free some"),
            )
            .retry_after(DISK_FULL_AFTER),
            Error::Draining { ref queue, .. } => Problem::new(
                Code::QueueDraining,
                format!("{error}; none of the call was taken: open it again with POST /api/queues/{queue}/resume"),
            )
            .retry_after(DRAINING_AFTER),
            Error::State { job, found } => wrong_state(&job.to_string(), found.as_str()),
            Error::Stopped { .. } | Error::Marked { .. } | Error::Unfinished { .. } => {
                Problem::new(Code::WrongState, error.to_string())
            }
            Error::NotFound { job } => Problem::not_found("job", &job.to_string()),
            Error::Unread(_) | Error::Broken(_) | Error::Closed => unavailable(&error),
        }
    }
}

impl From<events::Error> for Problem {
    fn from(error: events::Error) -> Problem {
        use events::Error;
        match error {
            Error::BufferFull { .. } | Error::IdsWaiting { .. } => Problem::new(
                Code::BufferFull,
                format!("{error}; the files catch up: wait as told by Retry-After"),
            )
            .retry_after(BUFFER_FULL_AFTER),
            Error::DiskFull { .. } => Problem::new(
                Code::DiskFull,
                format!("{error}; free some space, or keep events for less long"),
            )
            .retry_after(DISK_FULL_AFTER),
            Error::Files { .. } => Problem::internal(&error),
            Error::Cursor => Problem::bad_parameter(
                "cursor",
                "not a cursor of this list; use the `nextCursor` of its last page",
            ),
            Error::TooManyPoints { .. } => Problem::bad_parameter("interval", error.to_string()),
            Error::Broken(_) | Error::Closed => unavailable(&error),
        }
    }
}

impl From<control::Error> for Problem {
    fn from(error: control::Error) -> Problem {
        use control::Error;
        match error {
            Error::BadKey(faults) => Problem::invalid(
                faults
                    .into_iter()
                    .map(|(field, what)| Fault::at(format!("/{field}"), what))
                    .collect(),
            ),
            Error::NoKey(id) => Problem::not_found("key", &id),
            Error::Busy => Problem::overloaded(),
            Error::Closed => unavailable(&error),
            Error::Open(_) | Error::SealKey { .. } | Error::Database(_) => {
                Problem::internal(&error)
            }
        }
    }
}

impl From<messages::Error> for Problem {
    fn from(error: messages::Error) -> Problem {
        use messages::Error;
        match error {
            Error::Busy => Problem::overloaded(),
            Error::Closed | Error::Database(_) => unavailable(&error),
            Error::Open(_) | Error::Key { .. } => Problem::internal(&error),
        }
    }
}

impl From<analytics::Error> for Problem {
    fn from(error: analytics::Error) -> Problem {
        use analytics::Error;
        match error {
            Error::Busy => Problem::overloaded(),
            Error::Closed | Error::Database(_) => unavailable(&error),
            Error::Open(_) | Error::Key { .. } => Problem::internal(&error),
        }
    }
}

impl From<campaigns::Error> for Problem {
    fn from(error: campaigns::Error) -> Problem {
        use campaigns::Error;
        match error {
            Error::Busy => Problem::overloaded(),
            Error::Closed => unavailable(&error),
            Error::Open(_)
            | Error::Held { .. }
            | Error::Key { .. }
            | Error::Sealed
            | Error::Database(_) => Problem::internal(&error),
        }
    }
}

/// The reason stays in the log: it may name files.
fn unavailable(reason: &dyn std::fmt::Display) -> Problem {
    tracing::warn!(%reason, "a request was refused");
    Problem::new(
        Code::Unavailable,
        "the server is closing or cannot write; try again after it has started anew",
    )
    .retry_after(OVERLOADED_AFTER * 5)
}
