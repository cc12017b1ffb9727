//! A message as it arrived.

use std::time::{Duration, SystemTime};

use super::Treatment;

/// A message that a stand-in took.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// When it was taken, since the stand-in started.
    pub at: Duration,
    /// The same on the wall clock.
    pub wall: SystemTime,
    /// The id that the answer named.
    pub id: String,
    /// The sender, in the platform's words.
    pub from: String,
    /// The recipient, in the platform's words.
    pub to: String,
    /// What it is: `text`, `image`, `template`, …
    pub kind: String,
    /// All of it in one line: the text, or the media and its caption, or the template and its values.
    pub content: String,
    /// Its words alone; at Twilio without the media or the place that go along.
    pub words: String,
    /// What the client sent along to know it again; none where the platform has no place for it.
    pub reference: Option<String>,
    /// How its recipient behaved.
    pub treatment: Treatment,
}

/// A message before it is taken.
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) kind: String,
    pub(crate) content: String,
    pub(crate) words: String,
    pub(crate) reference: Option<String>,
}

/// A message of a person to a sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Who writes, as `+` and digits.
    pub from: String,
    /// The sender that it goes to, in the platform's words: an address at Twilio, an instance at
    /// Evolution, the id of a number at WhatsApp Cloud.
    pub to: String,
    /// The text.
    pub text: String,
    /// The id of the message that it answers.
    pub reply_to: Option<String>,
}
