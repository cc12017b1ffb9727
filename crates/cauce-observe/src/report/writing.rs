//! How numbers, money, durations and times are written in a language.
//!
//! Thousands are parted as CLDR has it: Spanish parts them from five digits on.

use jiff::civil::{Date, DateTime};

use super::{value::Value, words::Word};
use crate::{alert::words::Language, analytics::event::Money};

/// What stands where there is nothing to say.
const NOTHING: &str = "\u{2013}";
/// Keeps a number and its unit on one line.
const NBSP: char = '\u{a0}';

const MONTHS: [[&str; 2]; 12] = [
    ["January", "enero"],
    ["February", "febrero"],
    ["March", "marzo"],
    ["April", "abril"],
    ["May", "mayo"],
    ["June", "junio"],
    ["July", "julio"],
    ["August", "agosto"],
    ["September", "septiembre"],
    ["October", "octubre"],
    ["November", "noviembre"],
    ["December", "diciembre"],
];

const WEEKDAYS: [[&str; 2]; 7] = [
    ["Monday", "lunes"],
    ["Tuesday", "martes"],
    ["Wednesday", "miércoles"],
    ["Thursday", "jueves"],
    ["Friday", "viernes"],
    ["Saturday", "sábado"],
    ["Sunday", "domingo"],
];

impl Language {
    /// A word in this language.
    pub fn say(self, word: Word) -> String {
        word.text(self).to_owned()
    }

    /// A sentence in this language, with what stands in it in place of `{}`, in order.
    pub fn fill(self, word: Word, values: &[&str]) -> String {
        let mut said = self.say(word);
        for value in values {
            said = said.replacen("{}", value, 1);
        }
        said
    }

    /// A value as people write it.
    pub fn write(self, value: &Value) -> String {
        match value {
            Value::None => NOTHING.to_owned(),
            Value::Text(text) => text.clone(),
            Value::Day(date) => self.day(*date),
            Value::Moment(moment) => self.moment(moment.datetime()),
            Value::Count(count) => self.whole(&count.to_string()),
            Value::Number(number) => self.decimal(*number, 1),
            Value::Share(share) => self.percent(share * 100.0, ""),
            Value::Change(change) => self.percent(change * 100.0, sign(*change)),
            Value::Points(points) => self.points(*points),
            Value::Money(money) => self.money(*money),
            Value::Duration(ms) => self.duration(*ms),
        }
    }

    fn index(self) -> usize {
        self as usize
    }

    fn percent(self, percent: f64, sign: &str) -> String {
        let number = self.decimal(percent, 1);
        match self {
            Language::En => format!("{sign}{number}%"),
            Language::Es => format!("{sign}{number}{NBSP}%"),
        }
    }

    fn points(self, points: f64) -> String {
        let number = self.decimal(points * 100.0, 1);
        format!("{}{number}{NBSP}{}", sign(points), self.say(Word::Points))
    }

    /// An amount with its currency: before it in English, behind it in Spanish.
    pub fn money(self, money: Money) -> String {
        let amount = self.amount(&money.currency.in_words(money.units));
        match self {
            Language::En => format!("{}{NBSP}{amount}", money.currency),
            Language::Es => format!("{amount}{NBSP}{}", money.currency),
        }
    }

    /// A duration in its two greatest units.
    pub fn duration(self, ms: f64) -> String {
        let seconds = (ms / 1_000.0).round() as u64;
        let two = |large: u64, unit: &str, small: u64, smaller: &str| match small {
            0 => format!("{}{NBSP}{unit}", self.whole(&large.to_string())),
            _ => {
                let large = self.whole(&large.to_string());
                format!("{large}{NBSP}{unit}{NBSP}{small}{NBSP}{smaller}")
            }
        };
        match seconds {
            _ if ms < 999.5 => format!("{}{NBSP}ms", ms.round()),
            _ if ms < 59_950.0 => format!("{}{NBSP}s", self.decimal(ms / 1_000.0, 1)),
            0..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
            3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
            _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
        }
    }

    /// A number with so many decimals.
    pub fn decimal(self, number: f64, decimals: usize) -> String {
        let text = format!("{number:.decimals$}");
        let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
        self.amount(text.trim_start_matches(if is_zero { "-" } else { "" }))
    }

    /// Digits with a point, as this language parts them.
    fn amount(self, text: &str) -> String {
        match text.split_once('.') {
            None => self.whole(text),
            Some((whole, part)) => {
                let point = match self {
                    Language::En => '.',
                    Language::Es => ',',
                };
                format!("{}{point}{part}", self.whole(whole))
            }
        }
    }

