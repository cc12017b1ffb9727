//! Currencies and amounts of money, ISO 4217.
//!
//! Money is counted in the smallest unit of its currency, as a whole number: cents of a euro, yen,
//! fils of a dinar. It is never a floating-point number.

use std::fmt;

use serde::{Serialize, Serializer};

/// The codes of ISO 4217 list one that money is paid in, each three letters.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL \
    BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR \
    FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES \
    KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR \
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH \
    UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Currencies without a smaller unit (ISO 4217, table A.1, "minor unit").
const WHOLE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Currencies whose smallest unit is a thousandth.
const THOUSANDTHS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Currencies whose smallest unit is a ten-thousandth.
const TEN_THOUSANDTHS: &str = "CLF";

/// The most that one amount may be, in smallest units: so that nine million of the largest can be added up.
pub const MAX_UNITS: i64 = 1_000_000_000_000;

/// A currency by its three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency with this code, in letters of either case.
    pub fn new(code: &str) -> Option<Currency> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        let currency = Currency(letters.map(|letter| letter.to_ascii_uppercase()));
        CODES
            .split_ascii_whitespace()
            .any(|known| known.as_bytes() == currency.0)
            .then_some(currency)
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimals an amount has.
    pub fn decimals(&self) -> u32 {
        let is_in = |codes: &str| codes.split(' ').any(|code| code.as_bytes() == self.0);
        match () {
            () if is_in(WHOLE) => 0,
            () if is_in(THOUSANDTHS) => 3,
            () if is_in(TEN_THOUSANDTHS) => 4,
            () => 2,
        }
    }

    /// The code as a number below 32,768, for whoever writes many.
    pub fn number(&self) -> u16 {
        let letters = self.0.iter();
        letters.fold(0, |sum, letter| sum * 32 + u16::from(letter - b'A'))
    }

    /// The currency with this number.
    pub fn of_number(number: u16) -> Option<Currency> {
        let letter = |shift: u16| b'A' + ((number >> shift) % 32) as u8;
        let letters = [letter(10), letter(5), letter(0)];
        Currency::new(std::str::from_utf8(&letters).ok()?)
    }

    /// An amount in smallest units, as people write it: `49.90`.
    pub fn in_words(&self, units: i64) -> String {
        let decimals = self.decimals();
        let one = 10u64.pow(decimals);
        let (sign, units) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
        match decimals {
            0 => format!("{sign}{units}"),
            _ => format!(
                "{sign}{}.{:0width$}",
                units / one,
                units % one,
                width = decimals as usize
            ),
        }
    }

    /// Reads an amount that is not below zero, in smallest units: `49.9` of a euro is 4,990 cents.
    pub fn units(&self, text: &str) -> Result<i64, AmountError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(part) {
            return Err(AmountError::NotANumber);
        }
        let decimals = self.decimals();
        let part = part.trim_end_matches('0');
        if part.len() > decimals as usize {
            return Err(AmountError::TooFine {
                currency: *self,
                decimals,
            });
        }
        let digits = format!("{whole}{part:0<width$}", width = decimals as usize);
        let units = digits.parse().ok().filter(|units| *units <= MAX_UNITS);
        units.ok_or(AmountError::TooLarge {
            most: self.in_words(MAX_UNITS),
        })
    }

    /// What so many things cost, in smallest units, at a price for each that may be finer than they are:
    /// 300 messages at `0.0055` of a euro are 165 cents. Halves are rounded up. None where it is no amount.
    pub fn units_of(&self, count: u64, price: &str) -> Option<i64> {
        let (whole, part) = price.split_once('.').unwrap_or((price, ""));
        let each: i128 = format!("{whole}{part}").parse().ok()?;
        let scale = 10i128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let all = each.checked_mul(count.into())?;
        let all = all.checked_mul(10i128.pow(self.decimals()))?;
        i64::try_from((2 * all + scale).div_euclid(2 * scale)).ok()
    }
}

/// Why a text is not an amount of a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// It is not a decimal number, or below zero.
    #[error("not an amount; write a number that is not below 0, such as 49.90")]
    NotANumber,
    /// It has more decimals than the currency.
    #[error("too fine; {currency} has {decimals} decimals")]
    TooFine {
        /// The currency.
        currency: Currency,
        /// How many decimals it has.
        decimals: u32,
    },
    /// It is more than one amount may be.
    #[error("too large; one amount is at most {most}")]
    TooLarge {
        /// The most.
        most: String,
    },
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::new(code).unwrap()
    }

    #[test]
    fn numbers_stand_for_currencies() {
        for code in CODES.split_ascii_whitespace() {
            let own = currency(code);
            assert_eq!(Currency::of_number(own.number()), Some(own));
        }
        assert_eq!(Currency::of_number(0), None);
        assert_eq!(Currency::of_number(u16::MAX), None);
    }

    #[test]
    fn amounts_are_read_in_smallest_units() {
        for (code, text, units, words) in [
            ("EUR", "49.9", 4_990, "49.90"),
            ("EUR", "0", 0, "0.00"),
            ("EUR", "7.10000", 710, "7.10"),
            ("JPY", "500", 500, "500"),
            ("JPY", "500.0", 500, "500"),
            ("KWD", "1.234", 1_234, "1.234"),
            ("CLF", "0.0001", 1, "0.0001"),
        ] {
            let own = currency(code);
            assert_eq!(own.units(text), Ok(units), "{code} {text}");
            assert_eq!(own.in_words(units), words);
        }
        assert_eq!(currency("EUR").in_words(-5), "-0.05");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (code, text, says) in [
            ("EUR", "", "not an amount"),
            ("EUR", "-1", "not an amount"),
            ("EUR", "1e3", "not an amount"),
            ("EUR", "1,5", "not an amount"),
            ("EUR", "1.234", "EUR has 2 decimals"),
            ("JPY", "1.5", "JPY has 0 decimals"),
            ("EUR", "10000000000.01", "at most 10000000000.00"),
            ("EUR", "99999999999999999999999", "at most"),
        ] {
            let said = currency(code).units(text).unwrap_err().to_string();
            assert!(said.contains(says), "{code} {text}: {said}");
        }
    }

    #[test]
    fn prices_may_be_finer_than_what_they_add_up_to() {
        let [euro, yen] = ["EUR", "JPY"].map(|code| Currency::new(code).unwrap());
        for (currency, count, price, units) in [
            (euro, 300, "0.0055", Some(165)),
            (euro, 3, "0.005", Some(2)),
            (euro, 1, "0.0049", Some(0)),
            (euro, 7, "2", Some(1_400)),
            (yen, 10, "0.25", Some(3)),
            (euro, 1_000_000, "0.1", Some(10_000_000)),
            (euro, u64::MAX, "999999999", None),
            (euro, 1, "x", None),
        ] {
            let found = currency.units_of(count, price);
            assert_eq!(found, units, "{count} at {price}");
        }
    }
}
