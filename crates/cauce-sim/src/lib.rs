//! Stand-ins for the outside systems: HTTP servers on 127.0.0.1 that refuse what the real ones
//! refuse, write down what arrived, and fail when they are told to.
//!
//! They are the other side of every delivery test, of the demo and of the benchmarks. They share no
//! code with the clients that they judge, so that a mistake is not made twice.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use cauce_sim::{Fault, Options, Platform, RetryAfter, StandIn};
//!
//! let meta = StandIn::start(Platform::Meta, Options::default()).await?;
//! meta.faults().next(3, Fault::TooManyRequests(RetryAfter::Seconds(2)));
//! // … point a client at meta.base_url() …
//! assert_eq!(meta.ledger().unexcused_repeats(), 0);
//! meta.stop().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod call;
mod callbacks;
mod check;
mod connection;
mod failing;
mod fault;
mod hooks;
mod ledger;
mod messages;
mod objects;
mod options;
mod platform;
mod platforms;
mod random;
mod service;
mod sessions;
mod stand_in;
pub mod traffic;
mod world;

pub use fault::{Fault, Faults, Poison, RetryAfter};
pub use hooks::{Hook, Hooks};
pub use ledger::{EventKey, Ledger, Outcome, Seen};
pub use messages::{
    CallbackCounts, Callbacks, Messages, PairLimit, Proof, Said, Taken, Template, Treatment,
};
pub use objects::Objects;
pub use options::{Bucket, Language, OauthClient, Options, Token};
pub use platform::Platform;
pub use random::Random;
pub use sessions::{Failing, Lookup, Manner, Sessions, Told, What};
pub use stand_in::StandIn;
