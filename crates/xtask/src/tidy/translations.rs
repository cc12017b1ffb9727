//! Every guide and every concept, and the README, exist in Spanish too: as many headings, the same
//! code, and a link from each to the other. So a page that changes in one language is not forgotten
//! in the other.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::Finding;

const ENGLISH: &str = "docs";
const SPANISH: &str = "docs/es";
/// What opens a block that is no code.
const DIAGRAM: &str = "```text";
const FOLDERS: [&str; 2] = ["guides", "concepts"];

/// A page and its other language.
struct Pair {
    english: String,
    spanish: String,
}

/// Finds pages without a translation, translations without a page, and pairs that have drifted apart.
pub(crate) fn check() -> Result<Vec<Finding>> {
    let mut pairs = vec![Pair {
        english: "README.md".to_owned(),
        spanish: "README.es.md".to_owned(),
    }];
    let mut findings = Vec::new();
    for folder in FOLDERS {
        let (english, spanish) = (format!("{ENGLISH}/{folder}"), format!("{SPANISH}/{folder}"));
        for name in pages(&english)? {
            pairs.push(Pair {
                english: format!("{english}/{name}"),
                spanish: format!("{spanish}/{name}"),
            });
        }
        for name in pages(&spanish)? {
            if !Path::new(&english).join(&name).is_file() {
                findings.push(format!("{spanish}/{name}: there is no {english}/{name}"));
            }
        }
    }
    for pair in &pairs {
        findings.extend(compare(pair)?);
    }
    Ok(findings)
}

/// The pages of a folder; none where there is no such folder.
fn pages(folder: &str) -> Result<Vec<String>> {
    if !Path::new(folder).is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {folder}"))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    Ok(names)
}

fn compare(pair: &Pair) -> Result<Vec<Finding>> {
    let Pair { english, spanish } = pair;
    if !Path::new(spanish).is_file() {
        return Ok(vec![format!(
            "{english}: there is no {spanish}; hint: translate it"
        )]);
    }
    let read = |path: &str| fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
    let (ours, theirs) = (Page::of(&read(english)?), Page::of(&read(spanish)?));
    let mut findings = ours.apart(&theirs, spanish);
    for (page, other) in [(english, spanish), (spanish, english)] {
        let link = format!("]({})", relative(page, other));
        if !read(page)?.contains(&link) {
            findings.push(format!("{page}: no link {link} to its other language"));
        }
    }
    Ok(findings)
}

/// How a page of the repository is linked to from another.
fn relative(from: &str, to: &str) -> String {
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let folders = from.len() - 1;
    let shared = (0..folders.min(to.len() - 1))
        .take_while(|&at| from[at] == to[at])
        .count();
    format!(
        "{}{}",
        "../".repeat(folders - shared),
        to[shared..].join("/")
    )
}

/// What does not depend on the language.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    /// The levels of its headings.
    headings: Vec<usize>,
    /// Its blocks of code, without their comments, which are translated; of drawings, the height.
    code: Vec<String>,
    /// How many lines each of its tables has.
    tables: Vec<usize>,
}

impl Page {
    fn of(text: &str) -> Page {
        let mut page = Page {
            headings: Vec::new(),
            code: Vec::new(),
            tables: Vec::new(),
        };
        let mut block: Option<String> = None;
        let (mut diagram, mut in_table) = (false, false);
        for line in text.lines() {
            let was_in_table = std::mem::replace(&mut in_table, line.starts_with('|'));
            match &mut block {
                Some(_) if line.starts_with("```") => page.code.extend(block.take()),
                Some(code) if diagram => code.push('\n'),
                Some(code) => code.push_str(&without_comment(line)),
                None if line.starts_with("```") => {
                    diagram = line == DIAGRAM;
                    block = Some(String::new());
                }
                None if line.starts_with('#') => {
                    page.headings
                        .push(line.chars().take_while(|c| *c == '#').count());
                }
                None if in_table && !was_in_table => page.tables.push(1),
                None if in_table => {
                    if let Some(lines) = page.tables.last_mut() {
                        *lines += 1;
                    }
                }
                None => {}
            }
        }
        page
    }

    /// How a translation differs.
    fn apart(&self, translation: &Page, path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.headings != translation.headings {
            let (ours, theirs) = (&self.headings, &translation.headings);
            findings.push(format!(
                "{path}: headings of the levels {theirs:?}, in English {ours:?}"
            ));
        }
        if self.tables != translation.tables {
            let (ours, theirs) = (&self.tables, &translation.tables);
            findings.push(format!(
                "{path}: tables of {theirs:?} lines, in English {ours:?}"
            ));
        }
        if self.code.len() != translation.code.len() {
            let (ours, theirs) = (self.code.len(), translation.code.len());
            findings.push(format!(
                "{path}: {theirs} blocks of code, in English {ours}"
            ));
        }
        let pairs = self.code.iter().zip(&translation.code);
        for (number, _) in (1..)
            .zip(pairs)
            .filter(|(_, (ours, theirs))| ours != theirs)
        {
            findings.push(format!(
                "{path}: block of code {number} is not that in English"
            ));
        }
        findings
    }
}

/// A line of code as it is compared: what stands behind a comment sign is for people, and so may be
/// in their language.
fn without_comment(line: &str) -> String {
    let signs = ["# ", "// ", "-- "];
    let begins = |sign: &&str| line.trim_start().starts_with(*sign);
    if signs.iter().any(begins) {
        return "\n".to_owned();
    }
    let end = signs
        .iter()
        .filter_map(|sign| line.find(&format!(" {sign}")))
        .min();
    let code = &line[..end.unwrap_or(line.len())];
    format!("{}\n", code.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{Page, relative};

    #[test]
    fn pages_link_to_each_other_by_relative_paths() {
        for (from, to, link) in [
            ("README.md", "README.es.md", "README.es.md"),
            ("a/b/c.md", "a/es/b/c.md", "../es/b/c.md"),
            ("a/es/b/c.md", "a/b/c.md", "../../b/c.md"),
        ] {
            assert_eq!(relative(from, to), link, "{from}");
        }
    }

    const PAGE: &str = "# A\n\n## B\n\n```sh\n# first\ncauce serve   # runs\n```\n\n|a|\n|--|\n";

    #[test]
    fn words_may_differ_and_comments_in_code() {
        let spanish = "# Á\n\n## Bé\n\n```sh\n# primero\ncauce serve  # corre\n```\n\n|á|\n|--|\n";
        assert_eq!(Page::of(PAGE), Page::of(spanish));
    }

    #[test]
    fn headings_code_and_tables_may_not() {
        for (from, to) in [
            ("## B", "### B"),
            ("## B", "B"),
            ("cauce serve", "cauce sirve"),
            ("```\n", ""),
            ("|a|", "a"),
            ("|--|", "|--|\n|b|"),
            ("|--|", "|--|\n\n|b|"),
        ] {
            let other = Page::of(&PAGE.replacen(from, to, 1));
            let found = Page::of(PAGE).apart(&other, "a.md");
            assert!(!found.is_empty(), "{from} -> {to}");
        }
    }
}
