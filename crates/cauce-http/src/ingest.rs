//! What applications hand in.

pub(crate) mod analytics;
mod analytics_read;
pub(crate) mod evolution;
pub(crate) mod messages;
pub(crate) mod pixels;
mod pixels_read;
pub(crate) mod relays;
pub(crate) mod sessions;
pub(crate) mod tracking;
pub(crate) mod webhooks;
