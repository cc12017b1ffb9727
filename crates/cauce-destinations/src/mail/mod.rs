//! A mail server that takes what people are to be sent.
//!
//! A job is one [`Letter`]. Its `Message-ID` follows from the job, so that a letter that goes again
//! after an ambiguous answer is the same one to whoever compares; a mail that comes twice is better
//! than one that does not come, so it does go again.

mod classify;
mod config;
mod encode;
mod letter;
#[cfg(test)]
mod tests;

use cauce_flow::{
    dispatch::disposition::Delivery, job::LeasedJob, reason::Reason, time::Timestamp,
};

pub use config::{Config, ConfigError, Server};
pub use letter::{Attachment, Letter};

use crate::destination::{
    Answer, BatchKey, Credentials, Destination, Judgement, Limits, Request, Screened,
};

/// Headers of a request that the transport speaks SMTP by.
pub mod header {
    /// The address that the letter comes from.
    pub const FROM: &str = "mail-from";
    /// An address that it goes to; one header for each.
    pub const TO: &str = "rcpt-to";
    /// Whether the connection has to be encrypted: `required` or `offered`.
    pub const TLS: &str = "smtp-tls";
    /// Who logs in.
    pub const USER: &str = "smtp-user";
    /// With what.
    pub const PASSWORD: &str = "smtp-password";
    /// In an answer: the step of the conversation that it is to, `hello`, `login`, `from`, `to` or
    /// `data`.
    pub const STEP: &str = "smtp-step";
}

/// Whether a letter can go there: `ana@example.com` or `Ana <ana@example.com>`.
pub fn is_address(text: &str) -> bool {
    text.parse::<lettre::message::Mailbox>().is_ok()
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Mail {
    server: Server,
}

impl Mail {
    /// The server of this account.
    pub fn new(server: Server) -> Mail {
        Mail { server }
    }
}

impl Destination for Mail {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    fn limits(&self) -> Limits {
        Limits {
            max_items: 1,
            // Larger letters are refused by most servers.
            max_bytes: 20 << 20,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, job: &LeasedJob, now: Timestamp) -> Screened {
        match encode::message(&self.server, job, now) {
            Ok(_) => Screened::Send,
            Err(why) => Screened::Refuse(Reason::new("mail_unfit", why.to_string())),
        }
    }

    fn encode(&self, jobs: &[LeasedJob], now: Timestamp) -> Request {
        encode::request(&self.server, jobs, now)
    }

    fn classify(&self, _jobs: &[LeasedJob], answer: &Answer, _now: Timestamp) -> Judgement {
        classify::judge(answer)
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        Some(encode::greeting(&self.server))
    }

    fn classify_check(&self, answer: &Answer, _now: Timestamp) -> Credentials {
        classify::checked(answer)
    }
}
