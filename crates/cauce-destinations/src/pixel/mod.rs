//! One conversion event, as every ad platform needs it told.
//!
//! A [`PixelEvent`] is read from JSON as it comes (camelCase, or snake_case), with every field
//! optional, so that [`PixelEvent::check`] can name every bad field at once. After it found nothing,
//! [`PixelEvent::complete`] gives the event the id and the time it came without. Then
//! [`catalog::prepare`](crate::catalog::prepare) makes the job of each platform from it; the plain
//! event is kept nowhere.
//!
//! An event holds personal data in the clear. Its `Debug` shows none of it.

mod check;
mod consent;
mod event;
mod event_type;
mod facts;
mod message;
mod nearest;
mod platform;
mod prepared;
mod value;

pub use crate::fault::FieldFault;
pub use cauce_flow::currency::Currency;
pub use check::{MAX_CUSTOM_FIELDS, MAX_ITEMS};
pub use consent::{Choice, Consent, EventConsent};
pub use event::{Client, ConversionData, Item, Page, PixelEvent, User};
pub use event_type::{EventType, MAX_EVENT_TYPE_BYTES};
pub(crate) use facts::Facts;
pub use message::Message;
pub use platform::{ParsePlatformError, Platform};
pub use prepared::{Defaults, Prepared, Withheld};
pub use value::{Amount, CustomFields, CustomValue, UnknownFields};
