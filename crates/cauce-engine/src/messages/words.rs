//! The words by which people opt out and in again.
//!
//! A message is such a word only if it says nothing else: whoever writes "no me des de baja" wants
//! to stay. Case, accents, spaces and signs make no difference.

use cauce_destinations::normalize::country::fold;
use cauce_store::messages::Opt;

use crate::settings::Words;

/// Longer texts are no such word, and are not looked at.
const MAX_BYTES: usize = 64;

/// What a text asks for, if it is one of the words.
pub(super) fn opt(words: &Words, text: &str) -> Option<Opt> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let said = fold(text);
    let is_among = |mut words: std::collections::btree_set::Iter<'_, String>| {
        !said.is_empty() && words.any(|word| fold(word) == said)
    };
    match () {
        () if is_among(words.out.iter()) => Some(Opt::Out),
        () if is_among(words.again.iter()) => Some(Opt::In),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::MessageSettings;

    #[test]
    fn only_the_word_alone_opts_out_or_in() {
        let mut words = MessageSettings::default().words;
        words.out.insert("no más".to_owned());
        for (text, expected) in [
            ("STOP", Some(Opt::Out)),
            (" stop. ", Some(Opt::Out)),
            ("¡Baja!", Some(Opt::Out)),
            ("BÁJA", Some(Opt::Out)),
            ("ba\u{301}ja", Some(Opt::Out)),
            ("Cancelar", Some(Opt::Out)),
            ("NO MAS", Some(Opt::Out)),
            ("Alta", Some(Opt::In)),
            ("start 👍", Some(Opt::In)),
            ("no me des de baja", None),
            ("stop it", None),
            ("", None),
            ("👍", None),
            ("123", None),
        ] {
            assert_eq!(opt(&words, text), expected, "{text}");
        }
        assert_eq!(opt(&words, &"stop ".repeat(30)), None);
    }
}
