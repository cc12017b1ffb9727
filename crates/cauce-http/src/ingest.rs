//! What applications hand in.

pub(crate) mod pixels;
mod pixels_read;
pub(crate) mod tracking;
