//! What becomes of an event for one platform.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use cauce_flow::id::TenantId;

use super::consent::Consent;
use crate::fault::FieldFault;
use crate::normalize::country::Country;

/// What holds for an event where it does not say so itself.
#[derive(Clone, Copy, Debug)]
pub struct Defaults<'a> {
    /// Whose the event is.
    pub tenant: &'a TenantId,
    /// The country whose rules complete national phone numbers.
    pub country: Option<Country>,
    /// The consent of somebody who was not asked.
    pub consent: Consent,
    /// The event types that the tenant's LinkedIn account has a conversion rule for. Without a
    /// rule LinkedIn takes nothing, so that other events are withheld; `None` withholds nothing.
    pub conversions: Option<&'a BTreeMap<String, String>>,
}

/// What becomes of an event for one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// A job with this payload; personal data is in it only as the platform wants it.
    Job {
        /// The payload.
        payload: Bytes,
    },
    /// The platform does not get it.
    Withheld(Withheld),
    /// The event is not fit to be sent anywhere.
    Rejected(Vec<FieldFault>),
}

/// Why a platform does not get an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Withheld {
    /// The person denied `adStorage` or `adUserData`.
    AdvertisingDenied,
    /// The person denied `analytics`.
    AnalyticsDenied,
    /// It holds nothing by which the platform could tell the person.
    NothingToMatch,
    /// Google Analytics needs the browser's id, and there is none.
    NoClientId,
    /// The account has no conversion rule for this event type.
    NoConversionRule,
    /// The platform keeps this name for itself.
    ReservedName,
    /// It happened longer ago than the platform takes.
    TooOld,
}

impl Withheld {
    /// The reason as a short code to group by.
    pub const fn code(self) -> &'static str {
        match self {
            Withheld::AdvertisingDenied => "advertising_denied",
            Withheld::AnalyticsDenied => "analytics_denied",
            Withheld::NothingToMatch => "nothing_to_match",
            Withheld::NoClientId => "no_client_id",
            Withheld::NoConversionRule => "no_conversion_rule",
            Withheld::ReservedName => "reserved_name",
            Withheld::TooOld => "too_old",
        }
    }
}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
