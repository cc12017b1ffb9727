//! Alerts: when something is wrong for long enough to wake a person, and when it is over.
//!
//! [`Rule`] says what is too much, [`Watch`] follows one subject under one rule, [`Minutes`] sums up
//! what a rule looks back on, [`unusual`] says how far a volume is from what it was in past weeks, and [`words`] puts it for people.

mod minutes;
mod rule;
mod subject;
mod unusual;
mod watch;
pub mod words;

pub use minutes::Minutes;
pub use rule::{Kind, Rule, Severity, Unit, UnknownKind, UnknownSeverity};
pub use subject::{Subject, Thing};
pub(crate) use unusual::{MIN_WEEKS, median};
pub use unusual::{Unusual, unusual};
pub use watch::{Change, Firing, Notice, Seen, Watch};
