//! An event whose musts are there, with what every platform needs of it worked out once.

use std::borrow::Cow;

use cauce_flow::{currency::Currency, time::Timestamp};

use super::{
    check::is_uuid,
    consent::Consent,
    event::{Item, PixelEvent},
    event_type::EventType,
    prepared::Defaults,
    value::{Amount, CustomValue},
};
use crate::{
    fault::FieldFault,
    normalize::{country::Country, hash::Hash, phone},
};

/// An event that is fit to be told to a platform.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    /// The event.
    pub(crate) event: &'a PixelEvent,
    /// Its UUID.
    pub(crate) event_id: &'a str,
    /// What happened.
    pub(crate) event_type: &'a EventType,
    /// When it happened.
    pub(crate) occurred_at: Timestamp,
    /// What the person allowed.
    pub(crate) consent: Consent,
    /// The person's country.
    pub(crate) country: Option<Country>,
    /// The currency of all amounts.
    pub(crate) currency: Option<Currency>,
    /// What holds where the event does not say so.
    pub(crate) defaults: Defaults<'a>,
}

impl<'a> Facts<'a> {
    /// The facts of an event that [`PixelEvent::check`] found no fault in and that was completed.
    pub(crate) fn of(
        event: &'a PixelEvent,
        defaults: Defaults<'a>,
    ) -> Result<Facts<'a>, Vec<FieldFault>> {
        let id = event.event_id.as_deref().filter(|id| is_uuid(id));
        let event_type = event.event_type.as_ref().filter(|name| name.is_name());
        let (Some(event_id), Some(event_type), Some(occurred_at)) =
            (id, event_type, event.occurred_at)
        else {
            return Err(vec![FieldFault {
                pointer: String::new(),
                detail: "the event has no id, no type or no time".to_owned(),
            }]);
        };
        Ok(Facts {
            event,
            event_id,
            event_type,
            occurred_at,
            consent: defaults.consent.with(&event.consent),
            country: event.user.country.as_deref().and_then(Country::find),
            currency: event.data.currency.as_deref().and_then(Currency::new),
            defaults,
        })
    }

    /// The digits of the phone number with its calling code.
    pub(crate) fn phone(&self, raw: &str) -> Option<String> {
        phone::international(raw, [self.country, self.defaults.country])
    }

    /// The worth, if it is a number.
    pub(crate) fn value(&self) -> Option<Amount> {
        self.event.data.value.filter(|value| value.is_valid())
    }

    /// The address of the page.
    pub(crate) fn url(&self) -> Option<Cow<'a, str>> {
        self.event.page.url.as_deref().map(without_email)
    }

    /// The address that the page was reached from.
    pub(crate) fn referrer(&self) -> Option<Cow<'a, str>> {
        self.event.page.referrer.as_deref().map(without_email)
    }

    /// The items.
    pub(crate) fn items(&self) -> &'a [Item] {
        &self.event.data.items
    }

    /// The fields of the tenant's own, except those that are named in `taken`.
    pub(crate) fn custom(
        &self,
        taken: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a str, &'a CustomValue)> {
        let fields = self.event.data.custom.0.iter();
        let mut seen: Vec<&str> = Vec::new();
        fields.filter_map(move |(name, value)| {
            let name = name.as_str();
            // An object may hold a name twice; a platform's parser may not take that.
            if taken.contains(&name) || *value == CustomValue::Nested || seen.contains(&name) {
                return None;
            }
            seen.push(name);
            Some((name, value))
        })
    }

    /// The tenant's own id of the person, for platforms that take it plain. One that is an e-mail
    /// address or a phone number is hashed: such an id is personal data.
    pub(crate) fn plain_external_id(&self) -> Option<Cow<'a, str>> {
        let id = self.event.user.external_id.as_deref()?;
        let personal = id.contains('@') || id.starts_with('+');
        Some(match personal {
            true => Cow::Owned(Hash::of(&id.to_lowercase()).as_str().to_owned()),
            false => Cow::Borrowed(id),
        })
    }
}

/// An address without the parameters that hold an e-mail address: forms sent with GET leave them
/// there, and every platform forbids to be sent them so.
fn without_email(url: &str) -> Cow<'_, str> {
    let personal = |part: &str| part.contains('@') || part.contains("%40");
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (page, rest) = url.split_at(end);
    if !personal(rest) {
        return Cow::Borrowed(url);
    }
    let (query, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let kept: Vec<&str> = query
        .trim_start_matches('?')
        .split('&')
        .filter(|part| !part.is_empty() && !personal(part))
        .collect();
    let mut address = page.to_owned();
    if !kept.is_empty() {
        address.push('?');
        address.push_str(&kept.join("&"));
    }
    if !fragment.is_empty() && !personal(fragment) {
        address.push('#');
        address.push_str(fragment);
    }
    Cow::Owned(address)
}

#[cfg(test)]
mod tests;
