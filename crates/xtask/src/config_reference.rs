//! `cargo xtask config-reference`: the page that lists every setting, from `config/cauce.toml`.
//!
//! The reference file is the one place where settings are described. Its shape is fixed, and this
//! is its reader: a comment describes the setting below it; a setting without a default is
//! commented out, and so are samples of what there may be several of, each under its heading; the
//! sample accounts stand at the end.

use std::{fmt::Write, fs};

use anyhow::{Context, Result};

use crate::shell::generated;

const SOURCE: &str = "config/cauce.toml";
const TARGET: &str = "docs/reference/configuration.md";

/// Writes the page, or compares it.
pub(crate) fn run(check: bool) -> Result<()> {
    let source = fs::read_to_string(SOURCE).with_context(|| format!("cannot read {SOURCE}"))?;
    generated(TARGET, &page(&source), check, "config-reference")
}

/// The page for a reference file.
fn page(source: &str) -> String {
    let (settings, accounts) = source
        .split_once("# Where events go:")
        .unwrap_or((source, ""));
    let (intro, settings) = settings.split_once("\n\n").unwrap_or(("", settings));
    let mut page = String::from("# Configuration\n\n");
    page += "<!-- Generated from config/cauce.toml by `cargo xtask config-reference`. -->\n\n";
    page += &format!("{}\n\n## General\n", prose(intro));
    let mut rows = Rows::default();
    for line in settings.lines() {
        rows.take(line, &mut page);
    }
    rows.close(&mut page);
    page += "\n## `[[accounts]]` and `[[tracking.conversions]]`\n\nWhere events go:";
    page += &accounts_section(accounts);
    page
}

/// Comment lines as text.
fn prose(comment: &str) -> String {
    let lines = comment
        .lines()
        .map(|line| line.trim_start_matches('#').trim());
    lines.collect::<Vec<_>>().join("\n")
}

/// The rows of one section while they are read.
#[derive(Default)]
struct Rows {
    meaning: Vec<String>,
    open: bool,
    /// The list whose samples are being read, with what they say of each setting.
    samples: Option<Samples>,
}

/// Samples of what there may be several of.
struct Samples {
    name: String,
    /// Settings in their order, each with its first value and what is said of it.
    settings: Vec<(String, String, String)>,
}

impl Rows {
    fn take(&mut self, line: &str, page: &mut String) {
        let line = line.trim();
        if let Some(list) = sample_of(line) {
            self.sample(list, page);
        } else if let Some(section) = line.strip_prefix('[') {
            self.close(page);
            let name = section.trim_end_matches(']');
            let _ = writeln!(page, "\n## `[{name}]`");
            // What stands above a heading is about the section.
            if !self.meaning.is_empty() {
                let _ = writeln!(page, "\n{}", self.meaning.join(" "));
                self.meaning.clear();
            }
        } else if let Some((name, default)) = setting(line) {
            self.row(name, &format!("`{}`", default.replace('|', "\\|")), page);
        } else if let Some(comment) = line.strip_prefix('#') {
            match setting(comment.trim()) {
                Some((name, sample)) => {
                    let sample = sample.replace('|', "\\|");
                    let shown = match self.samples {
                        Some(_) => format!("`{sample}`"),
                        None => format!("none; `{sample}`, say"),
                    };
                    self.row(name, &shown, page);
                }
                None => self.meaning.push(comment.trim().to_owned()),
            }
        }
    }

    fn row(&mut self, name: &str, default: &str, page: &mut String) {
        let meaning = self.meaning.join(" ").replace('|', "\\|");
        self.meaning.clear();
        if let Some(samples) = &mut self.samples {
            return samples.take(name, default, meaning);
        }
        if !self.open {
            page.push_str("\n| setting | default | meaning |\n|---|---|---|\n");
            self.open = true;
        }
        let meaning = match meaning.is_empty() {
            true => "as for `meta`".to_owned(),
            false => meaning,
        };
        let _ = writeln!(page, "| `{name}` | {default} | {meaning} |");
    }

    /// Another sample of a list begins; its heading comes with the first one.
    fn sample(&mut self, list: &str, page: &mut String) {
        if self
            .samples
            .as_ref()
            .is_some_and(|known| known.name == list)
        {
            return;
        }
        self.close(page);
        let _ = writeln!(page, "\n## `[[{list}]]`\n\n{}", self.meaning.join(" "));
        self.meaning.clear();
        self.samples = Some(Samples {
            name: list.to_owned(),
            settings: Vec::new(),
        });
    }

    /// A section ends.
    fn close(&mut self, page: &mut String) {
        self.open = false;
        if let Some(samples) = self.samples.take() {
            page.push_str("\n| setting | sample | meaning |\n|---|---|---|\n");
            for (name, value, meaning) in samples.settings {
                let _ = writeln!(page, "| `{name}` | {value} | {meaning} |");
            }
        }
    }
}

impl Samples {
    /// A setting of a sample: a later one adds nothing but settings that are new.
    fn take(&mut self, name: &str, value: &str, meaning: String) {
        if self.settings.iter().all(|(known, ..)| known != name) {
            self.settings
                .push((name.to_owned(), value.to_owned(), meaning));
        }
    }
}

/// The list that a commented heading begins a sample of.
fn sample_of(line: &str) -> Option<&str> {
    let heading = line.strip_prefix('#')?.trim();
    heading.strip_prefix("[[")?.strip_suffix("]]")
}

/// `name = value`, and not a sentence with an equals sign in it.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(" = ")?;
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!name.is_empty() && name.chars().all(named)).then_some((name, value))
}

/// The sample accounts, one block of TOML.
fn accounts_section(comment: &str) -> String {
    let mut text = String::new();
    let mut lines = comment.lines();
    let _ = writeln!(text, "{}\n\n```toml", lines.next().unwrap_or_default());
    for line in lines {
        let _ = writeln!(text, "{}", line.trim_start_matches('#').trim());
    }
    text + "```\n"
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn the_committed_page_is_current() {
        let source = include_str!("../../../config/cauce.toml");
        let committed = include_str!("../../../docs/reference/configuration.md");
        assert!(
            page(source) == committed,
            "hint: cargo xtask config-reference"
        );
    }

    #[test]
    fn every_row_has_a_meaning_once() {
        let page =
            page("# intro\n\n# What it is.\na = 1\n# What else.\n# b = 2\n[s]\n# Why.\nc = 3\n");
        assert!(page.contains("| `a` | `1` | What it is. |"), "{page}");
        assert!(
            page.contains("| `b` | none; `2`, say | What else. |"),
            "{page}"
        );
        assert!(page.contains("## `[s]`"), "{page}");
        assert!(page.contains("| `c` | `3` | Why. |"), "{page}");
    }

    #[test]
    fn samples_of_a_list_are_a_section_of_their_own() {
        let source = "# intro\n\n[s]\n# Why.\nc = 3\n\n# As many as wanted.\n# [[s.all]]\n# a = 1\n\
                      # What.\n# b = 2\n# [[s.all]]\n# a = 3\n# d = 4\n\n# More.\n[t]\n# How.\ne = 5\n";
        let page = page(source);
        let list = "## `[[s.all]]`\n\nAs many as wanted.\n\n\
                    | setting | sample | meaning |\n|---|---|---|\n\
                    | `a` | `1` |  |\n| `b` | `2` | What. |\n| `d` | `4` |  |\n\n\
                    ## `[t]`\n\nMore.\n";
        assert!(page.contains(list), "{page}");
        assert!(page.contains("| `e` | `5` | How. |"), "{page}");
    }
}
