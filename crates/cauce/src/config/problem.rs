//! A mistake in the configuration, and how it is shown: what, where, and what to write instead.
//!
//! ```text
//! error: unknown setting `http.lisen`
//!  --> cauce.toml:4:1
//!   |
//! 4 | lisen = …
//!   | ^^^^^
//!   = write: `listen`
//! ```
//!
//! A line of the file can hold a credential. So a line is shown only up to the marked key, or with
//! its value where the value itself is at fault and its name is not that of a secret.

use std::{fmt, ops::Range};

use super::place::{Place, Source};

/// A mistake in the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    what: String,
    place: Option<Place>,
    write: Option<String>,
}

impl Problem {
    /// A mistake at a place.
    pub(crate) fn at(place: &Place, what: impl Into<String>) -> Problem {
        Problem {
            what: what.into(),
            place: Some(place.clone()),
            write: None,
        }
    }

    /// A mistake that stands nowhere: something is missing.
    pub(crate) fn anywhere(what: impl Into<String>) -> Problem {
        Problem {
            what: what.into(),
            place: None,
            write: None,
        }
    }

    fn is_repeat_of(&self, other: &Problem) -> bool {
        match (&self.place, &other.place) {
            (Some(a), Some(b)) => a.order() == b.order() && self.write == other.write,
            _ => self.what == other.what,
        }
    }

    /// Says what to write instead.
    pub(crate) fn write(mut self, instead: impl Into<String>) -> Problem {
        self.write = Some(instead.into());
        self
    }
}

/// Every mistake of a configuration. Nothing is started with it.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts the mistakes as they are to be read.
    ///
    /// # Panics
    /// When there are none: then there is a configuration.
    pub(crate) fn new(mut all: Vec<Problem>) -> Problems {
        assert!(
            !all.is_empty(),
            "without a problem there is a configuration"
        );
        all.sort_by(|a, b| {
            let order = |problem: &Problem| problem.place.clone();
            match (order(a), order(b)) {
                (Some(a), Some(b)) => a.order().cmp(&b.order()),
                (a, b) => b.is_some().cmp(&a.is_some()),
            }
        });
        // An alias stands for several settings; its mistake is one.
        all.dedup_by(|later, first| later.is_repeat_of(first));
        Problems(all)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}\n")?;
        }
        let count = self.0.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(
            f,
            "{count} {noun} in the configuration; nothing was changed"
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(place) = &self.place {
            show_place(f, place)?;
        }
        match &self.write {
            Some(instead) => write!(f, "\n  = write: {instead}"),
            None => Ok(()),
        }
    }
}

fn show_place(f: &mut fmt::Formatter<'_>, place: &Place) -> fmt::Result {
    match &*place.source {
        Source::File { name, text } => show_line(f, name, text, &place.span),
        Source::Variable(name) => write!(f, "\n --> environment variable {name}"),
        Source::Flag(name) => write!(f, "\n --> flag {name}"),
    }
}

fn show_line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    text: &str,
    span: &Range<usize>,
) -> fmt::Result {
    let from = floor_char(text, span.start);
    let start = text[..from].rfind('\n').map_or(0, |at| at + 1);
    let number = text[..start].matches('\n').count() + 1;
    let end = text[from..].find('\n').map_or(text.len(), |at| from + at);
    let to = floor_char(text, span.end).clamp(from, end);
    let line = shown(&text[start..end], to - start);
    let column = text[start..from].chars().count();
    let width = text[from..to]
        .chars()
        .count()
        .clamp(1, line.chars().count().saturating_sub(column).max(1));
    let gutter = " ".repeat(number.to_string().len());
    write!(f, "\n{gutter}--> {name}:{number}:{}", column + 1)?;
    write!(f, "\n{gutter} |\n{number} | {line}")?;
    write!(
        f,
        "\n{gutter} | {}{}",
        " ".repeat(column),
        "^".repeat(width)
    )
}

/// The line as far as it may be shown: up to the end of what is marked, and never the value of a
/// setting whose name says that it is a secret.
fn shown(line: &str, marked_to: usize) -> String {
    match line.find('=') {
        Some(at) if marked_to <= at || is_secret(&line[..at]) => {
            format!("{} = …", line[..at].trim_end())
        }
        _ => line.trim_end().to_owned(),
    }
}

/// Whether a setting of this name holds a credential.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "key", "password", "credential"]
        .iter()
        .any(|word| name.contains(word))
}

fn floor_char(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
