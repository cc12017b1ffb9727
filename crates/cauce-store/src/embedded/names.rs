//! Names get a number once, and records call them by it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    sync::Arc,
};

use cauce_flow::id::GroupName;

use super::record::NameId;

/// What a name is called whose record is damaged, before its number.
const LOST: &str = "lost-";

/// The names that something refers to, by number. Number 0 is "none". No number is given twice, so
/// that a record never means another name than it was written for.
#[derive(Default)]
pub(super) struct Names {
    texts: BTreeMap<NameId, Arc<str>>,
    numbers: HashMap<Arc<str>, NameId>,
    /// Numbers that something refers to, though the record of their name is damaged.
    lost: BTreeSet<NameId>,
    /// The number that was given last.
    last: NameId,
}

impl Names {
    /// The number of a name that has one.
    pub(super) fn number(&self, text: &str) -> Option<NameId> {
        self.numbers.get(text).copied().or_else(|| {
            let lost: NameId = text.strip_prefix(LOST)?.parse().ok()?;
            self.lost.contains(&lost).then_some(lost)
        })
    }

    /// Whether the name behind a number is known.
    pub(super) fn is_known(&self, number: NameId) -> bool {
        self.texts.contains_key(&number)
    }

    /// Whether something refers to a number whose name is not known.
    pub(super) fn is_lost(&self, number: NameId) -> bool {
        self.lost.contains(&number)
    }

    /// The number that the next new name gets.
    pub(super) fn next_number(&self) -> NameId {
        let next = self.last.checked_add(1);
        next.expect("fewer than four billion names")
    }

    /// The number that was given last.
    pub(super) fn last(&self) -> NameId {
        self.last
    }

    /// All numbers up to `last` were given.
    pub(super) fn given(&mut self, last: NameId) {
        self.last = self.last.max(last);
    }

    /// The name behind a number; one made of the number where its record is damaged.
    pub(super) fn text(&self, number: NameId) -> Cow<'_, str> {
        match self.texts.get(&number) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(format!("{LOST}{number}")),
        }
    }

    /// Takes a name under its number, as a record tells it. A text that is no name is none here,
    /// either: it is called by its number.
    pub(super) fn learn(&mut self, number: NameId, text: &str) {
        if GroupName::new(text).is_err() {
            return self.note(number);
        }
        self.given(number);
        self.lost.remove(&number);
        if let Entry::Vacant(place) = self.texts.entry(number) {
            let text: Arc<str> = Arc::from(text);
            place.insert(Arc::clone(&text));
            self.numbers.insert(text, number);
        }
    }

    /// Something refers to a number, though the record of its name may be damaged.
    pub(super) fn note(&mut self, number: NameId) {
        self.given(number);
        if number != 0 && !self.is_known(number) {
            self.lost.insert(number);
        }
    }

    /// Forgets the names that are not kept.
    pub(super) fn retain(&mut self, keep: impl Fn(NameId) -> bool) {
        self.lost.retain(|number| keep(*number));
        let numbers = &mut self.numbers;
        self.texts.retain(|number, text| {
            let kept = keep(*number);
            if !kept && numbers.get(text) == Some(number) {
                numbers.remove(text);
            }
            kept
        });
    }

    /// All names with their numbers.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (NameId, &str)> {
        self.texts.iter().map(|(number, text)| (*number, &**text))
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
        names.note(2);
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
        names.learn(6, "no name/at all");
        assert_eq!((&*names.text(6), names.next_number()), ("lost-6", 7));
    }

    #[test]
    fn a_name_that_is_forgotten_gets_a_new_number() {
        let mut names = Names::default();
        names.learn(1, "meta");
        names.learn(2, "spring");
        names.retain(|number| number == 1);
        assert_eq!(
            (names.number("meta"), names.number("spring")),
            (Some(1), None)
        );
        assert_eq!(names.next_number(), 3);
    }
}
