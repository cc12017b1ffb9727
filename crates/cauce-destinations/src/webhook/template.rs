//! The body of a request as its owner wants it: JSON with places in it.
//!
//! It is a shape and no language. The result is JSON whatever the items hold, because they are
//! copied as the JSON they are and nothing has to be escaped by the one who wrote the shape; and all
//! that can be wrong with it is found when it is read, not when the first batch leaves.
//!
//! ```text
//! "$items"   the items, as an array
//! "$item"    the one item; requests then carry one each
//! "$count"   how many there are
//! "$batch"   the id of the batch, the same where it is sent again
//! ```

use serde_json::Value;

/// A body with places for what changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Items,
    Item,
    Count,
    Batch,
}

/// Why a text is no template.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TemplateError {
    /// It is not JSON.
    #[error("the body is not JSON ({why}); hint: write JSON with \"$items\" where the items go")]
    Json {
        /// What the reader says.
        why: String,
    },
    /// Nothing says where the items go, or two places do.
    #[error("the body has {found} places for items; hint: write \"$items\" or \"$item\" once")]
    Places {
        /// How many places there are.
        found: usize,
    },
    /// A place that there is not.
    #[error("the body has no place {name:?}; hint: write $items, $item, $count or $batch")]
    Unknown {
        /// What was written.
        name: String,
    },
}

/// What a body is filled with.
pub(super) struct Fill<'a> {
    /// The items, each as JSON.
    pub(super) items: &'a [&'a [u8]],
    /// The id of the batch.
    pub(super) batch: &'a str,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let value: Value = serde_json::from_str(text).map_err(|error| TemplateError::Json {
            why: error.to_string(),
        })?;
        let mut template = Template { pieces: Vec::new() };
        template.read(&value)?;
        let is_place = |piece: &&Piece| matches!(piece, Piece::Items | Piece::Item);
        match template.pieces.iter().filter(is_place).count() {
            1 => Ok(template),
            found => Err(TemplateError::Places { found }),
        }
    }

    /// Whether a request carries one item alone.
    pub(super) fn is_single(&self) -> bool {
        self.pieces.contains(&Piece::Item)
    }

    /// Writes the body.
    pub(super) fn write(&self, fill: &Fill<'_>, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Items => {
                    out.push(b'[');
                    join(fill.items, out);
                    out.push(b']');
                }
                Piece::Item => join(fill.items, out),
                Piece::Count => out.extend_from_slice(fill.items.len().to_string().as_bytes()),
                Piece::Batch => self.text_into(fill.batch, out),
            }
        }
    }

    fn text_into(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(crate::payload::quoted(text).as_bytes());
    }

    fn read(&mut self, value: &Value) -> Result<(), TemplateError> {
        match value {
            Value::String(text) if text.starts_with('$') => self.place(text)?,
            Value::Array(list) => {
                self.text("[");
                for (at, item) in list.iter().enumerate() {
                    self.text(if at > 0 { "," } else { "" });
                    self.read(item)?;
                }
                self.text("]");
            }
            Value::Object(map) => {
                self.text("{");
                for (at, (name, item)) in map.iter().enumerate() {
                    self.text(if at > 0 { "," } else { "" });
                    self.text(&crate::payload::quoted(name));
                    self.text(":");
                    self.read(item)?;
                }
                self.text("}");
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.text(&value.to_string());
            }
        }
        Ok(())
    }

    fn place(&mut self, name: &str) -> Result<(), TemplateError> {
        let piece = match name {
            "$items" => Piece::Items,
            "$item" => Piece::Item,
            "$count" => Piece::Count,
            "$batch" => Piece::Batch,
            other => {
                let name = other.to_owned();
                return Err(TemplateError::Unknown { name });
            }
        };
        self.pieces.push(piece);
        Ok(())
    }

    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(known)) => known.extend_from_slice(text.as_bytes()),
            _ => self.pieces.push(Piece::Text(text.as_bytes().to_vec())),
        }
    }
}

fn join(items: &[&[u8]], out: &mut Vec<u8>) {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
}
