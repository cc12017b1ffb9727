//! How a command ends when it does not succeed: a message with its next step, and an exit code.

use std::{error::Error, fmt, process::ExitCode};

/// Why a command did not do as asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for, or the configuration, is wrong. Exit code 2.
    Usage(String),
    /// It was right and did not work. Exit code 1.
    Failed(String),
    /// It was reported already, in a table or as JSON. Exit code 1.
    Reported,
}

impl Failure {
    /// Wrong usage or configuration.
    pub(crate) fn usage(why: impl fmt::Display) -> Failure {
        Failure::Usage(why.to_string())
    }

    /// It did not work.
    pub(crate) fn failed(why: impl fmt::Display) -> Failure {
        Failure::Failed(why.to_string())
    }

    /// It did not work because of an error, with all its causes.
    pub(crate) fn caused(error: &dyn Error) -> Failure {
        Failure::Failed(chain(error))
    }

    /// The code that the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) => ExitCode::from(2),
            Failure::Failed(_) | Failure::Reported => ExitCode::from(1),
        }
    }

    /// What to tell, if it has not been told.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Failure::Usage(why) | Failure::Failed(why) => Some(why),
            Failure::Reported => None,
        }
    }
}

/// An error and its causes in one line, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = error.source();
    }
    words
}
