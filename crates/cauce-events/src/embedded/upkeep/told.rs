//! Faults of files, as the store tells them.

use crate::{
    fault::{Fault, in_one_line},
    store::Error,
};

/// A fault of a file as the store tells it.
pub(super) fn told(doing: &'static str) -> impl FnOnce(Fault) -> Error {
    move |fault| Error::Files {
        doing,
        why: in_one_line(&fault).into(),
    }
}

/// The same of a plain one.
pub(super) fn told_io(doing: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |error| Error::Files {
        doing,
        why: error.to_string().into(),
    }
}
