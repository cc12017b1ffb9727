//! What a relay is told.

use cauce_flow::{
    id::{AccountName, NameError, QueueName, TenantId},
    job::Line,
};

/// A named lane to an endpoint.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Whose it is.
    pub tenant: TenantId,
    /// The line that feeds its endpoint; its account has the relay's name.
    pub line: Line,
    /// Where in an item the key stands by which the newest replaces older ones, as a JSON Pointer.
    pub key: Option<String>,
}

/// The queue of a relay: each has one of its own, so that it is paused and counted by itself.
pub fn relay_queue(name: &AccountName) -> Result<QueueName, NameError> {
    QueueName::new(&format!("relay.{name}"))
}
