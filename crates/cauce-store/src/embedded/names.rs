//! Names get a number once, and records call them by it.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use super::record::NameId;

/// What a name is called whose record is damaged, before its number.
const LOST: &str = "lost-";

/// All names that the log has ever used, by number. Number 0 is "none".
#[derive(Default)]
pub(super) struct Names {
    /// None where the record of the name is damaged.
    texts: Vec<Option<Arc<str>>>,
    numbers: HashMap<Arc<str>, NameId>,
}

impl Names {
    /// The number of a name that has one.
    pub(super) fn number(&self, text: &str) -> Option<NameId> {
        self.numbers.get(text).copied().or_else(|| {
            let lost: NameId = text.strip_prefix(LOST)?.parse().ok()?;
            let place = (lost as usize).checked_sub(1)?;
            self.texts.get(place)?.is_none().then_some(lost)
        })
    }

    /// Whether the name behind a number is known.
    pub(super) fn is_known(&self, number: NameId) -> bool {
        let place = (number as usize).wrapping_sub(1);
        matches!(self.texts.get(place), Some(Some(_)))
    }

    /// The number that the next new name gets.
    pub(super) fn next_number(&self) -> NameId {
        NameId::try_from(self.texts.len() + 1).expect("fewer than four billion names")
    }

    /// The name behind a number; one made of the number where its record is damaged.
    pub(super) fn text(&self, number: NameId) -> Cow<'_, str> {
        let place = (number as usize).wrapping_sub(1);
        match self.texts.get(place) {
            Some(Some(text)) => Cow::Borrowed(text),
            Some(None) | None => Cow::Owned(format!("{LOST}{number}")),
        }
    }

    /// Takes a name under its number, as a record tells it.
    pub(super) fn learn(&mut self, number: NameId, text: &str) {
        self.note(number);
        let place = (number as usize).wrapping_sub(1);
        if let Some(empty @ None) = self.texts.get_mut(place) {
            let text: Arc<str> = Arc::from(text);
            *empty = Some(Arc::clone(&text));
            self.numbers.insert(text, number);
        }
    }

    /// Keeps a number from being given again, though the record of its name may be damaged.
    pub(super) fn note(&mut self, number: NameId) {
        if self.texts.len() < number as usize {
            self.texts.resize(number as usize, None);
        }
    }

    /// All names with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NameId, Cow<'_, str>)> {
        (1..)
            .zip(&self.texts)
            .map(|(number, _)| (number, self.text(number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_whose_record_is_damaged_is_called_by_its_number_and_its_number_is_not_given_again() {
        let mut names = Names::default();
        names.learn(1, "meta");
        names.learn(3, "acme");
        assert_eq!(names.number("acme"), Some(3));
        assert_eq!(
            (&*names.text(2), names.number("lost-2")),
            ("lost-2", Some(2))
        );
        assert_eq!(
            (names.number("lost-1"), names.number("lost-9")),
            (None, None)
        );
        names.note(5);
        assert_eq!(names.next_number(), 6);
    }
}
