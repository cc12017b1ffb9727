//! Names get a number once, and records call them by it.

use std::{collections::HashMap, sync::Arc};

use super::record::NameId;

/// All names that the log has ever used, by number. Number 0 is "none".
#[derive(Default)]
pub(super) struct Names {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, NameId>,
}

impl Names {
    /// The number of a name that has one.
    pub(super) fn number(&self, text: &str) -> Option<NameId> {
        self.numbers.get(text).copied()
    }

    /// The number that the next new name gets.
    pub(super) fn next_number(&self) -> NameId {
        NameId::try_from(self.texts.len() + 1).expect("fewer than four billion names")
    }

    /// The name behind a number; empty for "none" and for a number that was never given.
    pub(super) fn text(&self, number: NameId) -> &str {
        let place = (number as usize).wrapping_sub(1);
        self.texts.get(place).map_or("", |text| text)
    }

    /// Takes a name under its number, as a record tells it.
    pub(super) fn learn(&mut self, number: NameId, text: &str) {
        let place = (number as usize).wrapping_sub(1);
        if place == self.texts.len() {
            let text: Arc<str> = Arc::from(text);
            self.texts.push(Arc::clone(&text));
            self.numbers.insert(text, number);
        }
    }

    /// All names with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NameId, &str)> {
        (1..).zip(self.texts.iter().map(|text| &**text))
    }
}
