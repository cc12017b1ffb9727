//! What is looked at, and what is too much.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use cauce_flow::id::QueueName;
use serde::{Deserialize, Serialize};

/// Declares the kinds with their names and units.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $unit:ident;)*) => {
        /// What a rule looks at.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$kind,)*];

            /// Its name in the configuration and the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)*
                }
            }

            /// What its figures count.
            pub const fn unit(self) -> Unit {
                match self {
                    $(Kind::$kind => Unit::$unit,)*
                }
            }
        }
    };
}

kinds! {
    /// The breaker of an account is not closed.
    BreakerOpen = "breaker_open", State;
    /// Attempts of a queue that fail, of all that are made.
    FailureRate = "failure_rate", Percent;
    /// How long requests of an account take, on the mean.
    ProcessingTime = "processing_time", Seconds;
    /// Jobs or bytes in a queue, of what it may hold.
    QueueSaturated = "queue_saturated", Percent;
    /// How long the oldest job of a line has been due.
    OldestJob = "oldest_job", Seconds;
    /// Jobs of a queue that became dead letters.
    DeadLetters = "dead_letters", Count;
    /// For how long a line has sent nothing although jobs wait and nothing holds them back.
    WorkerStalled = "worker_stalled", Seconds;
    /// The credentials of an account are refused, have ended, or it is not connected.
    TokenInvalid = "token_invalid", State;
    /// The credentials of an account end soon.
    TokenExpiring = "token_expiring", State;
    /// How much of the disk is used.
    DiskFull = "disk_full", Percent;
    /// A store cannot read or write, or has set damage aside.
    StoreFailing = "store_failing", State;
    /// Durable counters disagree with what is there.
    CountersDisagree = "counters_disagree", Count;
    /// The company's backend has no route for what it is sent.
    BackendRoute = "backend_route", State;
    /// How far the tracked events of an hour are from those of the same hour in past weeks.
    TrackingVolume = "tracking_volume", Deviations;
    /// A campaign was paused by a rule and waits for a person.
    CampaignPaused = "campaign_paused", State;
    /// Letters of a report that did not reach its people, after all attempts.
    ReportUndelivered = "report_undelivered", Count;
}

impl Kind {
    /// Whether it looks at queues, or at the lines of queues, so that a rule may name some of them.
    pub const fn looks_at_queues(self) -> bool {
        match self {
            Kind::BreakerOpen
            | Kind::FailureRate
            | Kind::ProcessingTime
            | Kind::QueueSaturated
            | Kind::OldestJob
            | Kind::DeadLetters
            | Kind::WorkerStalled
            | Kind::TokenInvalid
            | Kind::TokenExpiring
            | Kind::BackendRoute => true,
            Kind::DiskFull
            | Kind::StoreFailing
            | Kind::CountersDisagree
            | Kind::TrackingVolume
            | Kind::CampaignPaused
            | Kind::ReportUndelivered => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no kind of alert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is nothing that alerts look at")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;
    fn from_str(text: &str) -> Result<Kind, UnknownKind> {
        let found = Kind::ALL.iter().find(|kind| kind.as_str() == text);
        found
            .copied()
            .ok_or_else(|| UnknownKind(text.chars().take(40).collect()))
    }
}

/// What figures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 1 where something is so, 0 where it is not.
    State,
    /// Things.
    Count,
    /// Hundredths.
    Percent,
    /// Seconds.
    Seconds,
    /// Usual distances from the median.
    Deviations,
}

impl Unit {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::State => "state",
            Unit::Count => "count",
            Unit::Percent => "percent",
            Unit::Seconds => "seconds",
            Unit::Deviations => "deviations",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look.
    Warning,
    /// A person is needed now; quiet hours do not hold it back.
    Critical,
}

impl Severity {
    /// Both of them.
    pub const ALL: [Severity; 2] = [Severity::Warning, Severity::Critical];

    /// Its name in the configuration and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// Why a text is no severity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither warning nor critical")]
pub struct UnknownSeverity(String);

impl FromStr for Severity {
    type Err = UnknownSeverity;
    fn from_str(text: &str) -> Result<Severity, UnknownSeverity> {
        Severity::ALL
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| UnknownSeverity(text.chars().take(40).collect()))
    }
}

/// When an alert fires, and when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, unique.
    pub name: String,
    /// What it looks at.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// It is bad above this.
    pub above: f64,
    /// It is good again at this or below; not more than `above`. Between the two nothing changes.
    pub below: f64,
    /// It fires when it has been bad for so long.
    pub after: Duration,
    /// It is over when it has been good for so long.
    pub over_after: Duration,
    /// The stretch of time that is summed up, where there is something to sum up.
    pub within: Duration,
    /// With less than this to look at, nothing can be said.
    pub min_volume: u64,
    /// An alarm is not told again before this.
    pub cooldown: Duration,
    /// The queues that it looks at; empty for all.
    pub queues: BTreeSet<QueueName>,
    /// The channels that it is told to; empty for all.
    pub channels: BTreeSet<String>,
}

impl Rule {
    /// Whether it looks at this queue.
    pub fn wants(&self, queue: &QueueName) -> bool {
        self.queues.is_empty() || self.queues.contains(queue)
    }

    /// Whether it is told to this channel.
    pub fn is_told_to(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.contains(channel)
    }
}
