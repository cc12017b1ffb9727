//! `[log]`: what the process says of itself, and how.

use tracing_subscriber::EnvFilter;

use crate::config::{
    read::{choice, filled},
    reader::{Section, Wrong},
    tree::Node,
};

/// What the log is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Log {
    /// A level, or directives as `RUST_LOG` takes them.
    pub(crate) level: String,
    /// How lines look.
    pub(crate) format: Format,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Human on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// Reads the section.
pub(crate) fn read(section: Section<'_>) -> Option<Log> {
    const FORMATS: [(&str, Format); 3] = [
        ("auto", Format::Auto),
        ("human", Format::Human),
        ("json", Format::Json),
    ];
    let level = section.need("level", level);
    let format = section.need("format", choice(&FORMATS));
    section.finish();
    Some(Log {
        level: level?,
        format: format?,
    })
}

fn level(node: &Node) -> Result<String, Wrong> {
    let text = filled(node)?;
    match EnvFilter::try_new(&text) {
        Ok(_) if is_plain_word(&text) => Err(Wrong::new("is not a level", LEVELS)),
        Ok(_) => Ok(text),
        Err(_) => Err(Wrong::new("is not a level", LEVELS)),
    }
}

const LEVELS: &str = "error, warn, info, debug, trace, or \"info,cauce_engine=debug\"";

/// A word that is no level would be taken as the name of a module, and silence all others.
fn is_plain_word(text: &str) -> bool {
    let levels = ["error", "warn", "info", "debug", "trace", "off"];
    let text = text.trim().to_ascii_lowercase();
    !text.contains(['=', ',']) && !levels.contains(&text.as_str())
}
