//! Phone numbers as WhatsApp knows them.
//!
//! A person has one number, but not one way to write it. What people type is completed by the
//! numbering plan of a country. What WhatsApp calls the same person may differ again, for three
//! countries whose mobile numbers have changed:
//!
//! | country | kept as | WhatsApp also says |
//! |---|---|---|
//! | Mexico | `+52` and 10 digits | `521…` (a 1 for mobiles, until 2019) |
//! | Argentina | `+549` and 10 digits | `54…` without the 9 for mobiles |
//! | Brazil | `+55`, area, 9 digits | `55…` with 8 digits (a 9 in front came in 2012 to 2016) |
//!
//! A [`Phone`] is always in the kept form, so that one person is one value: opt-outs, duplicates and
//! answers are found by comparing it.

use std::{borrow::Cow, fmt, str::FromStr};

use phonenumber::{Mode, country::Id};
use serde::{Deserialize, Serialize};

use crate::normalize::country::Country;

/// Digits of an international number: E.164 allows 15; no country has fewer than 7 with its code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Most bytes of what somebody writes as a number.
const MAX_BYTES: usize = 64;
/// What stands behind the digits of a person's address at WhatsApp.
const PERSON: &str = "s.whatsapp.net";

/// A number with its calling code, in the one form that stands for its person.
///
/// `Display` and `Debug` show the calling code and the last digits only; [`Phone::as_str`] is the
/// whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Phone(Box<str>);

/// Why a text is no phone number. Holds nothing of the text.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PhoneError {
    /// No digit in it.
    #[error("no phone number")]
    Empty,
    /// Letters, or too many characters.
    #[error("not a phone number; hint: write digits, with + and the calling code in front")]
    NotANumber,
    /// A national number, and no country to complete it.
    #[error("the country is missing; hint: write + and the calling code, or set a default country")]
    NoCountry,
    /// The numbering plan has no such number.
    #[error("no country has such a number; hint: are digits missing?")]
    NoSuchNumber,
}

impl PhoneError {
    /// The reason as a short code to group by.
    pub const fn code(self) -> &'static str {
        match self {
            PhoneError::Empty => "phone_missing",
            PhoneError::NotANumber => "phone_malformed",
            PhoneError::NoCountry => "phone_without_country",
            PhoneError::NoSuchNumber => "phone_invalid",
        }
    }
}

impl Phone {
    /// The number that a person has written, in any common form. A national one is completed by the
    /// numbering plan of `country`.
    pub fn parse(raw: &str, country: Option<Country>) -> Result<Phone, PhoneError> {
        let raw = raw.trim();
        let raw = raw.strip_prefix("whatsapp:").unwrap_or(raw);
        let digits = digits(raw)?;
        let shown = raw.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '+');
        if let Some(international) = international(shown, &digits) {
            let kept = kept(international);
            return valid(None, &format!("+{kept}")).ok_or(PhoneError::NoSuchNumber);
        }
        let Some(country) = country else {
            // Without its +, but in full: WhatsApp itself writes numbers so.
            let found = valid(None, &format!("+{}", kept(&digits)));
            return found
                .filter(|_| !digits.starts_with('0'))
                .ok_or(PhoneError::NoCountry);
        };
        national(&digits, country).ok_or(PhoneError::NoSuchNumber)
    }

    /// The person that WhatsApp or a provider names: `521…`, `+34…`, `whatsapp:+34…`,
    /// `34…@s.whatsapp.net`, `34…:12@s.whatsapp.net`. Groups, lists and hidden addresses (`@lid`)
    /// are none.
    ///
    /// A number that WhatsApp names exists, so no numbering plan is asked.
    pub fn of_whatsapp(text: &str) -> Option<Phone> {
        let text = text.strip_prefix("whatsapp:").unwrap_or(text);
        let (user, server) = text.split_once('@').unwrap_or((text, PERSON));
        let user = user.split(':').next().unwrap_or(user);
        let digits = user.strip_prefix('+').unwrap_or(user);
        let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        let is_person = server == PERSON || server == "c.us";
        (is_person && is_number && DIGITS.contains(&digits.len()))
            .then(|| Phone(format!("+{}", kept(digits)).into()))
    }

    /// The whole number: `+` and digits (E.164).
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without `+`, as most providers want them.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// Every form under which WhatsApp may know the person, the kept one first: for what was stored
    /// elsewhere.
    pub fn variants(&self) -> Vec<String> {
        let mut forms = vec![self.0.to_string()];
        let digits = self.digits();
        let mexican = digits.strip_prefix("52").filter(|rest| rest.len() == 10);
        let argentine = digits.strip_prefix("549").filter(|rest| rest.len() == 10);
        let brazilian = digits.strip_prefix("55").filter(|rest| rest.len() == 11);
        forms.extend(mexican.map(|rest| format!("+521{rest}")));
        forms.extend(argentine.map(|rest| format!("+54{rest}")));
        forms.extend(brazilian.map(|rest| format!("+55{}{}", &rest[..2], &rest[3..])));
        forms
    }
}

