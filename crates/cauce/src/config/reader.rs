//! Reads settings out of the tree, and collects every mistake on the way.
//!
//! A [`Section`] remembers which names it was asked for. Whatever else stands in it when it is
//! finished is unknown, and the nearest of the asked names is what was probably meant. So the
//! known names are written down once: where they are read.

use std::cell::RefCell;

use super::{
    place::Place,
    problem::Problem,
    tree::{Node, Table, Value},
};

/// A value that is not what its setting takes.
pub(crate) struct Wrong {
    /// Follows the setting's name: `is not a time`.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) write: String,
}

impl Wrong {
    /// A value that is `what`, where `write` would be right.
    pub(crate) fn new(what: impl Into<String>, write: impl Into<String>) -> Wrong {
        Wrong {
            what: what.into(),
            write: write.into(),
        }
    }
}

/// Where the mistakes of one reading are collected.
#[derive(Default)]
pub(crate) struct Collected(RefCell<Vec<Problem>>);

impl Collected {
    /// Notes a mistake.
    pub(crate) fn push(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// Everything that was noted.
    pub(crate) fn into_inner(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A table of settings that is being read. Every getter answers None after it noted a mistake.
pub(crate) struct Section<'a> {
    path: String,
    table: &'a Table,
    place: Option<&'a Place>,
    asked: RefCell<Vec<String>>,
    refused: RefCell<Vec<String>>,
    problems: &'a Collected,
}

impl<'a> Section<'a> {
    /// The whole configuration.
    pub(crate) fn root(table: &'a Table, problems: &'a Collected) -> Section<'a> {
        Section {
            path: String::new(),
            table,
            place: None,
            asked: RefCell::default(),
            refused: RefCell::default(),
            problems,
        }
    }

    /// The full name of one of its settings.
    pub(crate) fn name_of(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// A setting that has to be there.
    pub(crate) fn need<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        if self.table.contains_key(name) {
            return self.find(name, read);
        }
        self.asked.borrow_mut().push(name.to_owned());
        let missing = format!("`{}` is missing", self.name_of(name));
        let problem = match self.place {
            Some(place) => Problem::at(place, missing),
            None => Problem::anywhere(missing),
        };
        self.problems
            .push(problem.write(format!("`{name} = …` in this section")));
        None
    }

    /// A setting that may be left out.
    pub(crate) fn find<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Node) -> Result<T, Wrong>,
    ) -> Option<T> {
        let node = self.node(name)?;
        match read(node) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.wrong(name, node, wrong);
                None
            }
        }
    }

    /// The value as it was written. It is read elsewhere, or not at all.
    pub(crate) fn node(&self, name: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(name.to_owned());
        self.table
            .get(name)
            .filter(|node| !matches!(node.value, Value::Faulty))
    }

    /// A table within this one.
    pub(crate) fn section(&self, name: &str) -> Option<Section<'a>> {
        let node = self.node(name)?;
        let inner = self.enter(self.name_of(name), node);
        if inner.is_none() {
            let wrong = Wrong::new(
                format!("is {}, not a section", node.value.kind()),
                format!("`[{}]` and its settings below", self.name_of(name)),
            );
            self.wrong(name, node, wrong);
        }
        inner
    }

    /// The tables of a list: `[[accounts]]`.
    pub(crate) fn sections(&self, name: &str) -> Vec<Section<'a>> {
        let Some(node) = self.node(name) else {
            return Vec::new();
        };
        let tables = match &node.value {
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.enter(format!("{}[{index}]", self.name_of(name)), item))
                .collect(),
            _ => None,
        };
        tables.unwrap_or_else(|| {
            let write = format!("`[[{name}]]` before each of them");
            self.wrong(name, node, Wrong::new("is not a list of sections", write));
            Vec::new()
        })
    }

    /// Every name that stands here.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a String> + use<'a> {
        self.table.keys()
    }

    fn enter(&self, path: String, node: &'a Node) -> Option<Section<'a>> {
        let Value::Table(table) = &node.value else {
            return None;
        };
        Some(Section {
            path,
            table,
            place: Some(if node.key.is_empty() {
                &node.place
            } else {
                &node.key
            }),
            asked: RefCell::default(),
            refused: RefCell::default(),
            problems: self.problems,
        })
    }

    /// Notes that a setting's value is wrong.
    pub(crate) fn wrong(&self, name: &str, node: &Node, wrong: Wrong) {
        let what = format!("`{}` {}", self.name_of(name), wrong.what);
        self.problems
            .push(Problem::at(&node.place, what).write(wrong.write));
    }

    /// Notes a mistake at one of its settings (`batch.max_items` reaches into a table below), or
    /// at the section where the setting is not written.
    pub(crate) fn fault(&self, path: &str, what: impl Into<String>, write: impl Into<String>) {
        let problem = match find_place(self.table, path).or(self.place) {
            Some(place) => Problem::at(place, what),
            None => Problem::anywhere(what),
        };
        self.problems.push(problem.write(write));
    }

    /// Refuses a setting that this version does not have, although the name is right.
    pub(crate) fn unavailable(&self, name: &str, what: &str) {
        self.refused.borrow_mut().push(name.to_owned());
        let Some(node) = self.table.get(name) else {
            return;
        };
        let what = format!(
            "`{}` is not available in this version: {what}",
            self.name_of(name)
        );
        self.problems
            .push(Problem::at(&node.key, what).write("nothing: leave it out"));
    }

    /// A name that one may look for here, and what to write elsewhere.
    pub(crate) fn elsewhere(&self, name: &str, write: &str) {
        self.refused.borrow_mut().push(name.to_owned());
        if let Some(node) = self.table.get(name) {
            let what = format!("unknown setting `{}`", self.name_of(name));
            self.problems
                .push(Problem::at(&node.key, what).write(write));
        }
    }

    /// Notes every name that was never asked for.
    pub(crate) fn finish(self) {
        let (asked, refused) = (self.asked.borrow(), self.refused.borrow());
        let known = |name: &String| asked.contains(name) || refused.contains(name);
        for (name, node) in self.table.iter().filter(|(name, _)| !known(name)) {
            let what = format!("unknown setting `{}`", self.name_of(name));
            let problem = Problem::at(&node.key, what).write(meant(name, &asked));
            self.problems.push(problem);
        }
    }
}

fn find_place<'a>(table: &'a Table, path: &str) -> Option<&'a Place> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let node = table.get(first)?;
    match &node.value {
        Value::Table(inner) if !rest.is_empty() => find_place(inner, rest).or(Some(&node.place)),
        _ => Some(&node.place),
    }
}

/// What was probably meant by an unknown name, or all that is known where nothing is near.
pub(crate) fn meant(name: &str, known: &[String]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.chars().count().max(3) / 2)
        .min();
    match near {
        Some((_, known)) => format!("`{known}`"),
        None => {
            let mut known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            known.sort();
            known.dedup();
            format!("one of {}", known.join(", "))
        }
    }
}
