//! Links lead somewhere, and nothing names a path of the machine that it was written on.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::Finding;
use crate::shell::output_of;

/// Folders of a machine. Written in two halves, so that this file does not name them either.
const MACHINE: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
];

/// Looks at every text file that is tracked, or would be.
pub(crate) fn check() -> Result<Vec<Finding>> {
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let files = output_of(&mut list)?;
    let mut findings = Vec::new();
    for path in files.lines() {
        // What is not text, or is gone, names nothing.
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        for (number, line) in (1..).zip(text.lines()) {
            let place = format!("{path}:{number}");
            machine_paths(&place, line, &mut findings);
            doc_paths(&place, line, &mut findings);
            if path.ends_with(".md") {
                links(path, &place, line, &mut findings);
            }
        }
    }
    Ok(findings)
}

fn machine_paths(place: &str, line: &str, findings: &mut Vec<Finding>) {
    for machine in MACHINE.iter().filter(|machine| names_folder(line, machine)) {
        findings.push(format!("{place}: names {machine}…, a path of one machine"));
    }
}

/// Whether a path begins with the folder; a web address may well have a part of that name.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '_' | '}' | '/'))
    })
}

/// A page that a comment or a text refers to: `docs/….md`, from the root of the repository.
fn doc_paths(place: &str, line: &str, findings: &mut Vec<Finding>) {
    for (at, _) in line.match_indices("docs/") {
        let end = line[at..].find(|c: char| !c.is_ascii_alphanumeric() && !"/._-".contains(c));
        let path = line[at..].split_at(end.unwrap_or(line.len() - at)).0;
        let preceded = line[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || "/.-".contains(c));
        if path.ends_with(".md") && !preceded && !Path::new(path).exists() {
            findings.push(format!("{place}: there is no {path}"));
        }
    }
}

/// Relative links of Markdown, and the headings that they lead to.
fn links(path: &str, place: &str, line: &str, findings: &mut Vec<Finding>) {
    for part in line.split("](").skip(1) {
        let target = part.split(')').next().unwrap_or_default();
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        if file.contains("://") || file.starts_with("mailto:") {
            continue;
        }
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        let page = match file {
            "" => Path::new(path).to_owned(),
            file => folder.join(file),
        };
        if !page.exists() {
            findings.push(format!("{place}: the link to {file} leads nowhere"));
        } else if !heading.is_empty() && !has_heading(&page, heading) {
            findings.push(format!("{place}: there is no heading for #{heading}"));
        }
    }
}

/// Whether a page has the heading that a link names, as web pages of Markdown name them.
fn has_heading(page: &Path, name: &str) -> bool {
    let is_page = page.extension().is_some_and(|end| end == "md");
    let Ok(text) = fs::read_to_string(page) else {
        return true;
    };
    let headings = text.lines().filter(|line| line.starts_with('#'));
    !is_page || headings.map(anchor).any(|anchor| anchor == name)
}

/// How a link names a heading: in small letters, with dashes for spaces, without signs.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
    anchor.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{MACHINE, anchor, names_folder};

    #[test]
    fn only_paths_from_the_root_are_of_a_machine() {
        let [folder, ..] = MACHINE;
        assert!(names_folder(&format!("see `{folder}x`"), folder));
        assert!(!names_folder(
            &format!("https://example.com{folder}x"),
            folder
        ));
    }

    #[test]
    fn headings_are_named_as_on_web_pages() {
        for (heading, name) in [
            ("## Signing in", "signing-in"),
            ("# `[sessions]`: a word, two", "sessions-a-word-two"),
            ("### Qué envía", "qué-envía"),
        ] {
            assert_eq!(anchor(heading), name);
        }
    }
}
