//! Forms (`application/x-www-form-urlencoded`), as requests and webhooks carry them.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::answer::escaped;

/// The fields of a form or of a query, in their order. A name may come more than once.
#[derive(Clone, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. Any bytes are one: what cannot be decoded is replaced.
    pub fn read(bytes: &[u8]) -> Form {
        let fields = bytes.split(|byte| *byte == b'&');
        let fields = fields.filter(|field| !field.is_empty()).map(|field| {
            let at = field.iter().position(|byte| *byte == b'=');
            let (name, value) = match at {
                Some(at) => (&field[..at], &field[at + 1..]),
                None => (field, &[][..]),
            };
            (decoded(name), decoded(value))
        });
        Form(fields.collect())
    }

    /// The first value of a field, if it has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.iter();
        let found = fields.find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn decoded(part: &[u8]) -> String {
    let spaced: Cow<'_, [u8]> = match part.contains(&b'+') {
        true => {
            let spaced = part.iter().map(|byte| match byte {
                b'+' => b' ',
                other => *other,
            });
            spaced.collect::<Vec<u8>>().into()
        }
        false => part.into(),
    };
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

/// Writes a form.
#[derive(Default)]
pub(crate) struct FormWriter(String);

impl FormWriter {
    /// Adds a field.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&escaped(value));
    }

    /// The form.
    pub(crate) fn written(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(String, String)> {
        Form::read(text.as_bytes()).0
    }

    #[test]
    fn a_form_is_read_as_it_was_written() {
        let mut writer = FormWriter::default();
        writer.add("Body", "¡Hola, Ana & Luis! 50 % = 1+1 👍");
        writer.add("To", "whatsapp:+34600123456");
        let form = Form::read(writer.written().as_bytes());
        assert_eq!(form.get("Body"), Some("¡Hola, Ana & Luis! 50 % = 1+1 👍"));
        assert_eq!(form.get("To"), Some("whatsapp:+34600123456"));
        assert_eq!(form.get("From"), None);
    }

    #[test]
    fn odd_forms_are_read_too() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields(""), []);
        assert_eq!(fields("&&a"), [pair("a", "")]);
        assert_eq!(fields("a=b=c&a=+%20"), [pair("a", "b=c"), pair("a", "  ")]);
        assert_eq!(fields("%zz=%"), [pair("%zz", "%")]);
        assert_eq!(fields("a=%ff"), [pair("a", "\u{fffd}")]);
        assert_eq!(Form::read(b"a=&a=1").get("a"), None);
    }
}
