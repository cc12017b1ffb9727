//! The layers of the configuration, laid over each other.
//!
//! ```text
//! flags                       strongest
//! CAUCE__SECTION__KEY
//! variables of the requirements (BATCH_SIZE, …)
//! ./cauce.toml or --config
//! config/cauce.toml, built in   weakest
//! ```

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

use super::{
    aliases,
    place::{Place, Source},
    problem::Problem,
    substitute::{World, substitute},
    tree::{self, Node, Table, lay_over, plant},
};

/// The reference file: every setting with its default.
pub(crate) const DEFAULTS: &str = include_str!("../../../../config/cauce.toml");
/// The file that is read when no other is named, if it is there.
const USUAL_FILE: &str = "cauce.toml";
/// What the environment variables of settings begin with.
const PREFIX: &str = "CAUCE__";

/// What the configuration is made of, besides the defaults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    /// The file named by `--config`.
    pub(crate) file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// Flags that stand for a setting: the flag, the setting's path, the value.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

impl Inputs {
    /// The inputs of this process.
    pub(crate) fn of_process(
        file: Option<PathBuf>,
        flags: Vec<(&'static str, &'static str, String)>,
    ) -> Inputs {
        // A variable that is not UTF-8 cannot be a setting, nor stand in one.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Inputs {
            file,
            environment,
            flags,
        }
    }
}

impl World for Inputs {
    fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        fs::read_to_string(path).map_err(|why| why.to_string())
    }
}

/// All layers as one tree, and where the operator's file is, if there is one.
pub(crate) fn read(inputs: &Inputs, problems: &mut Vec<Problem>) -> (Table, Option<PathBuf>) {
    let mut all = parse_file("config/cauce.toml", DEFAULTS, problems);
    let file = operators_file(inputs, problems);
    if let Some((path, text)) = &file {
        let layer = parse_file(&path.display().to_string(), text, problems);
        lay_aliased_over(&mut all, layer);
    }
    lay_over(
        &mut all,
        aliases::of_environment(&inputs.environment, problems),
    );
    lay_aliased_over(&mut all, environment(inputs));
    lay_over(&mut all, flags(inputs));
    aliases::senders::add(&inputs.environment, &mut all);
    substitute(&mut all, inputs, problems);
    (all, file.map(|(path, _)| path))
}

fn parse_file(name: &str, text: &str, problems: &mut Vec<Problem>) -> Table {
    let source = Arc::new(Source::File {
        name: name.to_owned(),
        text: text.to_owned(),
    });
    tree::parse(&source, text, problems)
}

/// What an alias sets is weaker than the setting itself in the same layer.
fn lay_aliased_over(all: &mut Table, mut layer: Table) {
    lay_over(all, aliases::of_layer(&mut layer));
    lay_over(all, layer);
}

fn operators_file(inputs: &Inputs, problems: &mut Vec<Problem>) -> Option<(PathBuf, String)> {
    let path = match &inputs.file {
        Some(path) => path.clone(),
        None => Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists())?,
    };
    match fs::read_to_string(&path) {
        Ok(text) => Some((path, text)),
        Err(why) => {
            let what = format!("cannot read the configuration {}: {why}", path.display());
            problems
                .push(Problem::anywhere(what).write("the path of a readable file after --config"));
            None
        }
    }
}

fn environment(inputs: &Inputs) -> Table {
    let mut layer = Table::new();
    for (name, value) in &inputs.environment {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let path: Vec<_> = path.split("__").map(str::to_ascii_lowercase).collect();
        let source = Arc::new(Source::Variable(name.clone()));
        plant(&mut layer, &path, written(&source, value));
    }
    layer
}

fn flags(inputs: &Inputs) -> Table {
    let mut layer = Table::new();
    for (flag, path, value) in &inputs.flags {
        let path: Vec<_> = path.split('.').map(str::to_owned).collect();
        let source = Arc::new(Source::Flag(flag));
        plant(
            &mut layer,
            &path,
            Node::loose(value.clone(), Place::whole(&source)),
        );
    }
    layer
}

/// A value from outside TOML: a list or a table where it looks like one, else a loose text.
fn written(source: &Arc<Source>, value: &str) -> Node {
    let structured = value.trim_start().starts_with(['[', '{']);
    structured
        .then(|| tree::parse_value(source, value.trim()))
        .flatten()
        .unwrap_or_else(|| Node::loose(value.to_owned(), Place::whole(source)))
}
