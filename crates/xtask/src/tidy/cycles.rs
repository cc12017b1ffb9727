//! No module cycles: neighbours name each other in one direction only.
//!
//! Modules are compared level by level. Below one parent, `a` depends on `b` where any file of `a`
//! names `b`; what a child and its parent say of each other is their own affair.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding, is_test,
    source::{Source, paths},
};

/// Who names whom among the children of one module, and the file that does.
type Edges = BTreeMap<String, BTreeMap<String, String>>;

/// Finds a cycle at each level of each crate.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut levels: BTreeMap<(String, Vec<String>), Edges> = BTreeMap::new();
    let modules: BTreeSet<(&str, &[String])> = sources
        .iter()
        .map(|s| (s.krate.as_str(), s.module.as_slice()))
        .collect();
    for source in sources.iter().filter(|source| !is_test(source)) {
        for target in targets(source) {
            if modules
                .iter()
                .any(|(k, m)| *k == source.krate && m.starts_with(&target))
            {
                note(&mut levels, source, &target);
            }
        }
    }
    levels
        .iter()
        .filter_map(|((krate, parent), edges)| describe(krate, parent, edges))
        .collect()
}

/// The module paths that a file names, from the root of its crate: as deep as they are modules or
/// not, which the caller sorts out.
fn targets(source: &Source) -> Vec<Vec<String>> {
    let mut targets = Vec::new();
    for path in paths(&source.code, &["crate", "super", "self"]) {
        let Some(absolute) = resolve(&source.module, &path) else {
            continue;
        };
        targets.extend((1..=absolute.len()).map(|depth| absolute[..depth].to_vec()));
    }
    targets
}

fn resolve(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let mut at = match path.first()?.as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    for part in path {
        match part.as_str() {
            "crate" | "self" => {}
            "super" => {
                at.pop()?;
            }
            name => at.push(name.to_owned()),
        }
    }
    Some(at)
}

/// Notes the edge at the level where the two part.
fn note(levels: &mut BTreeMap<(String, Vec<String>), Edges>, source: &Source, target: &[String]) {
    let common = source
        .module
        .iter()
        .zip(target)
        .take_while(|(a, b)| a == b)
        .count();
    let (Some(from), Some(to)) = (source.module.get(common), target.get(common)) else {
        return;
    };
    // Only where the target ends is it known to be the module that is named.
    if target.len() != common + 1 {
        return;
    }
    let level = (source.krate.clone(), source.module[..common].to_vec());
    let edges = levels
        .entry(level)
        .or_default()
        .entry(from.clone())
        .or_default();
    edges
        .entry(to.clone())
        .or_insert_with(|| source.path.clone());
}

fn describe(krate: &str, parent: &[String], edges: &Edges) -> Option<Finding> {
    let cycle = find_cycle(edges)?;
    let steps: Vec<String> = cycle
        .windows(2)
        .map(|pair| {
            format!(
                "{} -> {} (in {})",
                pair[0], pair[1], edges[&pair[0]][&pair[1]]
            )
        })
        .collect();
    let place = [&[krate.to_owned()], parent].concat().join("::");
    Some(format!("{place}: {}", steps.join(", ")))
}

/// The modules of one cycle, its first one again at the end.
fn find_cycle(edges: &Edges) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    edges
        .keys()
        .find_map(|start| walk(start, edges, &mut Vec::new(), &mut done))
}

fn walk(
    at: &str,
    edges: &Edges,
    trail: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(first) = trail.iter().position(|seen| seen == at) {
        return Some([&trail[first..], &[at.to_owned()]].concat());
    }
    if done.contains(at) {
        return None;
    }
    trail.push(at.to_owned());
    let next = edges.get(at).into_iter().flat_map(BTreeMap::keys);
    let found = next
        .filter(|to| *to != at)
        .find_map(|to| walk(to, edges, trail, done));
    trail.pop();
    done.insert(at.to_owned());
    found
}

#[cfg(test)]
mod tests {
    use super::{Source, check};

    fn source(module: &str, code: &str) -> Source {
        Source {
            krate: "k".to_owned(),
            path: format!("crates/k/src/{module}.rs"),
            module: module.split("::").map(str::to_owned).collect(),
            code: code.to_owned(),
            lines: 1,
        }
    }

    #[test]
    fn two_modules_that_name_each_other_are_found() {
        let findings = check(&[
            source("a", "use crate::b::B;"),
            source("b::inner", "use super::super::a::A;"),
            source("b", "mod inner;"),
        ]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("a -> b"), "{findings:?}");
    }

    #[test]
    fn parents_and_children_may_name_each_other() {
        let sources = [
            source("a", "use self::b::B; use crate::c::C;"),
            source("a::b", "use super::A;"),
            source("c", ""),
        ];
        assert!(check(&sources).is_empty());
    }

    #[test]
    fn cycles_below_the_top_are_found() {
        let sources = [
            source("a::x", "use crate::a::y::Y;"),
            source("a::y", "use super::z::Z;"),
            source("a::z", "crate::a::x::f()"),
        ];
        assert_eq!(check(&sources).len(), 1);
    }
}
