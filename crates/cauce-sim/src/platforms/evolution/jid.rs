//! How Evolution makes an address of a number (`createJid`), so that the address in its answer may
//! differ from the number that was sent.

/// The address of a number.
pub(super) fn of(number: &str) -> String {
    if number.contains('@') {
        return number.to_owned();
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let user = match (digits.len(), &digits[..2.min(digits.len())]) {
        (13, "52" | "54") => format!("{}{}", &digits[..2], &digits[3..]),
        (13, "55") => brazilian(&digits),
        _ => digits,
    };
    format!("{user}@s.whatsapp.net")
}

/// From area 31 on a mobile number is known without its 9.
fn brazilian(digits: &str) -> String {
    let area: u32 = digits[2..4].parse().unwrap_or(0);
    let next: u32 = digits[5..6].parse().unwrap_or(0);
    match area >= 31 && next >= 7 {
        true => format!("{}{}", &digits[..4], &digits[5..]),
        false => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn numbers_of_three_countries_lose_a_digit() {
        for (number, jid) in [
            ("+34 600-123 456", "34600123456@s.whatsapp.net"),
            ("5215512345678", "525512345678@s.whatsapp.net"),
            ("5491123456789", "541123456789@s.whatsapp.net"),
            ("5531998765432", "553198765432@s.whatsapp.net"),
            ("5511998765432", "5511998765432@s.whatsapp.net"),
            ("34600@s.whatsapp.net", "34600@s.whatsapp.net"),
        ] {
            assert_eq!(of(number), jid, "{number}");
        }
    }
}
