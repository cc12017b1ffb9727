//! A text with places that each person fills: `Hola {{name|amigo}}, hay ofertas en {{city}}`.
//!
//! `{{name}}` stands for what is known of the person, `{{name|amigo}}` has a word for those of whom
//! it is not known; the word may be empty. What is put in stays as it is: braces in a person's name
//! are no places. A value of nothing but spaces is as good as none, because providers refuse it.

use std::{borrow::Cow, fmt::Write};

/// Most bytes of a name of a place.
pub const MAX_NAME_BYTES: usize = 64;
/// Most places of one text.
pub const MAX_SLOTS: usize = 100;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// A text with places, read once and rendered for each person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Slot(Slot),
}

/// A place that each person fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What is asked of the person.
    pub name: Box<str>,
    /// What stands there where it is not known.
    pub default: Option<Box<str>>,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A place is not closed.
    #[error("the place that opens at character {at} is not closed; hint: write {{{{name}}}}")]
    Unclosed {
        /// Which character, from 1.
        at: usize,
    },
    /// A place has no name.
    #[error("the place at character {at} has no name; hint: write {{{{name}}}}")]
    Nameless {
        /// Which character, from 1.
        at: usize,
    },
    /// A name holds something else than letters, digits and `_ - .`.
    #[error(
        "the place at character {at} has a name with {found:?}; hint: use letters, digits and _ - . , \
         and | before the word for those of whom it is not known"
    )]
    Name {
        /// Which character, from 1.
        at: usize,
        /// The first character that may not stand there.
        found: char,
    },
    /// A name is too long.
    #[error("the name of the place at character {at} has more than {MAX_NAME_BYTES} bytes")]
    LongName {
        /// Which character, from 1.
        at: usize,
    },
    /// There are too many places.
    #[error("the text has more than {MAX_SLOTS} places")]
    TooManySlots,
}

/// What the text needs and is not known of a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not known; hint: give the text a word for that, {{{{{name}|…}}}}")]
pub struct Missing {
    /// The name of the place.
    pub name: Box<str>,
}

impl Template {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Template, Fault> {
        let (mut parts, mut slots, mut rest) = (Vec::new(), 0, text);
        while let Some(open) = rest.find(OPEN) {
            let at = text[..text.len() - rest.len() + open].chars().count() + 1;
            let inner = &rest[open + OPEN.len()..];
            let close = inner.find(CLOSE).ok_or(Fault::Unclosed { at })?;
            push_text(&mut parts, &rest[..open]);
            parts.push(Part::Slot(slot(&inner[..close], at)?));
            slots += 1;
            if slots > MAX_SLOTS {
                return Err(Fault::TooManySlots);
            }
            rest = &inner[close + CLOSE.len()..];
        }
        push_text(&mut parts, rest);
        Ok(Template { parts })
    }

    /// The places, in the order of the text.
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.parts.iter().filter_map(|part| match part {
            Part::Slot(slot) => Some(slot),
            Part::Text(_) => None,
        })
    }

    /// The names that have to be known of everybody.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        self.slots()
            .filter(|slot| slot.default.is_none())
            .map(|slot| &*slot.name)
    }

    /// The text for a person of whom `known` tells.
    pub fn render<'a>(
        &self,
        known: impl Fn(&str) -> Option<Cow<'a, str>>,
    ) -> Result<String, Missing> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Slot(slot) => slot.fill(&known, &mut text)?,
            }
        }
        Ok(text)
    }

    /// The text as it was written, but for spaces around names.
    pub fn source(&self) -> String {
        let mut source = String::new();
        for part in &self.parts {
            // Writing to a string cannot fail.
            let _ = match part {
                Part::Text(fixed) => write!(source, "{fixed}"),
                Part::Slot(Slot { name, default }) => match default {
                    Some(default) => write!(source, "{{{{{name}|{default}}}}}"),
                    None => write!(source, "{{{{{name}}}}}"),
                },
            };
        }
        source
    }
}

impl Slot {
    fn fill<'a>(
        &self,
        known: impl Fn(&str) -> Option<Cow<'a, str>>,
        text: &mut String,
    ) -> Result<(), Missing> {
        let value = known(&self.name).filter(|value| !value.trim().is_empty());
        match (&value, &self.default) {
            (Some(value), _) => text.push_str(value),
            (None, Some(default)) => text.push_str(default),
            (None, None) => {
                return Err(Missing {
                    name: self.name.clone(),
                });
            }
        }
        Ok(())
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.into()));
    }
}

fn slot(inner: &str, at: usize) -> Result<Slot, Fault> {
    let (name, default) = match inner.split_once('|') {
        Some((name, default)) => (name.trim(), Some(default.into())),
        None => (inner.trim(), None),
    };
    if name.is_empty() {
        return Err(Fault::Nameless { at });
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(Fault::LongName { at });
    }
    let allowed = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    match name.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(Fault::Name { at, found }),
        None => Ok(Slot {
            name: name.into(),
            default,
        }),
    }
}

#[cfg(test)]
mod tests;
