//! Whom a failure concerns, as whoever opens the file says it by the failure's code.

/// Whom a failure concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing {
    /// Only its message.
    Message,
    /// The recipient, who wants no more messages, as the provider knows.
    Person,
    /// The sender: the provider restricts all that it sends.
    Sender,
}

/// Says whom a failure with this code concerns.
pub type Judge = fn(&str) -> Bearing;
