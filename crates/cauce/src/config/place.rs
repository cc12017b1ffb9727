//! Where a setting was written: a stretch of a file, a variable, a flag.

use std::{ops::Range, sync::Arc};

/// Where a layer comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file: the built-in defaults, or the operator's.
    File { name: String, text: String },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

/// Where something was written.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Range<usize>,
}

impl Place {
    /// A stretch of a source, in bytes.
    pub(crate) fn new(source: &Arc<Source>, span: Range<usize>) -> Place {
        Place {
            source: Arc::clone(source),
            span,
        }
    }

    /// A source as a whole.
    pub(crate) fn whole(source: &Arc<Source>) -> Place {
        Place::new(source, 0..0)
    }

    /// Whether it marks nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.span.is_empty()
    }

    /// Orders problems as a person reads them: file after file, top to bottom.
    pub(crate) fn order(&self) -> (u8, &str, usize) {
        match &*self.source {
            Source::File { name, .. } => (0, name, self.span.start),
            Source::Variable(name) => (1, name, 0),
            Source::Flag(name) => (2, name, 0),
        }
    }
}