/// The digits of what was written, if it could be a number at all.
fn digits(raw: &str) -> Result<String, PhoneError> {
    let found: String = raw.chars().filter(char::is_ascii_digit).collect();
    let between =
        |c: char| c.is_whitespace() || "+-–.()/\u{ad}\u{200b}\u{202a}\u{202c}".contains(c);
    match () {
        () if found.is_empty() => Err(PhoneError::Empty),
        () if raw.len() > MAX_BYTES => Err(PhoneError::NotANumber),
        () if raw.chars().any(|c| !c.is_ascii_digit() && !between(c)) => {
            Err(PhoneError::NotANumber)
        }
        () => Ok(found),
    }
}

/// The digits from the calling code on, where the number says that it is international.
fn international<'a>(shown: &str, digits: &'a str) -> Option<&'a str> {
    match shown.starts_with('+') {
        true => Some(digits.trim_start_matches('0')),
        false => digits
            .strip_prefix("00")
            .map(|rest| rest.trim_start_matches('0')),
    }
}

/// A national number, as the numbering plan of its country completes it; or an international one
/// without its `+`.
fn national(digits: &str, country: Country) -> Option<Phone> {
    let id: Id = country.upper().parse().ok()?;
    let digits = match id {
        Id::MX => mexican(digits),
        _ => digits,
    };
    valid(Some(id), digits)
        .or_else(|| valid(None, &format!("+{}", kept(digits))).filter(|_| !digits.starts_with('0')))
}

/// A Mexican number without the prefixes that were dialled until 2019: 01 to landlines, 044 and 045
/// to mobiles.
fn mexican(digits: &str) -> &str {
    ["044", "045", "01", "1"]
        .into_iter()
        .filter_map(|prefix| digits.strip_prefix(prefix))
        .find(|rest| rest.len() == 10)
        .unwrap_or(digits)
}

/// The number, if the plan of its country knows it, in the kept form.
fn valid(country: Option<Id>, text: &str) -> Option<Phone> {
    let number = phonenumber::parse(country, text).ok()?;
    if !number.is_valid() {
        return None;
    }
    let shown = number.format().mode(Mode::E164).to_string();
    Some(Phone(
        format!("+{}", kept(shown.trim_start_matches('+'))).into(),
    ))
}

/// International digits in the kept form.
fn kept(digits: &str) -> Cow<'_, str> {
    let begin = digits.get(..2).unwrap_or_default();
    let rest = digits.get(2..).unwrap_or_default();
    match (begin, rest.len()) {
        ("52", 11..) => format!("52{}", mexican(rest)).into(),
        ("54", 10) => format!("549{rest}").into(),
        // Mobile numbers began with 6 to 9 before the 9 came; landlines have 2 to 5 and no 9.
        ("55", 10) if rest.as_bytes()[2] >= b'6' => {
            format!("55{}9{}", &rest[..2], &rest[2..]).into()
        }
        _ => digits.into(),
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At least seven digits: E.164 numbers are checked when they are made.
        write!(f, "{}…{}", &self.0[..3], &self.0[self.0.len() - 2..])
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Takes a number that was kept: `+` and digits.
impl FromStr for Phone {
    type Err = PhoneError;
    fn from_str(text: &str) -> Result<Phone, PhoneError> {
        let digits = text.strip_prefix('+').ok_or(PhoneError::NoCountry)?;
        let is_number = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if is_number && DIGITS.contains(&digits.len()) {
            Ok(Phone(format!("+{}", kept(digits)).into()))
        } else {
            Err(PhoneError::NotANumber)
        }
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
