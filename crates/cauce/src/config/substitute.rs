//! `${NAME}` and `${file:PATH}` in the texts of a configuration.
//!
//! Replacing happens once and before values are read: what a variable holds is never replaced
//! again, so a secret may contain `${`. `$${` stands for a plain `${`.

use super::{
    problem::Problem,
    tree::{Node, Table, Value},
};

/// Where replacements come from.
pub(crate) trait World {
    /// The environment variable `name`.
    fn variable(&self, name: &str) -> Option<String>;
    /// The text of the file at `path`.
    fn file(&self, path: &str) -> Result<String, String>;
}

/// Replaces every reference in a tree; each one that is missing is a problem of its own.
pub(crate) fn substitute(table: &mut Table, world: &dyn World, problems: &mut Vec<Problem>) {
    for node in table.values_mut() {
        substitute_node(node, world, problems);
    }
}

fn substitute_node(node: &mut Node, world: &dyn World, problems: &mut Vec<Problem>) {
    match &mut node.value {
        Value::Text(text) | Value::Loose(text) => {
            if !text.contains("${") {
                return;
            }
            match replace(text, world) {
                Ok(replaced) => node.value = Value::Loose(replaced),
                Err(missing) => {
                    problems.extend(missing.into_iter().map(|fault| fault.problem(node)));
                    node.value = Value::Faulty;
                }
            }
        }
        Value::List(items) => {
            for item in items {
                substitute_node(item, world, problems);
            }
        }
        Value::Table(table) => substitute(table, world, problems),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {}
        Value::Moment | Value::Huge | Value::Faulty => {}
    }
}

/// Why a reference cannot be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The variable is not set.
    Missing(String),
    /// The file cannot be read.
    Unreadable { path: String, why: String },
    /// `${` without its `}`.
    Open,
    /// `${…}` holds no name.
    Nameless(String),
}

impl Fault {
    fn problem(self, node: &Node) -> Problem {
        let (what, instead) = match self {
            Fault::Missing(name) => (
                format!("environment variable {name} is not set"),
                format!("the value itself, or start with {name}=… in the environment"),
            ),
            Fault::Unreadable { path, why } => (
                format!("cannot read the file {path}: {why}"),
                "a path that this user can read, or the value itself".to_owned(),
            ),
            Fault::Open => (
                "`${` is not closed".to_owned(),
                "`${NAME}`, `${file:/path}`, or `$${` for a plain `${`".to_owned(),
            ),
            Fault::Nameless(found) => (
                format!("`${{{found}}}` does not name a variable"),
                "letters, digits and _, as in `${META_TOKEN}`, or `${file:/path}`".to_owned(),
            ),
        };
        Problem::at(&node.key, what).write(instead)
    }
}

/// The text with each reference replaced, or everything that is wrong with it.
pub(crate) fn replace(text: &str, world: &dyn World) -> Result<String, Vec<Fault>> {
    let mut out = String::with_capacity(text.len());
    let mut faults = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(plain) = before.strip_suffix('$') {
            out.push_str(plain);
            out.push_str("${");
            rest = &reference[2..];
            continue;
        }
        out.push_str(before);
        let Some(close) = reference.find('}') else {
            faults.push(Fault::Open);
            rest = "";
            break;
        };
        match resolve(&reference[2..close], world) {
            Ok(found) => out.push_str(&found),
            Err(fault) => faults.push(fault),
        }
        rest = &reference[close + 1..];
    }
    out.push_str(rest);
    if faults.is_empty() {
        Ok(out)
    } else {
        Err(faults)
    }
}

fn resolve(reference: &str, world: &dyn World) -> Result<String, Fault> {
    if let Some(path) = reference.strip_prefix("file:") {
        let unreadable = |why| Fault::Unreadable {
            path: path.to_owned(),
            why,
        };
        let text = world.file(path).map_err(unreadable)?;
        // Editors and secret stores end a file with a line feed that is not part of the secret.
        return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
    }
    let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if reference.is_empty() || !reference.chars().all(named) {
        return Err(Fault::Nameless(reference.to_owned()));
    }
    world
        .variable(reference)
        .ok_or_else(|| Fault::Missing(reference.to_owned()))
}

#[cfg(test)]
mod tests;