    fn whole(self, text: &str) -> String {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text),
        };
        let (mark, from) = match self {
            Language::En => (',', 4),
            Language::Es => ('.', 5),
        };
        let mut said = sign.to_owned();
        for (at, digit) in digits.char_indices() {
            if at > 0 && digits.len() >= from && (digits.len() - at).is_multiple_of(3) {
                said.push(mark);
            }
            said.push(digit);
        }
        said
    }

    /// A day, as it stands in a table.
    pub fn day(self, date: Date) -> String {
        let month = self.short_month(date);
        format!("{}{NBSP}{month}{NBSP}{}", date.day(), date.year())
    }

    /// A day without its year, as it stands under a chart.
    pub fn short_day(self, date: Date) -> String {
        format!("{}{NBSP}{}", date.day(), self.short_month(date))
    }

    fn short_month(self, date: Date) -> &'static str {
        &self.month(date)[..3]
    }

    fn month(self, date: Date) -> &'static str {
        MONTHS[usize::from(date.month().unsigned_abs() - 1).min(11)][self.index()]
    }

    /// A day and a time of it.
    pub fn moment(self, at: DateTime) -> String {
        let (hour, minute) = (at.hour(), at.minute());
        format!("{}{NBSP}{hour:02}:{minute:02}", self.day(at.date()))
    }

    /// A day with all its words.
    pub fn long_day(self, date: Date) -> String {
        let (day, month, year) = (date.day(), self.month(date), date.year());
        match self {
            Language::En => format!("{day} {month} {year}"),
            Language::Es => format!("{day} de {month} de {year}"),
        }
    }

    /// A month with its year.
    pub fn long_month(self, date: Date) -> String {
        let (month, year) = (self.month(date), date.year());
        match self {
            Language::En => format!("{month} {year}"),
            Language::Es => format!("{month} de {year}"),
        }
    }

    /// A weekday, from 0 for Monday.
    pub fn weekday(self, from_monday: usize) -> &'static str {
        WEEKDAYS[from_monday.min(6)][self.index()]
    }
}

fn sign(of: f64) -> &'static str {
    if of > 0.0 { "+" } else { "" }
}

#[cfg(test)]
mod tests {
    use cauce_flow::currency::Currency;
    use jiff::tz::TimeZone;

    use super::*;

    fn check(value: &Value, english: &str, spanish: &str) {
        let said =
            [Language::En, Language::Es].map(|language| language.write(value).replace(NBSP, " "));
        assert_eq!(said, [english, spanish], "{value:?}");
    }

    #[test]
    fn numbers_are_written_as_the_language_has_them() {
        check(&Value::Count(1_234), "1,234", "1234");
        check(&Value::Count(1_234_567), "1,234,567", "1.234.567");
        check(&Value::Number(12_345.67), "12,345.7", "12.345,7");
        check(&Value::Share(0.9871), "98.7%", "98,7 %");
        check(&Value::Change(0.123), "+12.3%", "+12,3 %");
        check(&Value::Change(-1.0), "-100.0%", "-100,0 %");
        check(&Value::Change(-0.000_1), "0.0%", "0,0 %");
        check(&Value::Points(0.021), "+2.1 pp", "+2,1 pp");
        check(&Value::None, "–", "–");
    }

    #[test]
    fn money_keeps_its_decimals_and_its_currency() {
        let money = |code, units| {
            let currency = Currency::new(code).unwrap();
            Value::Money(Money { currency, units })
        };
        check(
            &money("EUR", 123_456_789),
            "EUR 1,234,567.89",
            "1.234.567,89 EUR",
        );
        check(&money("JPY", 500), "JPY 500", "500 JPY");
        check(&money("EUR", -5), "EUR -0.05", "-0,05 EUR");
        let most = money("EUR", i64::MAX);
        check(
            &most,
            "EUR 92,233,720,368,547,758.07",
            "92.233.720.368.547.758,07 EUR",
        );
    }

    #[test]
    fn durations_are_written_in_their_greatest_units() {
        for (ms, english, spanish) in [
            (0.4, "0 ms", "0 ms"),
            (999.4, "999 ms", "999 ms"),
            (999.6, "1.0 s", "1,0 s"),
            (59_960.0, "1 min", "1 min"),
            (125_000.0, "2 min 5 s", "2 min 5 s"),
            (3_600_000.0, "1 h", "1 h"),
            (90_061_000.0, "1 d 1 h", "1 d 1 h"),
        ] {
            check(&Value::Duration(ms), english, spanish);
        }
    }

    #[test]
    fn days_are_written_with_the_words_of_the_language() {
        let date = Date::constant(2026, 9, 5);
        check(&Value::Day(date), "5 Sep 2026", "5 sep 2026");
        check(
            &Value::Moment(
                date.at(7, 5, 0, 0)
                    .to_zoned_datetime(TimeZone::UTC)
                    .unwrap(),
            ),
            "5 Sep 2026 07:05",
            "5 sep 2026 07:05",
        );
        let long = [Language::En, Language::Es].map(|language| language.long_day(date));
        assert_eq!(long, ["5 September 2026", "5 de septiembre de 2026"]);
        assert_eq!(Language::Es.weekday(2), "miércoles");
    }
}
