//! What a campaign says: a text, or a provider's template, with places that each person fills.
//!
//! Places stand in the text, in the variables of a template, and in any text of its components. What
//! comes out for a person is a [`Content`] like any other.

use std::{borrow::Cow, collections::BTreeMap};

use cauce_flow::campaign::template::{Missing, Template as Words};
use serde_json::{Map, Value};

use super::{Content, Provider, Template};
use crate::fault::FieldFault;

/// What a campaign says, read once and rendered for each person.
#[derive(Clone, Debug)]
pub struct Wording(Form);

#[derive(Clone, Debug)]
enum Form {
    Text(Words),
    Content {
        content_sid: String,
        variables: BTreeMap<String, Words>,
    },
    Named {
        name: String,
        language: String,
        components: Vec<Piece>,
    },
}

/// JSON whose texts have places.
#[derive(Clone, Debug)]
enum Piece {
    Fixed(Value),
    Text(Words),
    List(Vec<Piece>),
    Object(Vec<(String, Piece)>),
}

impl Wording {
    /// Reads what is to be said. Faults are told with pointers as those of [`Content::check`].
    pub fn of(content: &Content) -> Result<Wording, Vec<FieldFault>> {
        let mut reader = Reader::default();
        let form = match content {
            Content::Text(text) => Form::Text(reader.words(text, "/text")),
            Content::Template(Template::Content {
                content_sid,
                variables,
            }) => Form::Content {
                content_sid: content_sid.clone(),
                variables: reader.variables(variables),
            },
            Content::Template(Template::Named {
                name,
                language,
                components,
            }) => Form::Named {
                name: name.clone(),
                language: language.clone(),
                components: reader.pieces(components, "/template/components"),
            },
            Content::Media(_) | Content::Location(_) | Content::Reaction(_) => {
                reader.fault("", "a campaign sends a text or a template");
                Form::Text(reader.words("", ""))
            }
        };
        match reader.faults.is_empty() {
            true => Ok(Wording(form)),
            false => Err(reader.faults),
        }
    }

    /// What the provider could not carry, whoever it is for: each place is taken to hold one
    /// character.
    pub fn check(&self, provider: Provider) -> Vec<FieldFault> {
        match self.render(|_| Some(Cow::Borrowed("x"))) {
            Ok(shortest) => shortest.check(provider),
            // Every place was filled.
            Err(_) => Vec::new(),
        }
    }

    /// The names that have to be known of everybody, each once.
    pub fn required(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.each(&mut |words| names.extend(words.required()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What a person of whom `known` tells is sent.
    pub fn render<'a>(
        &self,
        known: impl Fn(&str) -> Option<Cow<'a, str>>,
    ) -> Result<Content, Missing> {
        let content = match &self.0 {
            Form::Text(words) => Content::Text(words.render(&known)?),
            Form::Content {
                content_sid,
                variables,
            } => {
                let filled = variables
                    .iter()
                    .map(|(name, words)| Ok((name.clone(), words.render(&known)?)));
                Content::Template(Template::Content {
                    content_sid: content_sid.clone(),
                    variables: filled.collect::<Result<_, Missing>>()?,
                })
            }
            Form::Named {
                name,
                language,
                components,
            } => {
                let filled = components.iter().map(|piece| piece.render(&known));
                Content::Template(Template::Named {
                    name: name.clone(),
                    language: language.clone(),
                    components: filled.collect::<Result<_, Missing>>()?,
                })
            }
        };
        Ok(content)
    }

    fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Words)) {
        match &self.0 {
            Form::Text(words) => visit(words),
            Form::Content { variables, .. } => variables.values().for_each(visit),
            Form::Named { components, .. } => components.iter().for_each(|piece| piece.each(visit)),
        }
    }
}

impl Piece {
    fn render<'a>(&self, known: &impl Fn(&str) -> Option<Cow<'a, str>>) -> Result<Value, Missing> {
        Ok(match self {
            Piece::Fixed(value) => value.clone(),
            Piece::Text(words) => Value::String(words.render(known)?),
            Piece::List(pieces) => {
                let filled = pieces.iter().map(|piece| piece.render(known));
                Value::Array(filled.collect::<Result<_, Missing>>()?)
            }
            Piece::Object(pieces) => {
                let filled = pieces
                    .iter()
                    .map(|(name, piece)| Ok((name.clone(), piece.render(known)?)));
                Value::Object(filled.collect::<Result<Map<_, _>, Missing>>()?)
            }
        })
    }

    fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Words)) {
        match self {
            Piece::Fixed(_) => {}
            Piece::Text(words) => visit(words),
            Piece::List(pieces) => pieces.iter().for_each(|piece| piece.each(visit)),
            Piece::Object(pieces) => pieces.iter().for_each(|(_, piece)| piece.each(visit)),
        }
    }
}

/// Reads texts with places and gathers what is wrong with them.
#[derive(Default)]
struct Reader {
    faults: Vec<FieldFault>,
}

impl Reader {
    fn fault(&mut self, pointer: &str, detail: impl Into<String>) {
        self.faults.push(FieldFault::at(pointer, detail));
    }

    fn words(&mut self, text: &str, pointer: &str) -> Words {
        Words::parse(text).unwrap_or_else(|fault| {
            self.fault(pointer, fault.to_string());
            Words::parse("").expect("nothing has no places")
        })
    }

    fn variables(&mut self, variables: &BTreeMap<String, String>) -> BTreeMap<String, Words> {
        let mut read = BTreeMap::new();
        for (name, text) in variables {
            let pointer = format!("/template/variables/{}", escaped(name));
            read.insert(name.clone(), self.words(text, &pointer));
        }
        read
    }

    fn pieces(&mut self, values: &[Value], pointer: &str) -> Vec<Piece> {
        let places = values.iter().enumerate();
        places
            .map(|(place, value)| self.piece(value, &format!("{pointer}/{place}")))
            .collect()
    }

    /// Recursion ends where the body's own depth did, which the door has bounded.
    fn piece(&mut self, value: &Value, pointer: &str) -> Piece {
        match value {
            Value::String(text) => {
                let words = self.words(text, pointer);
                match words.slots().count() {
                    0 => Piece::Fixed(value.clone()),
                    _ => Piece::Text(words),
                }
            }
            Value::Array(values) => Piece::List(self.pieces(values, pointer)),
            Value::Object(fields) => {
                let mut pieces = Vec::with_capacity(fields.len());
                for (name, value) in fields {
                    let pointer = format!("{pointer}/{}", escaped(name));
                    pieces.push((name.clone(), self.piece(value, &pointer)));
                }
                Piece::Object(pieces)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Piece::Fixed(value.clone()),
        }
    }
}

/// A name in a JSON Pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
